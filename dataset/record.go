package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// These bound a record. Without them, a quote that is never closed and a file without line ends
// would be drawn into memory as a whole. Exports of some ten thousand counters, with names of a
// hundred bytes, are within them.
const (
	maxRecord = 4 << 20 // bytes
	maxFields = 1 << 16
)

var (
	errOpenQuote  = errors.New("a quoted field is never closed")
	errAfterQuote = errors.New("text follows a closing quote")
	errLongRecord = fmt.Errorf("the line is longer than %d MiB: this is no table with a line for each row", maxRecord>>20)
	errManyFields = fmt.Errorf("more than %d fields: this is no table with a line for each row, or the delimiter is another; give it in Comma", maxFields)
	errUnfinished = errors.New("live text ends within a record") // never returned to a caller
)

// recordReader splits CSV text into records. Its fields are valid until the next call only:
// to copy each cell to a string would take longer than to parse it.
type recordReader struct {
	src    *bufio.Reader
	comma  byte
	units  bool     // stand behind numbers as fields of their own
	line   int      // lines read so far
	start  int      // line on which the current record began
	blank  int      // blank lines skipped so far
	fields [][]byte // of the current record

	live  bool   // more may follow the end: a line without its line end is not complete
	long  []byte // buffer for a line longer than src's, or the beginning of one
	held  int    // bytes of long that begin a line whose end has not come yet
	raw   []byte // lines of a record with quotes, of live text
	again []byte // lines that are read again: their record was not complete
	text  []byte // unquoted fields of a record with quotes, joined
	ends  []int  // end of each field in text
}

func newRecordReader(r io.Reader, comma byte, units bool) *recordReader {
	return &recordReader{src: bufio.NewReaderSize(r, 64<<10), comma: comma, units: units}
}

// next reads the next record that is not blank into fields. It returns io.EOF at the end.
func (r *recordReader) next() error {
	for {
		line, err := r.readLine()
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(line)) == 0 && r.comma != '\t' || len(line) == 0 {
			r.blank++
			continue
		}
		r.start = r.line
		if r.comma == ' ' {
			line = bytes.Join(bytes.Fields(line), []byte(" ")) // columns padded to one width
		}
		if bytes.IndexByte(line, '"') >= 0 {
			r.raw = r.raw[:0]
			r.keep(line)
			if err := r.splitQuoted(line); err != errUnfinished {
				return err
			}
			r.raw, r.again, r.line = r.again[:0], r.raw, r.start-1
			return io.EOF
		}
		err = r.split(line)
		if r.units {
			r.joinUnits()
		}
		return err
	}
}

// skip reads past line n, whatever the lines hold.
func (r *recordReader) skip(n int) error {
	for r.line < n {
		if _, err := r.readLine(); err != nil {
			return err
		}
	}
	return nil
}

// keep keeps a line of a record of live text, which is read again if the record turns out not
// to be complete.
func (r *recordReader) keep(line []byte) {
	if r.live {
		r.raw = append(append(r.raw, line...), '\n')
	}
}

// readLine returns the next line without its line end. The bytes are valid until the next
// call. At the end it returns io.EOF; of live text it may be called again.
func (r *recordReader) readLine() ([]byte, error) {
	if i := bytes.IndexByte(r.again, '\n'); i >= 0 {
		line := r.again[:i]
		r.again = r.again[i+1:]
		r.line++
		return line, nil
	}
	line, err := r.src.ReadSlice('\n')
	if r.held > 0 || err == bufio.ErrBufferFull || err == io.EOF && r.live {
		line, err = r.longLine(line, err)
	}
	if err != nil && (err != io.EOF || len(line) == 0) {
		return nil, err
	}
	r.line++
	return plainLine(line), nil
}

// plainLine returns a line without its line end, of which some programs write CR CR LF, and
// without the byte-order mark of a file that was appended to another.
func plainLine(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	for n := len(line); n > 0 && line[n-1] == '\r'; n-- {
		line = line[:n-1]
	}
	if len(line) > 0 && line[0] == '\xef' {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	return line
}

// longLine returns the line that begins with the bytes held, if there are some, and goes on
// with part. The end of live text may come within it: what has come of it is then held.
func (r *recordReader) longLine(part []byte, err error) ([]byte, error) {
	r.long = append(r.long[:r.held], part...)
	for err == bufio.ErrBufferFull && len(r.long) <= maxRecord {
		part, err = r.src.ReadSlice('\n')
		r.long = append(r.long, part...)
	}
	if r.held = 0; len(r.long) > maxRecord {
		return nil, errLongRecord
	}
	if r.live && err == io.EOF {
		r.held = len(r.long)
		return nil, err
	}
	return r.long, err
}

// split splits a line without quotes into fields.
func (r *recordReader) split(line []byte) error {
	if len(line) >= maxFields && bytes.Count(line, []byte{r.comma}) >= maxFields {
		return errManyFields
	}
	r.fields = r.fields[:0]
	for {
		i := bytes.IndexByte(line, r.comma)
		if i < 0 {
			r.fields = append(r.fields, r.trim(line))
			return nil
		}
		r.fields = append(r.fields, r.trim(line[:i]))
		line = line[i+1:]
	}
}

// splitQuoted splits a record with quotes into fields. It reads further lines where a quoted
// field contains a line end. A quote within an unquoted field is an ordinary character.
func (r *recordReader) splitQuoted(line []byte) error {
	r.text, r.ends = r.text[:0], r.ends[:0]
	for more := true; more; {
		var err error
		line = r.trimLeft(line)
		if len(line) > 1 && line[0] == '=' && line[1] == '"' {
			line = line[1:] // as withoutFormula
		}
		if len(line) > 0 && line[0] == '"' {
			line, err = r.quoted(line[1:])
			if err != nil {
				return err
			}
			line = r.trimLeft(line)
			if len(line) > 0 && line[0] != r.comma {
				return errAfterQuote
			}
		}
		i := bytes.IndexByte(line, r.comma)
		if more = i >= 0; !more {
			i = len(line)
		}
		r.text = append(r.text, line[:i]...)
		if r.ends = append(r.ends, len(r.text)); len(r.ends) > maxFields {
			return errManyFields
		}
		if more {
			line = line[i+1:]
		}
	}
	r.fields = r.fields[:0]
	from := 0
	for _, to := range r.ends {
		r.fields = append(r.fields, r.trim(withoutFormula(r.trim(r.text[from:to]))))
		from = to
	}
	return nil
}

// withoutFormula returns 12.5 of ="12.5", which keeps a spreadsheet from changing the value.
func withoutFormula(field []byte) []byte {
	if n := len(field); n > 2 && field[0] == '=' && field[1] == '"' && field[n-1] == '"' {
		return field[2 : n-1]
	}
	return field
}

// quoted appends a quoted field to text and returns what follows its closing quote. The line
// begins after the opening quote.
func (r *recordReader) quoted(line []byte) ([]byte, error) {
	for {
		i := bytes.IndexByte(line, '"')
		switch {
		case i < 0:
			r.text = append(append(r.text, line...), '\n')
			if len(r.text) > maxRecord {
				return nil, errOpenQuote
			}
			var err error
			line, err = r.readLine()
			switch {
			case err == io.EOF && r.live:
				return nil, errUnfinished
			case err == io.EOF:
				return nil, errOpenQuote
			case err != nil:
				return nil, err
			}
			r.keep(line)
		case i+1 < len(line) && line[i+1] == '"':
			r.text = append(r.text, line[:i+1]...)
			line = line[i+2:]
		default:
			r.text = append(r.text, line[:i]...)
			return line[i+1:], nil
		}
	}
}

// trim removes blanks around a field, such as the tab of a "; tab" separator. Most fields have
// none.
func (r *recordReader) trim(b []byte) []byte {
	if n := len(b); n > 0 && isVisible(b[0]) && isVisible(b[n-1]) {
		return b
	}
	return r.trimBlanks(b)
}

// isVisible reports whether a byte is no blank and no part of one.
func isVisible(c byte) bool { return c > ' ' && c < 0x80 }

func (r *recordReader) trimBlanks(b []byte) []byte {
	b = r.trimLeft(b)
	for len(b) > 0 && r.padding(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	if n := len(b); n > 0 && (b[0] >= 0x80 || b[n-1] >= 0x80) {
		return trimWide(b)
	}
	return b
}

// trimWide removes blanks around a field that begins or ends with a character beyond ASCII.
func trimWide(b []byte) []byte {
	for n := blankBefore(b); n > 0 && b[0] != oldBlank[0]; n = blankBefore(b) {
		b = b[n:]
	}
	for n := blankAfter(b); n > 0; n = blankAfter(b) {
		b = b[:len(b)-n]
	}
	return b
}

func (r *recordReader) trimLeft(b []byte) []byte {
	for len(b) > 0 && r.padding(b[0]) {
		b = b[1:]
	}
	return b
}

func (r *recordReader) padding(c byte) bool {
	return (c == ' ' || c == '\t') && c != r.comma
}

// strings returns a copy of fields.
func (r *recordReader) strings() []string {
	all := string(bytes.Join(r.fields, nil))
	out := make([]string, len(r.fields))
	for i, f := range r.fields {
		out[i], all = all[:len(f)], all[len(f):]
	}
	return out
}

// recordError returns an error of the record reader as a *CSVError.
func recordError(r *recordReader, err error) error {
	switch err {
	case errOpenQuote, errAfterQuote:
		return &CSVError{Line: r.start, Kind: ErrQuote, Problem: err.Error()}
	case errManyFields:
		return &CSVError{Line: r.start, Kind: ErrFormat, Problem: err.Error()}
	case errLongRecord:
		return &CSVError{Line: r.line + 1, Kind: ErrFormat, Problem: err.Error()}
	}
	return &CSVError{Line: r.line + 1, Problem: "reading failed", Cause: err}
}
