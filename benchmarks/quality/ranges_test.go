package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/benchmarks/internal/suite"
	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

// mostExplained flagged rows of a recording are explained: the test is about kinds of rows.
const mostExplained = 200

// inSentences finds "x is 5, expected 1 to 2" and "x 5 while y 3; usually x 1 to 2 there".
var inSentences = regexp.MustCompile(` is (\S+), (?:expected|usually) (\S+)(?: to (\S+?))?(?:;| after| with|$)`)
var inRelations = regexp.MustCompile(` (\S+) while .* usually .* (\S+) to (\S+) there`)

// No flagged row prints a range that contains the value it is held against, over the embedded
// recording and generated hosts, and over real data where ANOMALY_DATA names their folder.
func TestNoPrintedRangeContainsItsValue(t *testing.T) {
	members, err := suite.Members("", "sample")
	require.NoError(t, err)
	for _, name := range members {
		loaded, err := suite.Load("", "sample", name)
		require.NoError(t, err)
		s := loaded.(*suite.Series)
		requireRangesOutside(t, name, s.Columns, s.Train, s.Test)
	}
	dir := os.Getenv("ANOMALY_DATA")
	if dir == "" {
		t.Log("set ANOMALY_DATA for the real recordings (README.md says where they come from)")
		return
	}
	for _, suiteName := range []string{"smd4", "asd", "jumpstarter", "nezha-boutique", "dcml"} {
		machines, err := suite.Members(dir, suiteName)
		require.NoError(t, err)
		for _, name := range machines {
			s, err := suite.LoadSeries(dir, suiteName, name)
			require.NoError(t, err)
			requireRangesOutside(t, suiteName+"/"+name, s.Columns, s.Train, s.Test)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "exports", "*.csv"))
	require.NoError(t, err)
	for _, file := range files {
		table, err := dataset.ReadCSVFile(file, dataset.CSVOptions{})
		if err != nil {
			t.Logf("%s: not read: %v", filepath.Base(file), err)
			continue
		}
		requireRangesOutside(t, filepath.Base(file), table.Columns, table.X, table.X)
	}
}

func requireRangesOutside(t *testing.T, name string, columns []string, learnt, x *mat.Dense) {
	for preset, cfg := range map[string]train.Config{"metrics": train.Metrics(), "series": train.Series()} {
		t.Run(name+" "+preset, func(t *testing.T) {
			cfg.Columns, cfg.Seed = columns, 1
			cfg.Members, cfg.Optimizer.MinSteps = 2, 300
			m, _, err := train.Fit(context.Background(), learnt, cfg)
			if err != nil {
				t.Skipf("cannot be learnt: %v", err)
			}
			energies, err := m.Series(nil, x)
			require.NoError(t, err)
			flagged, ranges, related := 0, 0, 0
			for r, e := range energies {
				if !(e > m.Threshold()) || flagged == mostExplained {
					continue
				}
				flagged++
				why, err := m.ExplainSeries(x, r)
				require.NoError(t, err)
				for _, c := range why.Contributions {
					value, expected := c.Text()
					low, high, found := strings.Cut(expected, " to ")
					if !found {
						high = low
					}
					if expected != "-" && !c.Constant {
						requireOutside(t, why, value, low, high)
					}
				}
				for _, f := range inSentences.FindAllStringSubmatch(why.String(), -1) {
					if f[3] == "" {
						f[3] = f[2]
					}
					requireOutside(t, why, f[1], f[2], f[3])
					ranges++
				}
				if f := inRelations.FindStringSubmatch(why.String()); f != nil {
					requireOutside(t, why, f[1], f[2], f[3])
					related++
				}
			}
			t.Logf("%d flagged rows, %d ranges, %d relations in sentences", flagged, ranges, related)
		})
	}
}

func requireOutside(t *testing.T, why *dagmm.Explanation, texts ...string) {
	t.Helper()
	var n [3]float64
	for i, s := range texts {
		var err error
		n[i], err = strconv.ParseFloat(s, 64)
		require.NoError(t, err, why.String())
	}
	require.False(t, n[0] >= n[1] && n[0] <= n[2], "%s in %s to %s: %s", texts[0], texts[1], texts[2], why)
}
