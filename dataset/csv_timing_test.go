package dataset

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// manyRows is a recording of n samples of four metrics.
func manyRows(n int, epoch bool) []byte {
	var b bytes.Buffer
	b.WriteString("ts,cpu,mem,disk,net_in\n")
	at := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		stamp := at.Add(time.Duration(i) * time.Second).Format(time.DateTime)
		if epoch {
			stamp = fmt.Sprint(at.Unix() + int64(i))
		}
		fmt.Fprintf(&b, "%s,%.2f,%.3f,%d,%.1f\n", stamp, float64(i%1000)/10, 40+float64(i%77)/7, i%100, 1e6+float64(i%12345)*17.5)
	}
	return b.Bytes()
}

func BenchmarkReadCSV(b *testing.B) {
	for _, c := range []struct {
		name string
		text []byte
		opt  CSVOptions
	}{
		{"epoch", manyRows(1e6, true), CSVOptions{}},
		{"date", manyRows(1e6, false), CSVOptions{}},
		{"no time", manyRows(1e6, false), CSVOptions{Time: None}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.text)))
			for range b.N {
				if _, err := ReadCSV(bytes.NewReader(c.text), c.opt); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Reading must cost a few times the table, not a string a cell.
func TestReadCSVAllocates(t *testing.T) {
	const rows = 1e5
	text := manyRows(rows, true)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := ReadCSV(bytes.NewReader(text), CSVOptions{})
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Less(t, after.Mallocs-before.Mallocs, uint64(rows), "allocations")
	const table = rows * (4*8 + 24)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(5*table), "bytes, of a table of %d", int(table))
}
