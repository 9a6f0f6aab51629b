package dataset_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"

	"github.com/metric-streams/anomaly/dataset"
)

// growing is a file that others append to: at its end Read returns io.EOF, until more has come.
type growing struct{ text []byte }

func (g *growing) write(s string) { g.text = append(g.text, s...) }

func (g *growing) Read(p []byte) (int, error) {
	if len(g.text) == 0 {
		return 0, io.EOF
	}
	n := copy(p, g.text)
	g.text = g.text[n:]
	return n, nil
}

func requireRow(t *testing.T, r *dataset.Reader, values ...float64) {
	t.Helper()
	row, err := r.Next()
	require.NoError(t, err)
	require.Equal(t, values, row.Values)
}

func requireEnd(t *testing.T, r *dataset.Reader) {
	t.Helper()
	for range 2 {
		_, err := r.Next()
		require.Equal(t, io.EOF, err)
	}
}

// A line without its end is not complete while the text is written. Reading goes on after the
// end, wherever the text was cut.
func TestReaderLiveResumes(t *testing.T) {
	begin := "time,cpu,mem\n2026-03-01 10:00:00,1,2\n"
	more := "2026-03-01 10:00:01,12,34\n2026-03-01 10:00:02,\"5\n\",\"6\"\r\n\n2026-03-01 10:00:03,7,8\n"
	for cut := range more {
		in := &growing{}
		in.write(begin)
		r, err := dataset.NewReader(in, dataset.CSVOptions{Live: true, Columns: []string{"cpu", "mem"}, Missing: []string{"5\n"}})
		require.NoError(t, err)
		requireRow(t, r, 1, 2)
		requireEnd(t, r)
		in.write(more[:cut])
		var rows []dataset.Row
		read := func() {
			for {
				row, err := r.Next()
				if err == io.EOF {
					return
				}
				require.NoError(t, err, "cut at %d", cut)
				rows = append(rows, row)
			}
		}
		read()
		in.write(more[cut:])
		read()
		require.Len(t, rows, 3, "cut at %d", cut)
		require.Equal(t, []float64{12, 34}, rows[0].Values)
		require.Equal(t, 6., rows[1].Values[1])
		require.Equal(t, []float64{7, 8}, rows[2].Values)
		require.Equal(t, []int{3, 4, 7}, []int{rows[0].Line, rows[1].Line, rows[2].Line}, "cut at %d", cut)
	}
}

// The beginning may be cut too.
func TestReaderLiveBegins(t *testing.T) {
	text := "time,cpu\n2026-03-01 10:00:00,12\n"
	for cut := range text {
		in := &growing{}
		in.write(text[:cut])
		_, err := dataset.NewReader(in, dataset.CSVOptions{Live: true})
		require.ErrorIs(t, err, dataset.ErrNoRows, "cut at %d", cut)
	}
	in := &growing{}
	in.write(text + "2026-03-01 10:00:01,3")
	r, err := dataset.NewReader(in, dataset.CSVOptions{Live: true})
	require.NoError(t, err)
	requireRow(t, r, 12)
	requireEnd(t, r)
	in.write("4\n")
	requireRow(t, r, 34)
	requireEnd(t, r)

	r, err = dataset.NewReader(strings.NewReader(text+"2026-03-01 10:00:01,3"), dataset.CSVOptions{})
	require.NoError(t, err)
	requireRow(t, r, 12)
	requireRow(t, r, 3) // a file that is complete needs no last line end
	requireEnd(t, r)
}

func TestReaderLiveUTF16(t *testing.T) {
	text, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("time,cpu\r\n2026-03-01 10:00:00,1\r\n2026-03-01 10:00:01,2\r\n")
	require.NoError(t, err)
	for cut := 70; cut < len(text); cut++ {
		in := &growing{}
		in.write(text[:cut])
		r, err := dataset.NewReader(in, dataset.CSVOptions{Live: true})
		require.NoError(t, err)
		requireRow(t, r, 1)
		requireEnd(t, r)
		in.write(text[cut:])
		requireRow(t, r, 2)
		requireEnd(t, r)
	}
}

// An error that is not the end stays.
func TestReaderErrorStays(t *testing.T) {
	r, err := dataset.NewReader(strings.NewReader("a,b\n1,2\n1,x\n1,3\n"), dataset.CSVOptions{Columns: []string{"a", "b"}})
	require.NoError(t, err)
	requireRow(t, r, 1, 2)
	for range 2 {
		_, err = r.Next()
		require.ErrorContains(t, err, "line 3")
	}
}

// No value is lost because its column was empty at the beginning.
func TestReaderLateColumn(t *testing.T) {
	begin := "time,cpu,mem,gpu,note\n2026-03-01 10:00:00,1,,,\n"
	in := &growing{}
	in.write(begin)
	r, err := dataset.NewReader(in, dataset.CSVOptions{Live: true})
	require.NoError(t, err)
	require.Equal(t, []string{"cpu"}, r.Columns())
	requireRow(t, r, 1)
	in.write("2026-03-01 10:00:01,2,,,hello\n")
	requireRow(t, r, 2) // text is no metric
	in.write("2026-03-01 10:00:02,2,3,,\n")
	_, err = r.Next()
	require.ErrorIs(t, err, dataset.ErrLateColumn)
	require.ErrorContains(t, err, `line 4, column "mem"`)
	require.ErrorContains(t, err, "Columns")

	// A pipe waits for the next row: a column may have its first value there.
	pr, pw := io.Pipe()
	wrote := make(chan error, 1)
	go func() {
		var errs []error
		for _, s := range []string{begin, "2026-03-01 10:00:01,2,3,4,x\n"} {
			_, err := io.WriteString(pw, s)
			errs = append(errs, err)
		}
		wrote <- errs[1]
	}()
	r, err = dataset.NewReader(pr, dataset.CSVOptions{Live: true})
	require.NoError(t, err)
	require.NoError(t, <-wrote)
	require.Equal(t, []string{"cpu", "mem", "gpu"}, r.Columns())

	// The same without Live, beyond the sample.
	blank := strings.Repeat("1,,\n", 1e5)
	r, rows, err := readAll([]byte("a,b,c\n"+blank+"2,3,x\n"), dataset.CSVOptions{})
	require.ErrorIs(t, err, dataset.ErrLateColumn)
	require.ErrorContains(t, err, `line 100002, column "b"`)
	require.Len(t, rows, 1e5)
	require.Equal(t, []string{"a"}, r.Columns())
	r, rows, err = readAll([]byte("a,b,c\n"+blank+"2,3,x\n"), dataset.CSVOptions{Columns: []string{"a", "b"}})
	require.NoError(t, err)
	require.Len(t, rows, 1e5+1)
	require.Equal(t, []string{"a", "b"}, r.Columns())
}

// A column of numbers that is named as a time is one from its first row.
func TestReaderLiveNamedTime(t *testing.T) {
	for _, text := range []string{"time,cpu\n0,1\n", "time,cpu\n7,1\n7,2\n"} {
		in := &growing{}
		in.write(text)
		r, err := dataset.NewReader(in, dataset.CSVOptions{Live: true})
		require.NoError(t, err)
		require.True(t, r.HasTimes())
		require.Equal(t, []string{"cpu"}, r.Columns())
	}
}

func TestReaderNotes(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("ts,host,disk,total\n")
	for i := range 60 {
		at, disk := 1709287200+60*i, i%50
		if i == 10 {
			at -= 60
		}
		if i == 30 {
			b.WriteString("\nts,host,disk,total\n")
			disk = 101
		}
		fmt.Fprintf(&b, "%d,%s,%d,%d\n", at, []string{"a", "b"}[i%3%2], disk, 1000+i*i)
	}
	table, err := dataset.ReadCSV(bytes.NewReader(b.Bytes()), dataset.CSVOptions{})
	require.NoError(t, err)
	r, err := dataset.NewReader(bytes.NewReader(b.Bytes()), dataset.CSVOptions{})
	require.NoError(t, err)
	require.Empty(t, r.Notes())
	for range 60 {
		_, err := r.Next()
		require.NoError(t, err)
	}
	require.Equal(t, table.Notes, r.Notes())
	require.NotEmpty(t, r.Notes())
	require.Equal(t, r.Notes(), r.Notes())
}

// The decimal sign is the one that the text shows, however late.
func TestReaderLiveDecimalSign(t *testing.T) {
	for _, c := range []struct {
		rows string
		want []float64 // of the rows that are read
		err  error
	}{
		{"10;1\n11;0,5\n12;1,125\n", []float64{1, .5, 1.125}, nil},
		{"10;1\n11;0.5\n12;1.125\n", []float64{1, .5, 1.125}, nil},
		{"10;1\n11;1,125\n12;2,5\n", []float64{1}, dataset.ErrNotNumber},
		{"10;1,125\n11;2,250\n12;2,5\n", []float64{1.125, 2.25, 2.5}, nil},
		{"10;1,125\n11;934\n12;2,250\n13;7\n", []float64{1125, 934, 2250, 7}, nil},
	} {
		pr, pw := io.Pipe()
		go func() {
			for i, line := range strings.SplitAfter("t;value\n"+c.rows, "\n") {
				if _, err := io.WriteString(pw, line); err != nil {
					panic(fmt.Sprint(i, err))
				}
			}
			pw.Close()
		}()
		r, err := dataset.NewReader(pr, dataset.CSVOptions{Live: true, Columns: []string{"value"}})
		require.NoError(t, err, c.rows)
		var got []float64
		for {
			row, rowErr := r.Next()
			if err = rowErr; err != nil {
				break
			}
			got = append(got, row.Values...)
		}
		if c.err == nil {
			c.err = io.EOF
		}
		require.ErrorIs(t, err, c.err, c.rows)
		require.Equal(t, c.want, got, c.rows)
		go func() { _, _ = io.Copy(io.Discard, pr) }()
	}
}
