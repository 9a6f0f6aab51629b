package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTableOfBothSides(t *testing.T) {
	r := newResults()
	require.NoError(t, parse([]byte("goos: linux\nBenchmarkStep/d4_batch128   \t 10\t 30000 ns/op\t 30.00 µs/step\nBenchmarkStep/d4_batch128 \t 10\t 20000 ns/op\nBenchmarkEnergies4D/reference/one_core 1 2000000 ns/op 50 Mrows/s\nPASS\n"), r.library))
	require.NoError(t, r.parseTorch("version 1.13.1\nStep/d4_batch128 1000000.5 jit, foreach\nEnergies4D 1e7 eager, 1000 rows a call\n"))
	table := r.table(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
	require.Contains(t, table, "PyTorch 1.13.1 (float32), 2026-01-02")
	require.Contains(t, table, "| training step, 4-12-4-1, batch 128 | 20 µs | 1000 µs | 50 | jit, foreach |")
	require.Contains(t, table, "| energies of 100,000 rows | 50 M rows/s | 10 M rows/s | 5 | eager, 1000 rows a call |")
	require.Error(t, r.parseTorch("nonsense"))
}

func TestWithoutPyTorchItSaysSo(t *testing.T) {
	require.NoError(t, compare(1, .1, "false"))
}
