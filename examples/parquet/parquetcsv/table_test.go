package parquetcsv

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dataset"
)

// hostRows is a recording of n rows: a time, a name, two metrics, a label, and a list.
func hostRows(t *testing.T, n int) []byte {
	t.Helper()
	var times, hosts, cpus, mems, labels, lists []string
	for i := range n {
		at := time.Date(2024, 3, 14, 9, 50, 0, 0, time.UTC).Add(time.Duration(i) * 1500 * time.Millisecond)
		times = append(times, at.Format(`"2006-01-02T15:04:05.999Z"`))
		hosts = append(hosts, `"web1"`)
		cpu := fmt.Sprint(float64(i) / 7)
		if i == 5 {
			cpu = "null"
		}
		cpus, mems = append(cpus, cpu), append(mems, fmt.Sprintf(`"%d.125"`, i+1))
		labels, lists = append(labels, fmt.Sprint(i == 3)), append(lists, "[1]")
	}
	all := func(cells []string) string { return "[" + strings.Join(cells, ",") + "]" }
	return parquetOf(t, 7, plain, nil, record(t,
		column{"time", stamp(arrow.Millisecond, "UTC"), all(times)},
		column{"host", arrow.BinaryTypes.String, all(hosts)},
		column{"cpu", arrow.PrimitiveTypes.Float64, all(cpus)},
		column{"mem", &arrow.Decimal128Type{Precision: 20, Scale: 3}, all(mems)},
		column{"anomaly", arrow.FixedWidthTypes.Boolean, all(labels)},
		column{"tags", arrow.ListOf(arrow.PrimitiveTypes.Int64), all(lists)}))
}

func TestReadTable(t *testing.T) {
	const n = 30
	f := hostRows(t, n)
	got, err := ReadTable(t.Context(), bytes.NewReader(f), dataset.CSVOptions{})
	require.NoError(t, err)
	require.Equal(t, []string{"cpu", "mem"}, got.Columns)
	require.Len(t, got.Times, n)
	for i := range n {
		require.True(t, time.Date(2024, 3, 14, 9, 50, 0, 0, time.UTC).Add(time.Duration(i)*1500*time.Millisecond).Equal(got.Times[i]))
		require.Equal(t, i == 3, got.Labels[i])
		require.Equal(t, float64(i+1)+.125, got.X.At(i, 1))
		if v := got.X.At(i, 0); i == 5 {
			require.True(t, math.IsNaN(v))
		} else {
			require.Equal(t, float64(i)/7, v)
		}
	}
	require.Contains(t, got.Notes[0], `column "tags" is left out`)

	// What a program that reads the CSV finds by itself is the same.
	csv, _ := written(t, f)
	same, err := dataset.ReadCSV(strings.NewReader(csv), dataset.CSVOptions{})
	require.NoError(t, err)
	require.Equal(t, got.Times, same.Times)
	require.Equal(t, got.Labels, same.Labels)
	for i := range n {
		require.Equal(t, fmt.Sprint(got.X.RawRowView(i)), fmt.Sprint(same.X.RawRowView(i)))
	}

	_, err = ReadTable(t.Context(), bytes.NewReader(f), dataset.CSVOptions{Columns: []string{"disk"}})
	require.ErrorIs(t, err, dataset.ErrNoColumn)
	_, err = ReadTable(t.Context(), bytes.NewReader(f[:len(f)-9]), dataset.CSVOptions{})
	require.ErrorIs(t, err, ErrFormat)
}
