package dataset_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dataset"
)

// readAll returns the rows of the text, up to its end or an error.
func readAll(text []byte, opt dataset.CSVOptions) (*dataset.Reader, []dataset.Row, error) {
	r, err := dataset.NewReader(bytes.NewReader(text), opt)
	if err != nil {
		return nil, nil, err
	}
	var rows []dataset.Row
	for {
		row, err := r.Next()
		if err == io.EOF {
			return r, rows, nil
		}
		if err != nil {
			return r, rows, err
		}
		rows = append(rows, row)
	}
}

// equalsTable compares the rows with ReadCSV's table of the same text, in the columns that the
// Reader has.
func equalsTable(t *testing.T, want *dataset.Table, r *dataset.Reader, rows []dataset.Row) {
	t.Helper()
	n, _ := want.X.Dims()
	require.Len(t, rows, n)
	for j, name := range r.Columns() {
		c := slices.Index(want.Columns, name)
		if c < 0 {
			continue // it turned out to hold text
		}
		for i, row := range rows {
			if w, got := want.X.At(i, c), row.Values[j]; w != got && (w == w || got == got) {
				t.Fatalf("%s, row %d: %v, want %v", name, i, got, w)
			}
		}
	}
	for i, row := range rows {
		if want.Times != nil && !want.Times[i].Equal(row.Time) || want.Times == nil && !row.Time.IsZero() {
			t.Fatalf("row %d: time %s", i, row.Time)
		}
		if row.Anomalous != (want.Labels != nil && want.Labels[i]) {
			t.Fatalf("row %d: label %t", i, row.Anomalous)
		}
	}
}

func TestReaderReadsAsReadCSV(t *testing.T) {
	files, err := filepath.Glob("testdata/*.csv")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			want, err := dataset.ReadCSV(bytes.NewReader(text), dataset.CSVOptions{})
			require.NoError(t, err)
			r, rows, err := readAll(text, dataset.CSVOptions{})
			require.NoError(t, err)
			require.Equal(t, want.Columns, r.Columns())
			require.Equal(t, want.Times != nil, r.HasTimes())
			equalsTable(t, want, r, rows)

			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			_, err = z.Write(text)
			require.NoError(t, err)
			require.NoError(t, z.Close())
			r, rows, err = readAll(packed.Bytes(), dataset.CSVOptions{Live: true})
			require.NoError(t, err)
			equalsTable(t, want, r, rows)
		})
	}
}

func TestReaderOptions(t *testing.T) {
	text := "time;host;cpu;net;down\n1700000000;a;1,5;100;0\n1700000060;b;-1;700;1\ntime;host;cpu;net;down\n1700000120;a;2,5;1300;0\n"
	r, rows, err := readAll([]byte(text), dataset.CSVOptions{Key: "host", Label: "down", Counters: []string{"net"}, Scale: map[string]float64{"net": 8}, Sentinels: []float64{-1}})
	require.NoError(t, err)
	require.Equal(t, []string{"cpu", "net"}, r.Columns())
	require.Len(t, rows, 3, "the repeated header is no row")
	require.Equal(t, []string{"a", "b", "a"}, []string{rows[0].Key, rows[1].Key, rows[2].Key})
	require.Equal(t, []int{2, 3, 5}, []int{rows[0].Line, rows[1].Line, rows[2].Line})
	require.Equal(t, time.Unix(1700000060, 0).UTC(), rows[1].Time)
	require.True(t, rows[1].Anomalous)
	require.True(t, math.IsNaN(rows[1].Values[0]))
	require.True(t, math.IsNaN(rows[1].Values[1]), "b's first total; a's is another counter")
	require.Equal(t, []float64{2.5, 80}, rows[2].Values)
	require.Equal(t, dataset.RoleSkipped, r.Roles()[1].Role)
	require.Equal(t, "tells recordings apart", r.Roles()[1].Reason)
}

func TestReaderErrors(t *testing.T) {
	good := "time,cpu,mem\n" + strings.Repeat("2026-03-01 10:00:00,1,2\n", 20)
	for name, c := range map[string]struct {
		text string
		opt  dataset.CSVOptions
		kind error
		rows int
		want string
	}{
		"empty":        {"", dataset.CSVOptions{}, dataset.ErrNoRows, 0, "empty"},
		"no such key":  {good, dataset.CSVOptions{Key: "host"}, dataset.ErrNoColumn, 0, "host"},
		"key, metric":  {good, dataset.CSVOptions{Key: "cpu", Columns: []string{"cpu"}}, dataset.ErrOption, 0, "Key"},
		"not a number": {good + "2026-03-01 10:01:00,oops,2\n", dataset.CSVOptions{}, dataset.ErrNotNumber, 20, "line 22"},
		"too short":    {good + "2026-03-01 10:01:00,1\n", dataset.CSVOptions{}, dataset.ErrRagged, 20, "line 22"},
	} {
		t.Run(name, func(t *testing.T) {
			_, rows, err := readAll([]byte(c.text), c.opt)
			require.ErrorIs(t, err, c.kind)
			require.ErrorContains(t, err, c.want)
			require.Len(t, rows, c.rows)
		})
	}
	_, err := dataset.NewReader(nil, dataset.CSVOptions{})
	require.ErrorIs(t, err, dataset.ErrOption)
	_, rows, err := readAll([]byte("time,cpu\n"+strings.Repeat("2026-03-01 10:00:00,1\n", 30)), dataset.CSVOptions{})
	require.NoError(t, err)
	require.Len(t, rows, 30)
}

// Rows that are read while they come are there as soon as they have come.
func TestReaderLive(t *testing.T) {
	in, out := io.Pipe()
	wrote := make(chan error, 1)
	go func() {
		_, err := io.WriteString(out, "time,cpu\n"+strings.Repeat("2026-03-01 10:00:00,1\n", 15))
		wrote <- err
	}()
	r, err := dataset.NewReader(in, dataset.CSVOptions{Live: true})
	require.NoError(t, err)
	require.NoError(t, <-wrote)
	for range 15 {
		_, err := r.Next()
		require.NoError(t, err)
	}
	for i := range 5 {
		go func() { // half a line, and the other half
			_, err := io.WriteString(out, "2026-03-01 10:0")
			_, err2 := io.WriteString(out, "1:00,7\n")
			wrote <- errors.Join(err, err2)
		}()
		row, err := r.Next()
		require.NoError(t, err)
		require.Equal(t, []float64{7}, row.Values, "row %d", i)
		require.NoError(t, <-wrote)
	}
	require.NoError(t, out.Close())
	_, err = r.Next()
	require.Equal(t, io.EOF, err)
}

// A long text takes no more memory than a short one.
func TestReaderDoesNotGrow(t *testing.T) {
	line := "2026-03-01 10:00:00,1,2,3,4\n"
	r, err := dataset.NewReader(io.MultiReader(strings.NewReader("time,a,b,c,d\n"), io.LimitReader(&repeating{line}, int64(len(line))*200_000)), dataset.CSVOptions{})
	require.NoError(t, err)
	retained := func() int64 {
		for range 50_000 {
			_, err := r.Next()
			require.NoError(t, err)
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	begin := retained()
	for range 3 {
		require.Less(t, retained()-begin, int64(50_000), "bytes more after 50,000 rows, a byte a row")
	}
	runtime.KeepAlive(r)
}

// A row costs its values and nothing else.
func TestReaderAllocates(t *testing.T) {
	line := "2026-03-01 10:00:00,1,2,3,4\n"
	r, err := dataset.NewReader(io.MultiReader(strings.NewReader("time,a,b,c,d\n"), &repeating{line}), dataset.CSVOptions{})
	require.NoError(t, err)
	require.LessOrEqual(t, testing.AllocsPerRun(10_000, func() {
		_, err := r.Next()
		require.NoError(t, err)
	}), 1.)
}

// repeating repeats a text for ever.
type repeating struct{ text string }

func (r *repeating) Read(p []byte) (int, error) {
	n := copy(p, r.text)
	r.text = r.text[n:] + r.text[:n]
	return n, nil
}
