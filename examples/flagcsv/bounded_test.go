package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dataset"
)

// numbered makes a table whose only metric is the row's number.
func numbered(rows int) *dataset.Table {
	t := &dataset.Table{Columns: []string{"n"}, X: mat.NewDense(rows, 1, nil)}
	for i := range rows {
		t.X.Set(i, 0, float64(i))
		t.Times = append(t.Times, time.Unix(int64(i), 0))
	}
	return t
}

func TestAShortTableIsTrainedOnWhole(t *testing.T) {
	table, exclude := numbered(mostTrained), make([]bool, mostTrained)
	got := bounded(table, exclude)
	require.Same(t, table.X, got.x)
	require.Len(t, got.times, mostTrained)
	require.Len(t, got.exclude, mostTrained)
	require.Empty(t, got.note)
}

func TestBlocksOfALongTable(t *testing.T) {
	const rows = 1_000_003
	table, exclude := numbered(rows), make([]bool, rows)
	exclude[rows-1] = true
	got := bounded(table, exclude)
	n, _ := got.x.Dims()
	require.Equal(t, mostTrained, n)
	require.Zero(t, got.x.At(0, 0))
	require.Equal(t, float64(rows-1), got.x.At(n-1, 0), "from the first row to the last")
	require.True(t, got.exclude[n-1], "what is excluded stays out")
	for i := range n {
		require.Equal(t, int64(got.x.At(i, 0)), got.times[i].Unix())
		require.False(t, i%block != 0 && got.x.At(i, 0) != got.x.At(i-1, 0)+1, "row %d of a block does not follow the one before", i)
		require.False(t, i%block < dagmm.ContextWarmUp && !got.exclude[i], "row %d has no context", i)
		require.False(t, i > 0 && got.x.At(i, 0) <= got.x.At(i-1, 0))
	}
	require.Contains(t, got.note, "60 blocks of 500 rows, spread evenly over all 1000003")
}

func TestLongFile(t *testing.T) {
	table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: mostTrained + 1000, Seed: 1})
	require.NoError(t, err)
	table.X.Set(20_000, 0, 1000)
	var b strings.Builder
	b.WriteString(strings.Join(table.Columns, ",") + "\n")
	for i := range mostTrained + 1000 {
		for j := range table.Columns {
			fmt.Fprintf(&b, "%.4g,", table.X.At(i, j))
		}
		b.WriteString("\n")
	}
	in, out := save(t, "long.csv", strings.ReplaceAll(b.String(), ",\n", "\n")), filepath.Join(t.TempDir(), "out.csv")
	got := invoke(t, "", "-in", in, "-out", out, "-preset", "metrics", "-epochs", "1")
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stdout, "spread evenly over all 31000")
	text, err := os.ReadFile(out)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.Len(t, lines, mostTrained+1001, "every row is scored")
	require.Contains(t, lines[20_001], ",true,")
}
