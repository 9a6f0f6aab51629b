package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/monitor"
)

func TestConfig(t *testing.T) {
	c, err := loadConfig("anomaly.toml")
	require.NoError(t, err)
	require.Equal(t, usualMetrics()[0], func() metricConfig { m := c.Metrics[0]; m.Join = ""; return m }(), "the example is the default")
	plain := usual(t)
	require.Equal(t, plain.Metrics, c.Metrics)
	require.Equal(t, plain.Interval, c.Interval)
	require.Equal(t, []string{"cpu", "mem", "disk", "net_in"}, c.monitor().Columns)

	dir := t.TempDir()
	path := filepath.Join(dir, "x.toml")
	for text, want := range map[string]string{
		"interval = \"2s\"\n":                "",
		"intervall = \"2s\"\n":               "unknown key intervall",
		"interval = \"x\"\n":                 "interval",
		"interval = \"1ns\"\n":               "interval 1ns",
		"[[metrics]]\nmeasurement = \"a\"\n": `metric 1 has measurement "a" and field ""`,
		"[[metrics]]\nmeasurement=\"a\"\nfield=\"b\"\njoin=\"median\"\n":                             "join is \"median\"",
		"[[metrics]]\nmeasurement=\"a\"\nfield=\"b\"\n[[metrics]]\nmeasurement=\"a\"\nfield=\"b\"\n": `two metrics are called "a_b"`,
		"[training]\npreset = \"none\"\n":                                                            "there is no preset",
		"by = 1\n":                                                                                   "by",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		c, err := loadConfig(path)
		if want != "" {
			require.ErrorContains(t, err, want)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, 2*time.Second, c.Interval)
		require.Equal(t, filepath.Join(dir, "anomaly.state"), c.Dir)
		mc := c.monitor()
		m, err := monitor.Open(mc)
		require.NoError(t, err)
		require.NoError(t, m.Close())
	}
	_, err = loadConfig(filepath.Join(dir, "none.toml"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
