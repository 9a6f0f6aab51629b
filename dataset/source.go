package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

const (
	sampleSize    = 256 << 10 // bytes that determine the layout of a file
	maxSampleSize = 8 << 20   // the same where lines are very long
	sampleLines   = 16        // lines that make a sample long enough
)

// source is text in UTF-8. Its beginning, the sample, can be looked at before it is read.
type source struct {
	sample []byte
	whole  bool // the sample is the whole text, or all that has come of live text
	live   bool // more may follow the end
	units  bool // blanks separate the fields, and units from their numbers
	rest   io.Reader
	failed error // error of the reader after the sample, or nil
}

// reader returns a reader of the whole text. Call it once. It reads on after the end of live
// text, which an io.MultiReader does not.
func (s *source) reader() io.Reader { return &joinedReader{s.sample, s.rest} }

type joinedReader struct {
	text []byte
	rest io.Reader
}

func (j *joinedReader) Read(p []byte) (int, error) {
	if len(j.text) == 0 {
		return j.rest.Read(p)
	}
	n := copy(p, j.text)
	j.text = j.text[n:]
	return n, nil
}

// openText decompresses gzip, decodes UTF-16, drops a byte-order mark and takes the sample.
func openText(r io.Reader, live bool) (*source, error) {
	br, err := unzipped(r)
	if err != nil {
		return nil, &CSVError{Kind: ErrFormat, Problem: "damaged gzip", Cause: err}
	}
	head, _ := br.Peek(6)
	if isUTF32(head) {
		return nil, formatError("the text is in UTF-32; save the file in UTF-8")
	}
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return nil, formatError("the content is " + m.what + "; give plain or gzip'd CSV")
		}
	}
	s, err := takeSample(decoded(br, head, live), live)
	if err != nil {
		return nil, err
	}
	return s, s.check()
}

// unzipped returns a reader of the text in r, which may be compressed with gzip.
func unzipped(r io.Reader) (*bufio.Reader, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	if head, _ := br.Peek(2); !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return br, nil
	}
	zr, err := gzip.NewReader(br)
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(zr, 64<<10), nil
}

// isUTF32 reports whether a text begins with the byte-order mark of UTF-32.
func isUTF32(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")) || bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff"))
}

// magics are the first bytes of files that users give by mistake.
var magics = []struct{ magic, what string }{
	{"PK\x03\x04", "a zip archive or a spreadsheet"},
	{"\xd0\xcf\x11\xe0", "an old spreadsheet"},
	{"\x1f\x8b", "compressed twice"},
	{"BZh", "compressed with bzip2"},
	{"\xfd7zXZ\x00", "compressed with xz"},
	{"\x28\xb5\x2f\xfd", "compressed with zstd"},
	{"PAR1", "a Parquet file"},
}

// decoded returns r's text as UTF-8 without a byte-order mark. UTF-16 shows by its mark, or
// by a zero byte beside the first character.
func decoded(r *bufio.Reader, head []byte, live bool) io.Reader {
	order, utf16 := unicode.LittleEndian, false
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = r.Discard(3) // cannot fail: the bytes are in the buffer
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		utf16 = true
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		order, utf16 = unicode.BigEndian, true
	case len(head) >= 4 && head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0:
		utf16 = true
	case len(head) >= 4 && head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0:
		order, utf16 = unicode.BigEndian, true
	}
	switch decoder := unicode.UTF16(order, unicode.UseBOM).NewDecoder(); {
	case utf16 && live:
		return &liveDecoder{src: r, decoder: decoder}
	case utf16:
		return transform.NewReader(r, decoder)
	}
	return r
}

// liveDecoder decodes text that is still written. A transform.Reader does not read on after
// the end, and takes half a character there for a bad one.
type liveDecoder struct {
	src     io.Reader
	decoder transform.Transformer
	in, out []byte // read and not decoded, decoded and not given out
}

func (d *liveDecoder) Read(p []byte) (int, error) {
	for len(d.out) == 0 {
		var buf [4 << 10]byte
		n, err := d.src.Read(buf[:])
		if n == 0 && err != nil {
			return 0, err
		}
		d.in = append(d.in, buf[:n]...)
		out := make([]byte, 3*len(d.in)+8) // the longest UTF-8 of so much UTF-16
		wrote, took, err := d.decoder.Transform(out, d.in, false)
		if err != nil && err != transform.ErrShortSrc {
			return 0, err
		}
		d.in, d.out = append(d.in[:0], d.in[took:]...), out[:wrote]
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

// takeSample reads the sample. Of live text it takes no more than has come, once there is a
// line, and what comes after its end.
func takeSample(r io.Reader, live bool) (*source, error) {
	buf := make([]byte, 0, sampleSize)
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case err == io.EOF:
			return &source{sample: buf, whole: true, live: live, rest: r}, nil
		case err != nil && len(buf) == 0:
			return nil, &CSVError{Problem: "reading failed", Cause: err}
		case err != nil:
			return &source{sample: buf, live: live, rest: failing{err}, failed: err}, nil
		case live && bytes.IndexByte(buf, '\n') >= 0:
			return &source{sample: buf, live: true, rest: r}, nil
		case len(buf) < cap(buf):
			continue
		case len(buf) < maxSampleSize && bytes.Count(buf, []byte("\n")) < sampleLines:
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		default:
			return &source{sample: buf, live: live, rest: r}, nil
		}
	}
}

// grow adds to the sample what comes next. It returns false where nothing does.
func (s *source) grow() bool {
	buf := make([]byte, 64<<10)
	n, err := s.rest.Read(buf)
	s.sample = append(s.sample, buf[:n]...)
	switch {
	case err == io.EOF:
		s.whole = true
	case err != nil:
		s.rest, s.failed = failing{err}, err
	}
	return n > 0 || err == nil
}

// failing returns a read error to whoever reads on after the sample.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// check returns an error if the sample is not a table of text.
func (s *source) check() error {
	if i := bytes.IndexByte(s.sample, 0); i >= 0 {
		return formatError(fmt.Sprintf("byte %d is zero: this is not a text file", i+1))
	}
	if len(s.sample) > maxRecord {
		if err := s.checkLines(); err != nil {
			return err
		}
	}
	text := bytes.TrimSpace(s.sample)
	switch {
	case len(text) == 0:
		return &CSVError{Kind: ErrNoRows, Problem: "the input is empty"}
	case bytes.HasPrefix(text, []byte("AAA,")):
		return formatError("the content is a file of nmon, which holds many tables; export the one to read as CSV, such as with nmonchart or pyNmonAnalyzer")
	case bytes.HasPrefix(text, []byte("Linux ")) && bytes.Contains(text[:min(len(text), 200)], []byte(" CPU)")):
		return formatError("the content is a report of sar, mpstat or iostat for reading; record with sar and give what sadf -d writes of the record")
	case isDrawn(text):
		return formatError("the table is drawn with lines between its cells; export it as CSV")
	case text[0] == '{':
		return formatError("the content looks like JSON, not CSV")
	case text[0] == '<':
		return formatError("the content looks like HTML or XML, not CSV")
	case bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') >= 0 && !s.live:
		return formatError("lines end in a carriage return alone; save the file with LF or CRLF line ends")
	}
	return nil
}

// isDrawn reports whether a text begins with a corner of a box, as the tables of DuckDB and of psql
// with its line style unicode.
func isDrawn(text []byte) bool {
	for _, corner := range []string{"┌", "╭", "┏", "╔"} {
		if bytes.HasPrefix(text, []byte(corner)) {
			return true
		}
	}
	return false
}

// checkLines returns an error for a line that is too long, before the lines are split at each
// delimiter to find the right one.
func (s *source) checkLines() error {
	n := 0
	for line := range bytes.Lines(s.sample) {
		if n++; len(line) > maxRecord {
			return &CSVError{Line: n, Kind: ErrFormat, Problem: errLongRecord.Error()}
		}
	}
	return nil
}

func formatError(problem string) error {
	return &CSVError{Kind: ErrFormat, Problem: problem}
}
