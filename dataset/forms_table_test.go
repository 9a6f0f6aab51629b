package dataset

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// formRow is a row of testdata/forms.tsv: what a file of testdata/forms must give, read with some
// options. The numbers of the table were read from the files without this package.
type formRow struct {
	file, with     string
	opt            CSVOptions
	fails          bool
	rows           int
	columns, units []string
	from, to       string // times of the first and last row, RFC 3339; "" without times
	first, last    []float64
	says           []string // parts of the error, or of the notes
}

func (f formRow) name() string { return strings.TrimSpace(f.file + " " + f.with) }

// formRows reads the table. Its cells are separated by tabs, and values within a cell by bars.
func formRows(t *testing.T) []formRow {
	text, err := os.ReadFile(filepath.Join("testdata", "forms.tsv"))
	require.NoError(t, err)
	var out []formRow
	for k, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		cells := strings.Split(line, "\t")
		require.Len(t, cells, 10, "line %d", k+1)
		if k == 0 {
			continue
		}
		f := formRow{file: cells[0], with: cells[1], opt: formOptions(t, cells[1]), columns: values(cells[3]), units: values(cells[4]), from: cells[5], to: cells[6], says: values(cells[9])}
		f.fails = cells[2] == "error"
		if !f.fails {
			f.rows, err = strconv.Atoi(cells[2])
			require.NoError(t, err)
		}
		f.first, f.last = floats(t, cells[7]), floats(t, cells[8])
		out = append(out, f)
	}
	return out
}

func values(cell string) []string {
	if cell == "" {
		return nil
	}
	return strings.Split(cell, " | ")
}

func floats(t *testing.T, cell string) []float64 {
	var out []float64
	for _, s := range values(cell) {
		v, err := strconv.ParseFloat(s, 64)
		require.NoError(t, err)
		out = append(out, v)
	}
	return out
}

// formOptions reads options as flagcsv takes them.
func formOptions(t *testing.T, with string) CSVOptions {
	var opt CSVOptions
	words := flagWords(t, with)
	for len(words) > 0 {
		flag, value := words[0], ""
		if words = words[1:]; flag != "-skip-bad-rows" {
			value, words = words[0], words[1:]
		}
		list := strings.Split(value, ",")
		switch flag {
		case "-skip-bad-rows":
			opt.SkipBadRows = true
		case "-skip-lines":
			var err error
			opt.SkipLines, err = strconv.Atoi(value)
			require.NoError(t, err)
		case "-columns":
			opt.Columns = list
		case "-time":
			opt.Time = value
		case "-time-layout":
			opt.TimeLayout = value
		case "-zone":
			var err error
			opt.Location, err = time.LoadLocation(value)
			require.NoError(t, err)
		case "-label":
			opt.Label = value
		case "-normal":
			opt.Normal = list
		case "-anomalous":
			opt.Anomalous = list
		case "-missing":
			opt.Missing = list
		case "-decimal":
			opt.Decimal = rune(value[0])
		case "-delimiter":
			opt.Comma = rune(value[0])
		case "-header":
			opt.Header = map[string]HeaderMode{"none": HeaderNone, "one": HeaderOne, "two": HeaderTwo}[value]
		case "-series":
			opt.Series = list
		case "-value":
			opt.Value = list
		case "-counters":
			opt.Counters = list
		default:
			t.Fatalf("%s in %q", flag, with)
		}
	}
	return opt
}

// flagWords splits a command line at blanks but for those in quotes.
func flagWords(t *testing.T, line string) []string {
	var out []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if line[0] == '"' {
			quoted, err := strconv.QuotedPrefix(line)
			require.NoError(t, err)
			word, err := strconv.Unquote(quoted)
			require.NoError(t, err)
			out, line = append(out, word), line[len(quoted):]
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		out, line = append(out, word), rest
	}
	return out
}

// Each form is read right, or stops with an error that says what to do.
func TestForms(t *testing.T) {
	for _, f := range formRows(t) {
		t.Run(f.name(), func(t *testing.T) {
			got, err := ReadCSVFile(filepath.Join("testdata", "forms", f.file), f.opt)
			if f.fails {
				require.Error(t, err)
				for _, say := range f.says {
					require.ErrorContains(t, err, say)
				}
				return
			}
			require.NoError(t, err)
			f.requireTable(t, got)
		})
	}
}

func (f formRow) requireTable(t *testing.T, got *Table) {
	t.Helper()
	require.Equal(t, f.columns, got.Columns)
	require.Equal(t, f.units, got.Units)
	rows, _ := got.X.Dims()
	require.Equal(t, f.rows, rows)
	at := func(i int) string {
		if got.Times == nil {
			return ""
		}
		return got.Times[i].UTC().Format(time.RFC3339Nano)
	}
	require.Equal(t, f.from, at(0))
	require.Equal(t, f.to, at(rows-1))
	requireValues(t, f.first, got.X.RawRowView(0))
	requireValues(t, f.last, got.X.RawRowView(rows-1))
	for _, say := range f.says {
		require.Contains(t, strings.Join(got.Notes, "\n"), say)
	}
}

func requireValues(t *testing.T, want, got []float64) {
	t.Helper()
	require.Len(t, got, len(want))
	for j, v := range want {
		if v != got[j] && !(math.IsNaN(v) && math.IsNaN(got[j])) {
			t.Errorf("column %d: %v, not %v", j+1, got[j], v)
		}
	}
}

// The table has a row without options for each file, and only for files that are there.
func TestFormsAreComplete(t *testing.T) {
	plain := map[string]int{}
	for _, f := range formRows(t) {
		if f.with == "" {
			plain[f.file]++
		}
	}
	files, err := filepath.Glob(filepath.Join("testdata", "forms", "*"))
	require.NoError(t, err)
	require.Len(t, plain, len(files), fmt.Sprint(plain))
	for _, path := range files {
		require.Equal(t, 1, plain[filepath.Base(path)], path)
	}
}
