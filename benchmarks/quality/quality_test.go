package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/benchmarks/internal/simple"
	"github.com/metric-streams/anomaly/benchmarks/internal/suite"
)

// madeData writes two machines and one table in the form that README.md
// describes. The faults are large, so that any method finds them.
func madeData(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 1))
	series := func(path string, n, every int) {
		var b strings.Builder
		b.WriteString("cpu,mem,label\n")
		for i := range n {
			fault := every > 0 && i%every > every-5
			cpu, mem, label := .5+.1*rng.NormFloat64(), .3+.02*rng.NormFloat64(), 0
			if fault {
				cpu, label = cpu+2, 1
			}
			fmt.Fprintf(&b, "%.6g,%.6g,%d\n", cpu, mem, label)
		}
		path = filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o666))
	}
	for _, m := range []string{"m1", "m2"} {
		series("asd/"+m+"_train.csv", 600, 0)
		series("asd/"+m+"_test.csv", 600, 100)
	}
	series("adbench/made.csv", 400, 40)
	return dir
}

func quality(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), args, &out))
	return out.String()
}

func TestRunResumesAndRepeats(t *testing.T) {
	dir, out := madeData(t), t.TempDir()
	args := []string{"-data", dir, "-out", out, "-suite", "asd,tabular", "-methods", `random,gaussian,knn{"K":3}+context`, "-seeds", "2"}
	first := quality(t, args...)
	require.Contains(t, first, "| `gaussian` | 1.000±.000 |")
	require.Contains(t, first, "macro mean over 2 machines")
	file := filepath.Join(out, "results.jsonl")
	stored, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, 3*3*2, bytes.Count(stored, []byte("\n")))

	// A line that was cut off is run again, everything else is kept.
	require.NoError(t, os.WriteFile(file, stored[:len(stored)-7], 0o666))
	resumed := quality(t, args...)
	require.Equal(t, withoutTimes(first), withoutTimes(resumed))
	again, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, 3*3*2, bytes.Count(again, []byte("\n")))
	last := bytes.LastIndexByte(stored[:len(stored)-1], '\n')
	require.Equal(t, stored[:last], again[:last])

	// Computed afresh elsewhere, the tables are the same.
	args[3] = t.TempDir()
	require.Equal(t, withoutTimes(first), withoutTimes(quality(t, append(args, "-parallel", "1")...)))
	for _, name := range []string{"asd.svg", "tabular.svg", "tables.md"} {
		info, err := os.Stat(filepath.Join(out, name))
		require.NoError(t, err)
		require.NotZero(t, info.Size())
	}
}

// withoutTimes blanks the one column that is a time.
func withoutTimes(tables string) string {
	lines := strings.Split(tables, "\n")
	for i, l := range lines {
		if cells := strings.Split(l, " | "); len(cells) == 11 {
			cells[8] = ""
			lines[i] = strings.Join(cells, "|")
		}
	}
	return strings.Join(lines, "\n")
}

func TestFailuresAreCounted(t *testing.T) {
	out := quality(t, "-data", madeData(t), "-out", t.TempDir(), "-suite", "asd", "-methods", `knn{"K":100000},maxz`, "-machines", "m1")
	require.Contains(t, out, "| 0 | 1 |")
	require.Contains(t, out, "| 1 | 0 |")
}

func TestContaminationIsAnotherRun(t *testing.T) {
	dir, out := madeData(t), t.TempDir()
	text := quality(t, "-data", dir, "-out", out, "-suite", "tabular", "-methods", "maxz", "-contamination", "0,.05")
	require.Contains(t, text, "`maxz`")
	require.Contains(t, text, "`maxz` 5 %")
}

func TestBadArguments(t *testing.T) {
	dir := madeData(t)
	for want, args := range map[string][]string{
		"is none of":        {"-data", dir, "-suite", "smd5"},
		"-data":             {"-data", "", "-suite", "asd"},
		"nothing to run":    {"-data", dir, "-suite", "asd", "-machines", "m9"},
		"method":            {"-data", dir, "-suite", "asd", "-methods", "nope"},
		"-contamination":    {"-data", dir, "-suite", "tabular", "-contamination", "2"},
		"flags only":        {"asd"},
		"no such file":      {"-data", filepath.Join(dir, "none"), "-suite", "asd"},
		"want at least one": {"-data", dir, "-suite", "asd", "-seeds", "0"},
	} {
		err := run(context.Background(), append([]string{"-out", t.TempDir()}, args...), &bytes.Buffer{})
		require.ErrorContains(t, err, want)
	}
}

func TestCancelKeepsWhatIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	out := t.TempDir()
	err := run(ctx, []string{"-data", madeData(t), "-out", out, "-suite", "asd"}, &bytes.Buffer{})
	require.ErrorIs(t, err, context.Canceled)
	stored, err := os.ReadFile(filepath.Join(out, "results.jsonl"))
	require.NoError(t, err)
	require.Empty(t, stored)
}

func TestMacroByHand(t *testing.T) {
	r := row{}
	for _, v := range []struct {
		machine string
		seed    uint64
		value   float64
	}{{"a", 1, 1}, {"a", 2, 3}, {"b", 1, 5}, {"b", 2, 9}, {"b", 3, 100}} {
		r.runs = append(r.runs, result{job: job{Machine: v.machine, Seed: v.seed}, Metrics: map[string]float64{"ap": v.value}})
	}
	mean, sd := r.macro("ap")
	require.InDelta(t, (2+114./3)/2, mean, 1e-12)
	require.InDelta(t, math.Sqrt2*1.5, sd, 1e-12, "seeds 1 and 2 average 3 and 6; seed 3 misses a machine")
	mean, _ = r.macro("none")
	require.True(t, math.IsNaN(mean))
}

func TestNumber(t *testing.T) {
	for want, v := range map[string]float64{".123": .1234, "1.000": 1, "-.500": -.5, "12.3": 12.34, "2.00": 2, "123": 123.4, "–": math.NaN(), ".000": 0} {
		require.Equal(t, want, number(v))
	}
}

func TestSampleExplainsAndOutliersAreFound(t *testing.T) {
	text := quality(t, "-out", t.TempDir(), "-suite", "sample,outliers", "-methods", "gaussian,maxz,random", "-machines", "-1", "-seeds", "2")
	require.Contains(t, text, "| method | hit | of 3 | hit broken correlation | hit level shift | hit out of range | hit stuck | two seeds agree |")
	var hits, both []string
	for _, l := range strings.Split(text, "\n") {
		if cells := strings.Split(l, " | "); strings.HasPrefix(l, "| `gaussian`") && len(cells) == 8 {
			hits = cells
		} else if strings.HasPrefix(l, "| `gaussian`") && len(cells) == 5 {
			both = append(both, cells[1])
		}
	}
	require.Len(t, hits, 8)
	require.Equal(t, "1.000 |", hits[7], "a Gaussian does not depend on the seed")
	require.NotEmpty(t, both)
	require.Equal(t, "1.000±.000", both[0])
}

func TestStabilityByHand(t *testing.T) {
	r := row{}
	for seed, blamed := range [][]int{{0, 1, 2}, {0, 1, 1}, {0, 3, 3}} {
		r.runs = append(r.runs, result{job: job{Machine: "a", Seed: uint64(seed)}, Blamed: blamed})
	}
	require.InDelta(t, (3+1+0)/9., r.stability(), 1e-15, "agreeing pairs of the three faults")
	require.True(t, math.IsNaN(row{}.stability()))
}

func TestDefaultMethodsParse(t *testing.T) {
	for _, name := range suite.Names {
		for _, m := range simple.Split(defaultMethods(name)) {
			_, err := simple.Parse(m, simple.Options{})
			require.NoError(t, err)
		}
	}
}
