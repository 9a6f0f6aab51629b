package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// tokens are what tools, people and damage put into tables.
var tokens = []string{
	"", " ", ",", ";", "\t", "|", "\"", "\"\"", "\n", "\r\n", "\r", "\r\r\n", "\ufeff", "\x00", "\xff", "\xa0", "\u202f", "'", "#", "=", "-", "--", "---+---", ":", "%",
	"0", "1", "-1", "101", "9999", "1e999", "1E+12", "1,234", "1.234", "1 234", "12,5", "NaN", "Inf", "null", "N/A", "true", "x", "1710409800", "1710409800000", "18446744073709551615",
	"2024-03-14 09:50:00", "2024-02-30", "03/04/2024", "14/03/2024 09:50", "24:00:00", "50:00.0", "9:50 AM", "29-02 10:00:00", "2024-03-14T09:50:00+01:00", "45365.4",
	"5 MB", "3 GiB", "12 ms", "350m", "45 %", "1.5 K", "time", "label", "value", "Total", "(3 rows)", "#datatype,string", "sep=;", "LINUX-RESTART", "SEP", "Date:", "host;-1;t;LINUX-RESTART (8 CPU)", "\"(PDH-CSV 4.0) (x)(9)\"",
}

// mutated changes a text in a few random ways.
func mutated(rng *rand.Rand, text []byte) []byte {
	text = slices.Clone(text)
	for range 1 + min(rng.IntN(4), rng.IntN(4)) {
		if len(text) == 0 {
			return text
		}
		at := rng.IntN(len(text))
		lines := bytes.SplitAfter(text, []byte("\n"))
		i, k := rng.IntN(len(lines)), rng.IntN(len(lines))
		switch rng.IntN(10) {
		case 0: // another byte
			text[at] = byte(rng.IntN(256))
		case 1, 2: // something more
			text = slices.Insert(text, at, []byte(tokens[rng.IntN(len(tokens))])...)
		case 3: // something less
			text = slices.Delete(text, at, min(len(text), at+1+rng.IntN(12)))
		case 4: // cut off
			text = text[:at]
		case 5: // a line twice, or in another place
			lines = slices.Insert(lines, k, slices.Clone(lines[i]))
			text = bytes.Join(lines, nil)
		case 6: // lines left out
			lines = slices.Delete(lines, min(i, k), max(i, k))
			text = bytes.Join(lines, nil)
		case 7: // another cell
			text = otherCell(rng, lines, i)
		case 8: // a character for another one, throughout
			text = bytes.ReplaceAll(text, text[at:at+1], []byte(tokens[rng.IntN(len(tokens))]))
		case 9: // one text after another
			text = append(text, text[at:]...)
		}
	}
	return text[:min(len(text), 1<<20)]
}

// otherCell puts a token into the place of a cell of a line, or of the cells of a column.
func otherCell(rng *rand.Rand, lines [][]byte, line int) []byte {
	comma := []byte{",;\t| "[rng.IntN(5)]}
	c, token, whole := rng.IntN(6), []byte(tokens[rng.IntN(len(tokens))]), rng.IntN(2) == 0
	for i, l := range lines {
		cells := bytes.Split(l, comma)
		if c < len(cells)-1 && (i == line || whole && i > 0) {
			cells[c] = token
			lines[i] = bytes.Join(cells, comma)
		}
	}
	return bytes.Join(lines, nil)
}

// randomOptions chooses options, the most often those with which the file is read.
func randomOptions(rng *rand.Rand, usual CSVOptions) CSVOptions {
	if rng.IntN(2) == 0 {
		return usual
	}
	opt := fuzzOptions(uint16(rng.Uint32() & rng.Uint32() & rng.Uint32()))
	pick := func(of ...string) []string { return []string{of[rng.IntN(len(of))]} }
	switch rng.IntN(8) {
	case 0:
		opt.Series = pick("1", "2", "3", "name", "DEV", "CPU", None)
		if opt.pivots() && rng.IntN(2) == 0 {
			opt.Value = pick("2", "3", "4", "value")
		}
	case 1:
		opt.Key = pick("1", "2", "3", "host", "name", "CPU")[0]
	case 2:
		opt.Columns = pick("2", "3", "cpu", "mem")
	case 3:
		opt.TimeLayout = pick("s", "ms", "days", "elapsed", "04:05", time.DateTime, "1/2/2006 15:04:05", "2-1 15:04:05")[0]
	case 4:
		opt.Location = time.FixedZone("here", 3600)
		opt.Year = 2023
	}
	return opt
}

// A damaged file is read, or refused with an error that says where and what, without a panic and
// within two seconds; and harmless rewriting changes nothing of what is read. ANOMALY_LONG=1 tries
// 50,000 mutations, which takes a minute.
func TestMutations(t *testing.T) {
	tries := 500
	if os.Getenv("ANOMALY_LONG") != "" {
		tries = 50_000
	}
	forms, ways := readForms(t), append(recodings, layouts...)
	passed, failures := 0, 0
	for seed := range tries {
		rng := rand.New(rand.NewPCG(uint64(seed), 13))
		f := forms[rng.IntN(len(forms))]
		m := mutation{text: mutated(rng, f.text), opt: randomOptions(rng, f.opt), as: ways[rng.IntN(len(ways))]}
		ok, problem := m.try()
		if ok {
			passed++
		}
		if problem == "" {
			continue
		}
		failures++
		t.Errorf("seed %d of %s, %+v: %s\n%.2000q", seed, f.name, m.opt, problem, m.text)
		require.Less(t, failures, 100)
	}
	require.Greater(t, passed, tries/10, "a test of files that are all refused shows little")
	t.Logf("%d of %d mutations are read", passed, tries)
}

type mutation struct {
	text []byte
	opt  CSVOptions
	as   rewriting
}

// try reports whether the text is read, and what is wrong with that, or with the error.
func (m mutation) try() (ok bool, problem string) {
	defer func() {
		if p := recover(); p != nil {
			ok, problem = false, fmt.Sprintf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	got, took, err := m.read()
	if took > 2*time.Second {
		if _, again, _ := m.read(); again > 2*time.Second { // the machine was not busy with something else
			return false, fmt.Sprintf("takes %s", again)
		}
	}
	if m.opt.Key != "" {
		return err == nil, m.recordings()
	}
	if err != nil {
		return false, errorProblem(err)
	}
	if problem := unsound(got); problem != "" {
		return true, problem
	}
	return true, m.rewritten(got)
}

// recordings says what is wrong with the recordings of the text, or returns "".
func (m mutation) recordings() string {
	all, err := ReadRecordings(bytes.NewReader(m.text), m.opt)
	if err != nil {
		return errorProblem(err)
	}
	for _, one := range all.Each {
		if one.Err != nil {
			continue
		}
		if problem := unsound(one.Table); problem != "" {
			return fmt.Sprintf("%q: %s", one.Key, problem)
		}
	}
	return ""
}

func (m mutation) read() (*Table, time.Duration, error) {
	start := time.Now()
	t, err := ReadCSV(bytes.NewReader(m.text), m.opt)
	return t, time.Since(start), err
}

// rewritten says what another way to write the text changes of the table that was read, or
// returns "".
func (m mutation) rewritten(got *Table) string {
	text := plainText(m.text)
	if !utf8.Valid(text) || m.opt.Comma != 0 {
		return "" // a rewriting would take it for something else
	}
	p, _, err := openCSV(bytes.NewReader(m.text), &m.opt, false)
	if err != nil {
		return err.Error()
	}
	again := m.as.do(text, p.comma)
	if again == nil {
		return ""
	}
	if diff := diffAgain(got, again, m.opt); diff != "" {
		return fmt.Sprintf("as %s: %s", m.as.name, diff)
	}
	return ""
}

// errorProblem says what is wrong with an error, or returns "".
func errorProblem(err error) string {
	place := (*CSVError)(nil)
	switch text := err.Error(); {
	case !errors.As(err, &place):
		return fmt.Sprintf("an error of type %T: %v", err, err)
	case place.Problem == "" || place.Kind == nil && place.Cause == nil:
		return fmt.Sprintf("an error that says little: %+v", place)
	case strings.ContainsAny(text, "\n\r") || len(text) > 3000:
		return fmt.Sprintf("an error of %d bytes: %q", len(text), text)
	}
	return ""
}
