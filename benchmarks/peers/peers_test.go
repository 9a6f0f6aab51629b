package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTableOfBothSides(t *testing.T) {
	r := newResults()
	require.NoError(t, parse([]byte("goos: linux\nBenchmarkStep/d4_batch128   \t 10\t 30000 ns/op\t 30.00 µs/step\nBenchmarkStep/d4_batch128 \t 10\t 20000 ns/op\nBenchmarkEnergies4D/reference/one_core 1 2000000 ns/op 50 Mrows/s\nPASS\n"), r.library))
	require.NoError(t, r.torch.parse("version 1.13.1\nStep/d4_batch128 1000000.5 jit, foreach\nEnergies4D 1e7 eager, 1000 rows a call\n"))
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	tables := r.tables(now)
	require.Contains(t, tables, "PyTorch 1.13.1 (float32), 2026-01-02")
	require.Contains(t, tables, "| training step, 4-12-4-1, batch 128 | 20 µs | 1000 µs | 50 | jit, foreach |")
	require.Contains(t, tables, "| energies of 100,000 rows | 50 M rows/s | 10 M rows/s | 5 | eager, 1000 rows a call |")
	require.NotContains(t, tables, "scikit-learn")
	require.Error(t, r.torch.parse("nonsense"))
	require.Error(t, r.torch.parse("case soon fast"))

	require.NoError(t, parse([]byte("BenchmarkFit1000x4 1 25000000 ns/op\nBenchmarkScore1000x4/default 1 60000 ns/op\n"), r.library))
	require.NoError(t, r.sklearn.parse("version 1.2.1\nIsolationForest/fit 66000000 100 trees\nIsolationForest/score 2e7 100 trees\nGaussianMixture/fit 1 2 components\n"))
	tables = r.tables(now)
	require.Contains(t, tables, "scikit-learn 1.2.1")
	require.Contains(t, tables, "| DAGMM, default preset | this library | 25 | 0.06 | – |")
	require.Contains(t, tables, "| isolation forest | scikit-learn | 66 | 20 | 100 trees |")
	require.NotContains(t, tables, "Gaussian mixture", "it was not scored")
}

func TestWithoutPeersItSaysSo(t *testing.T) {
	require.NoError(t, compare(1, .1, "false"))
}
