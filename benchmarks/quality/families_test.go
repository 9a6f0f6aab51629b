package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Folders of a user's own are judged like the known suites, times and all, and two of them are
// compared as families.
func TestOwnFoldersAreFamilies(t *testing.T) {
	dir := madeData(t)
	own := filepath.Join(dir, "mine")
	require.NoError(t, os.Mkdir(own, 0o777))
	for _, part := range []string{"train", "test"} {
		text, err := os.ReadFile(filepath.Join(dir, "asd", "m1_"+part+".csv"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(own, "web_"+part+".csv"), withTimes(text), 0o666))
	}
	got := quality(t, "-data", dir, "-out", t.TempDir(), "-suite", "asd,mine", "-methods", "random,gaussian", "-per-day", "720")
	require.Contains(t, got, "## mine: macro mean over 1 machines")
	require.Contains(t, got, "| `gaussian` | 1.000 (1.000 to 1.000) |")
	require.Contains(t, got, "| mine | `gaussian` | 1.000 / 1.000 | 1.000 `gaussian` | 1.000 `gaussian` |")
}

func withTimes(text []byte) []byte {
	out := []byte("time,")
	second := 1700000000
	for _, b := range text {
		out = append(out, b)
		if b == '\n' {
			out = fmtTime(out, second)
			second += 120
		}
	}
	return out[:len(out)-len("1700000000,")]
}

func TestIntervalHoldsTheMean(t *testing.T) {
	require.Equal(t, "–", interval(nil))
	require.Equal(t, ".500 (.500 to .500)", interval([]float64{.5, .5, .5}))
	wide := interval([]float64{0, 0, 0, 0, 1, 1, 1, 1})
	require.Regexp(t, `^\.500 \(\.1\d\d to \.8\d\d\)$`, wide)
	require.Equal(t, wide, interval([]float64{0, 0, 0, 0, 1, 1, 1, 1}), "the same each time")
}

func TestLeavingOutChoosesByTheOthers(t *testing.T) {
	h := func(a, b float64) hostScores {
		return hostScores{"x": {"h": a}, "y": {"h": b}}
	}
	require.InDelta(t, .4, familyMean(h(.2, .6), []string{"x", "y"}), 1e-12)
	require.Equal(t, []float64{.1, -.1}, roundAll(values(h(.5, .5), h(.4, .6), []string{"x", "y"})))
	require.Equal(t, "b", best([]string{"a", "b", "c"}, func(m string) float64 { return map[string]float64{"a": 1, "b": 2, "c": 2}[m] }))
}

func fmtTime(b []byte, second int) []byte { return fmt.Appendf(b, "%d,", second) }

func roundAll(v []float64) []float64 {
	for i := range v {
		v[i] = math.Round(v[i]*1e9) / 1e9
	}
	return v
}
