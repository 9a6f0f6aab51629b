package dagmm_test

import (
	"bytes"
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

func TestModelKeepsItsReading(t *testing.T) {
	cfg := small(train.Metrics())
	cfg.Columns = dataset.HostMetrics()
	cfg.Reading = &dagmm.Reading{Counters: []string{"net_in"}, Sentinels: []float64{-1}, ColumnSentinels: map[string][]float64{"mem": {9999}},
		Scale: map[string]float64{"net_in": 8}, Missing: []string{"n.a."}}
	m := fit(t, host(200, 1, false), cfg)
	require.Equal(t, cfg.Reading, m.Reading())
	for _, shared := range []*dagmm.Reading{cfg.Reading, m.Reading()} {
		want := m.Reading()
		shared.Counters[0], shared.ColumnSentinels["mem"][0] = "x", 0
		require.Equal(t, want, m.Reading(), "the model's own")
		shared.Counters[0], shared.ColumnSentinels["mem"][0] = "net_in", 9999
	}
	var file bytes.Buffer
	require.NoError(t, m.Save(&file))
	back, err := dagmm.Load(&file)
	require.NoError(t, err)
	require.Equal(t, cfg.Reading, back.Reading())

	cfg.Reading = nil
	require.Nil(t, fit(t, host(200, 1, false), cfg).Reading())
}

func TestReadingFitsTheModel(t *testing.T) {
	for name, r := range map[string]dagmm.Reading{
		"counter":         {Counters: []string{"net"}},
		"sentinel":        {Sentinels: []float64{math.NaN()}},
		"sentinel column": {ColumnSentinels: map[string][]float64{"net": {1}}},
		"column sentinel": {ColumnSentinels: map[string][]float64{"mem": {math.Inf(1)}}},
		"scale column":    {Scale: map[string]float64{"net": 8}},
		"scale":           {Scale: map[string]float64{"mem": math.NaN()}},
		"scale of 0":      {Scale: map[string]float64{"mem": 0}},
		"scale of a file": {Series: []string{"dev"}, Scale: map[string]float64{"rx": 0}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := small(train.Metrics())
			cfg.Columns, cfg.Reading = dataset.HostMetrics(), &r
			_, _, err := train.Fit(context.Background(), host(200, 1, false), cfg)
			require.ErrorIs(t, err, train.ErrConfig, "before the training")
			require.ErrorIs(t, err, dagmm.ErrModel)
		})
	}
}

// Where series became columns, the settings are those of the file's columns.
func TestReadingOfSeries(t *testing.T) {
	r := dagmm.Reading{Series: []string{"dev"}, Value: []string{"busy", "rx"}, Counters: []string{"rx"}, Scale: map[string]float64{"rx": 8}}
	require.NoError(t, r.Check([]string{"eth0/busy", "eth0/rx"}))
	cfg := small(train.Metrics())
	cfg.Columns, cfg.Reading = dataset.HostMetrics(), &r
	m := fit(t, host(200, 1, false), cfg)
	m.Reading().Series[0] = "changed"
	require.Equal(t, &r, m.Reading())
}
