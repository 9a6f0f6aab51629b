package anomalyconnector

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/metric-streams/anomaly/examples/otelcol/internal/watch"
)

func TestConfig(t *testing.T) {
	load := func(name string) (*Config, error) {
		all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
		require.NoError(t, err)
		sub, err := all.Sub(name)
		require.NoError(t, err)
		cfg := NewFactory().CreateDefaultConfig().(*Config)
		if err := sub.Unmarshal(cfg); err != nil {
			return nil, err
		}
		return cfg, confmap.Validate(cfg)
	}
	cfg, err := load("anomaly")
	require.NoError(t, err)
	require.Equal(t, watch.Default(), cfg)

	cfg, err = load("anomaly/all")
	require.NoError(t, err)
	merge := time.Duration(0)
	require.Equal(t, &Config{
		Directory: "/var/lib/otelcol/anomaly", Interval: 30 * time.Second, ResourceAttributes: []string{"host.name", "service.name"},
		MaxStreams: 500, Forget: 24 * time.Hour,
		Metrics: []watch.MetricConfig{
			{Name: "requests", From: []string{"http.server.requests", "http.server.request.count"}, Kind: "rate", Unit: "{request}/s", Direction: "low", MinDeviation: 5},
			{Name: "latency", From: []string{"http.server.latency"}, Attributes: map[string][]string{"route": {"/api/*", "/login"}}, Exclude: map[string][]string{"method": {"OPTIONS"}},
				Kind: "value", Aggregation: "max", Scale: 1000, Floor: 2, Unit: "ms", Direction: "high"},
		},
		Training: watch.TrainingConfig{Preset: "pca", WarmUp: 500, Retrain: 12 * time.Hour, Workers: 2, Seasonal: true, Zone: "Europe/Berlin"},
		Alarms:   watch.AlarmsConfig{Budget: 2, Open: 3, Of: 5, Gap: 10 * time.Minute, Merge: &merge},
	}, cfg)

	_, err = load("anomaly/wrong")
	for _, part := range []string{"interval: 0s", "max_streams: 0", "forget: -1h0m0s", "resource_attributes", `aggregation "median"`, `"a" is there twice`, `number 2, "a": from: want names`, `preset "best"`} {
		require.ErrorContains(t, err, part)
	}
	_, err = load("anomaly/budget")
	require.ErrorContains(t, err, "-3")
	_, err = load("anomaly/unknown")
	require.ErrorContains(t, err, "intervall")
}
