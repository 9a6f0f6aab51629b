package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// fuzzOptions makes options of a number, so that the fuzzer reaches their code too.
func fuzzOptions(n uint16) CSVOptions {
	opt := CSVOptions{
		Comma:     []rune{0, ';', '\t', ','}[n&3],
		Decimal:   []rune{0, '.', ',', 0}[n>>2&3],
		Header:    HeaderMode(n >> 4 & 3),
		SkipLines: int(n >> 6 & 1),
	}
	if n>>7&1 == 1 {
		opt.Time = "1"
	}
	if n>>8&1 == 1 {
		opt.Label = "2"
	}
	if n>>9&1 == 1 {
		opt.Counters = []string{"3"}
		opt.Scale = map[string]float64{"3": 8}
	}
	opt.SkipBadRows = n>>13&1 == 1
	if n>>10&1 == 1 {
		opt.Sentinels = []float64{-1}
		opt.Missing = []string{"x"}
		opt.Normal = []string{"0"}
	}
	return opt
}

// seedFiles are the files of testdata, in all forms.
func seedFiles() ([]string, error) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.csv"))
	if err != nil {
		return nil, err
	}
	forms, err := filepath.Glob(filepath.Join("testdata", "forms", "*"))
	return append(files, forms...), err
}

func FuzzReadCSV(f *testing.F) {
	files, err := seedFiles()
	require.NoError(f, err)
	for _, path := range files {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(text, uint16(0))
		f.Add(text, uint16(1<<12|1<<13))
	}
	for _, s := range []string{
		"a,b\n1,2\n3,4\n", "a\n\"1\n", "1,2\n3", "a,label\n1,0\n", "ts;a\n1;2,5\n", "sep=;\na;b\n1;2\n", "a,a,\n1,2,\n",
		"ts,a\n29-02 10:00:00,1\n", "ts,a\n1e308,1\n2,Inf\n", "\xff\xfea\x00\n\x001\x00\n\x00", "\x1f\x8b\x08\x00",
		"time,net,c\n1,4294967295,1\n2,3,1\n", "Date:\n\n1\n", "#\n#a\n1\n", "a,b\n\"1,234\",1\n", "time,cpu\ntime,cpu\n", "a,age\n1,5m\n2,1h2m\n", "host,a\nx,1\ny,2\nTotal,3\n",
	} {
		for _, n := range []uint16{0, 1 << 7, 1 << 9, 3 << 4} {
			f.Add([]byte(s), n)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, n uint16) {
		opt := fuzzOptions(n)
		if n>>12&1 == 1 {
			opt.Series = []string{"1"}
		}
		got, err := ReadCSV(bytes.NewReader(text), opt)
		if err != nil {
			require.Nil(t, got)
			var place *CSVError
			require.True(t, errors.As(err, &place), "%T", err)
			require.NotEmpty(t, place.Problem)
			return
		}
		requireSound(t, got)
		opt.Columns = got.Columns
		again, err := ReadCSV(bytes.NewReader(text), opt)
		if errors.Is(err, ErrOption) {
			return // a counter without any value is not among the columns
		}
		require.NoError(t, err, "by the names of the columns")
		requireSame(t, got, again)
	})
}

// requireSound checks what holds for every table.
func requireSound(t *testing.T, got *Table) {
	t.Helper()
	require.Empty(t, unsound(got))
}

// unsound says what is wrong with a table, or returns "".
func unsound(got *Table) string {
	rows, cols := got.X.Dims()
	switch {
	case rows == 0 || len(got.Columns) != cols:
		return fmt.Sprintf("%d×%d values, %d names", rows, cols, len(got.Columns))
	case got.Times != nil && len(got.Times) != rows || got.Labels != nil && len(got.Labels) != rows:
		return fmt.Sprintf("%d times and %d labels of %d rows", len(got.Times), len(got.Labels), rows)
	case got.Describe() == "" || got.Interval() < 0:
		return fmt.Sprintf("described as %q, every %s", got.Describe(), got.Interval())
	}
	names := map[string]bool{}
	for _, name := range got.Columns {
		if name == "" || names[name] {
			return fmt.Sprintf("a column %q, or two", name)
		}
		names[name] = true
	}
	for i, v := range got.X.RawMatrix().Data {
		if math.IsInf(v, 0) {
			return fmt.Sprintf("value %d is %v", i, v)
		}
	}
	return ""
}

func requireSame(t *testing.T, a, b *Table) {
	require.Equal(t, a.Columns, b.Columns)
	require.Equal(t, a.Times, b.Times)
	require.Equal(t, a.Labels, b.Labels)
	rows, cols := a.X.Dims()
	for i := range rows {
		for j := range cols {
			require.Equal(t, math.Float64bits(a.X.At(i, j)), math.Float64bits(b.X.At(i, j)))
		}
	}
}
