package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
)

func TestRequiresData(t *testing.T) {
	require.ErrorContains(t, run(context.Background(), options{}, &bytes.Buffer{}), "ANOMALY_DATA")
}

func TestUnknownPreset(t *testing.T) {
	_, err := presets("best")
	require.ErrorContains(t, err, "best")
}

// At a budget of one alarm a day no machine has more than two false ones.
func TestBudgetOnRealServers(t *testing.T) {
	data := os.Getenv("ANOMALY_DATA")
	if data == "" {
		t.Skip("ANOMALY_DATA is not set: no server recordings to measure on")
	}
	if _, err := os.Stat(filepath.Join(data, "asd")); err != nil {
		t.Skip("no folder asd in ANOMALY_DATA")
	}
	var out bytes.Buffer
	o := options{data: data, preset: "predict", sets: []string{"asd"}, seed: 1, policy: dagmm.DetectorConfig{Budget: 1}}
	require.NoError(t, run(context.Background(), o, &out))
	rows := 0
	for _, line := range strings.Split(out.String(), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 9 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "omi") {
			continue
		}
		rows++
		require.Less(t, strings.TrimSpace(cells[3]), "2", line)
	}
	require.NotZero(t, rows)
}
