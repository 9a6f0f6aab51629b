package dataset

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// rewriting writes the same table in another way. It returns nil for a text that it would change
// or that it does not understand.
type rewriting struct {
	name string
	do   func(text []byte, comma byte) []byte
}

// recodings change lines and characters only.
var recodings = []rewriting{
	{"CR LF", func(text []byte, _ byte) []byte { return withEnds(text, "\r\n") }},
	{"CR CR LF", func(text []byte, _ byte) []byte { return withEnds(text, "\r\r\n") }},
	{"LF", func(text []byte, _ byte) []byte { return withEnds(text, "\n") }},
	{"no last line end", func(text []byte, _ byte) []byte { return bytes.TrimRight(text, "\r\n") }},
	{"byte-order mark", func(text []byte, _ byte) []byte { return append([]byte("\ufeff"), inUTF8(text)...) }},
	{"UTF-16, little", func(text []byte, _ byte) []byte { return inUTF16(text, unicode.LittleEndian) }},
	{"UTF-16, big", func(text []byte, _ byte) []byte { return inUTF16(text, unicode.BigEndian) }},
	{"UTF-8", func(text []byte, _ byte) []byte { return inUTF8(text) }},
}

// layouts write the fields anew.
var layouts = []rewriting{
	{"quotes", func(text []byte, comma byte) []byte { return withFields(text, comma, comma, true) }},
	{"fewest quotes", func(text []byte, comma byte) []byte { return withFields(text, comma, comma, false) }},
	{"comma", func(text []byte, comma byte) []byte { return withFields(text, comma, ',', false) }},
	{"semicolon", func(text []byte, comma byte) []byte { return withFields(text, comma, ';', false) }},
	{"tab", func(text []byte, comma byte) []byte { return withFields(text, comma, '\t', false) }},
	{"bar", func(text []byte, comma byte) []byte { return withFields(text, comma, '|', false) }},
	{"semicolon and quotes", func(text []byte, comma byte) []byte { return withFields(text, comma, ';', true) }},
}

// plainText returns the text without compression and in UTF-8 where it was in UTF-16, or nil where it
// is damaged.
func plainText(text []byte) []byte {
	r, err := unzipped(bytes.NewReader(text))
	if err != nil {
		return nil
	}
	head, _ := r.Peek(6)
	out, err := io.ReadAll(decoded(r, head, false))
	if err != nil {
		return nil
	}
	return out
}

func withEnds(text []byte, end string) []byte {
	var b bytes.Buffer
	for line := range bytes.Lines(text) {
		b.Write(bytes.TrimRight(line, "\r\n"))
		if line[len(line)-1] == '\n' {
			b.WriteString(end)
		}
	}
	return b.Bytes()
}

// inUTF8 returns the text without marks, decoded from Windows-1252 where it is no UTF-8.
func inUTF8(text []byte) []byte {
	if utf8.Valid(text) {
		return bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(text)
	if err != nil {
		return nil
	}
	return text
}

func inUTF16(text []byte, order unicode.Endianness) []byte {
	out, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().Bytes(inUTF8(text))
	if err != nil {
		return nil
	}
	return out
}

// withFields separates the fields of each line by another character, as encoding/csv reads them.
// Where blanks separate fields, these are not told from what else blanks are for.
func withFields(text []byte, from, to byte, quote bool) []byte {
	if from == ' ' {
		return nil
	}
	var b bytes.Buffer
	for line := range bytes.Lines(text) {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
		plain := bytes.TrimRight(line, "\r\n")
		if bytes.Count(plain, []byte{'"'})%2 != 0 || bytes.IndexByte(plain, '\r') >= 0 {
			return nil // a record of several lines
		}
		if len(bytes.TrimSpace(plain)) == 0 {
			b.Write(line)
			continue
		}
		if bytes.Contains(plain, []byte(`="`)) { // 12.5 as ="12.5"
			plain = bytes.ReplaceAll(append([]byte{from}, plain...), []byte{from, '=', '"'}, []byte{from, '"'})[1:]
		}
		r := csv.NewReader(bytes.NewReader(plain))
		r.Comma, r.LazyQuotes, r.TrimLeadingSpace = rune(from), bytes.Contains(plain, []byte(`="`)), from != '\t'
		fields, err := r.Read()
		if err != nil {
			return nil
		}
		if len(fields) == 1 {
			b.Write(line) // a comment or a title
			continue
		}
		for i, f := range fields {
			if i > 0 {
				b.WriteByte(to)
			}
			if f = strings.TrimSpace(f); quote || strings.ContainsAny(f, "\"\n"+string(rune(to))) {
				f = `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
			}
			b.WriteString(f)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// Harmless rewriting changes no value, time, name or unit of a file that is read.
func TestRewriting(t *testing.T) {
	for _, f := range readForms(t) {
		t.Run(f.name, func(t *testing.T) {
			p, _, err := openCSV(bytes.NewReader(f.text), &f.opt, false)
			require.NoError(t, err)
			want, err := ReadCSV(bytes.NewReader(f.text), f.opt)
			require.NoError(t, err)
			for _, w := range append(recodings, layouts...) {
				if text := w.do(plainText(f.text), p.comma); text != nil {
					assert.Empty(t, diffAgain(want, text, f.opt), w.name)
					if _, err := ReadCSV(bytes.NewReader(text), f.opt); err != nil {
						assert.ErrorContains(t, err, "give the decimal sign in Decimal", w.name)
					}
				}
			}
		})
	}
}

// diffAgain reads a text again and says where it differs from the table, or returns "". A
// delimiter is evidence for the decimal sign: where another one leaves that open, it is given. So is
// the delimiter of a damaged text that is refused in its new form.
func diffAgain(want *Table, text []byte, opt CSVOptions) string {
	got, err := ReadCSV(bytes.NewReader(text), opt)
	if err != nil && strings.Contains(err.Error(), "give the decimal sign in Decimal") {
		opt.Decimal = '.'
		got, err = ReadCSV(bytes.NewReader(text), opt)
	}
	if err != nil && opt.Comma == 0 {
		for _, opt.Comma = range ";\t|," {
			if diff := diffAgain(want, text, opt); diff == "" {
				return ""
			}
		}
	}
	if err != nil {
		return err.Error()
	}
	return tableDiff(want, got)
}

// readForm is a file that is read with options.
type readForm struct {
	name string
	text []byte
	opt  CSVOptions
}

// readForms returns each file of testdata/forms, with all options with which it is read in the
// tests of forms, and with none if it is read so. ANOMALY_FORMS names another folder of files.
func readForms(t *testing.T) []readForm {
	var out []readForm
	options := map[string][]CSVOptions{}
	for _, f := range formRows(t) {
		if !f.fails && f.with != "" {
			options[f.file] = append(options[f.file], f.opt)
		}
	}
	files, err := seedFiles()
	if folder := os.Getenv("ANOMALY_FORMS"); folder != "" {
		files, err = filepath.Glob(filepath.Join(folder, "*"))
	}
	require.NoError(t, err)
	for _, path := range files {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		read := 0
		for k, opt := range append(options[filepath.Base(path)], CSVOptions{}) {
			if _, err := ReadCSV(bytes.NewReader(text), opt); err == nil {
				out = append(out, readForm{fmt.Sprintf("%s#%d", filepath.Base(path), k), text, opt})
				read++
			}
		}
	}
	require.Greater(t, len(out), 60)
	return out
}

// tableDiff says where two tables differ, or returns "".
func tableDiff(a, b *Table) string {
	rows, cols := a.X.Dims()
	n, m := b.X.Dims()
	switch {
	case fmt.Sprint(a.Columns) != fmt.Sprint(b.Columns):
		return fmt.Sprintf("columns %q, not %q", b.Columns, a.Columns)
	case rows != n || cols != m:
		return fmt.Sprintf("%d×%d values, not %d×%d", n, m, rows, cols)
	case fmt.Sprint(a.Units) != fmt.Sprint(b.Units):
		return fmt.Sprintf("units %q, not %q", b.Units, a.Units)
	case fmt.Sprint(a.Labels) != fmt.Sprint(b.Labels):
		return "other labels"
	case len(a.Times) != len(b.Times):
		return fmt.Sprintf("%d times, not %d", len(b.Times), len(a.Times))
	}
	for i := range rows {
		if a.Times != nil && !a.Times[i].Equal(b.Times[i]) {
			return fmt.Sprintf("row %d at %s, not %s", i, b.Times[i].Format(time.RFC3339Nano), a.Times[i].Format(time.RFC3339Nano))
		}
		for j := range cols {
			if x, y := a.X.At(i, j), b.X.At(i, j); math.Float64bits(x) != math.Float64bits(y) {
				return fmt.Sprintf("row %d, column %q: %v, not %v", i, a.Columns[j], y, x)
			}
		}
	}
	return ""
}
