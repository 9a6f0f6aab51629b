package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

func TestRequiresData(t *testing.T) {
	require.ErrorContains(t, run(context.Background(), options{sets: []string{"asd"}}, &bytes.Buffer{}), "ANOMALY_DATA")
}

func TestUnknownPreset(t *testing.T) {
	_, err := presets("best")
	require.ErrorContains(t, err, "best")
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, printTable(&out, "set", []outcome{
		{machine: "a", moved: .05, episodes: .5, recall: .75, oracle: point{1, .8}, blind: .7},
		{machine: "b", moved: .4, episodes: 1.5, recall: .25, oracle: point{1, .5}, blind: .3},
	}))
	require.Contains(t, out.String(), "1 of 2 machines at one false episode a day or fewer (50 %), median 1.50, worst 1.50; event recall 0.500 (oracle threshold at one false episode a day: 0.650; blind threshold at one alarm a day: 0.500;")
	require.Contains(t, out.String(), "Moved for good: b 0.250 of the oracle's 0.500\n")
}

// At a budget of one alarm a day no machine has more than two false ones, and machines that
// have moved for good keep half of what the best threshold would find.
func TestBudgetOnRealServers(t *testing.T) {
	data := os.Getenv("ANOMALY_DATA")
	if data == "" {
		t.Skip("ANOMALY_DATA is not set: no server recordings to measure on")
	}
	o := options{data: data, preset: "series", seeds: 1, policy: alarm.Config{Budget: 1}}
	for set, recall := range map[string]float64{"smd4": .5, "asd": .8} {
		if _, err := os.Stat(filepath.Join(data, set)); err != nil {
			t.Skipf("no folder %s in ANOMALY_DATA", set)
		}
		rows, err := measureSet(context.Background(), o, set)
		require.NoError(t, err)
		require.NotEmpty(t, rows)
		var mean float64
		for _, r := range rows {
			require.LessOrEqual(t, r.episodes, 2., r.machine)
			if r.moved >= movedFrom {
				require.GreaterOrEqual(t, r.recall, r.oracle.recall/2, r.machine)
			}
			mean += r.recall / float64(len(rows))
		}
		require.Greater(t, mean, recall, set)
	}
}
