package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

const smallest = "metrics: [{name: cpu, query: up}]\n"

func TestDefaults(t *testing.T) {
	c, err := parseConfig([]byte(smallest))
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:9815", c.Listen)
	require.Equal(t, []string{"instance"}, c.By)
	require.Equal(t, model.Duration(15*time.Second), *c.Source.Delay)
	require.Equal(t, "series", c.Training.Preset)
	c, err = parseConfig([]byte(smallest + "source: {interval: 5s, delay: 0s}\n"))
	require.NoError(t, err)
	require.Equal(t, "metrics", c.Training.Preset)
	require.Zero(t, *c.Source.Delay)
}

func TestConfigMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "there are none",
		"metrics: [{name: cpu}]":              "number 1 has no name or no query",
		"metric: []":                          "metric",
		smallest + "bye: [a]":                 "bye",
		smallest + "by: [metric]":             "metric",
		smallest + "by: [a, a]":               "a",
		smallest + "by: ['a b']":              "a b",
		smallest + "source: {url: here}":      "source",
		smallest + "source: {interval: soon}": "soon",
		smallest + "alertmanager: {}":         "no urls",
		smallest + "alertmanager: {urls: ['http://a'], labels: {instance: x}}":                    "instance",
		smallest + "webhook: {url: 'ftp://a'}":                                                    "webhook",
		smallest + "training: {preset: best}":                                                     "best",
		smallest + "training: {zone: Nowhere/Town}":                                               "zone",
		smallest + "training: {warm_up: 100000}":                                                  "warm-up",
		smallest + "alarms: {budget: -1}":                                                         "budget",
		smallest + "listen: nowhere":                                                              "listen",
		"metrics: [{name: a, query: up}, {name: a, query: up}]":                                   "twice",
		"metrics: [{name: a, query: up, direction: left}]":                                        "left",
		smallest + "source: {http: {basic_auth: {username: a}, authorization: {credentials: b}}}": "basic_auth",
	} {
		_, err := parseConfig([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

func TestSettingsReachTheMonitor(t *testing.T) {
	c, err := parseConfig([]byte(`
metrics: [{name: cpu, query: a, direction: high, min_deviation: 5}, {name: mem, query: b}]
alarms: {budget: 2, open: 3, of: 5, gap: 2m, merge: 3m}
training: {warm_up: 200, retrain: 12h, workers: 2, seasonal: true, zone: Europe/Berlin}
source: {interval: 30s}
max_streams: 7
`))
	require.NoError(t, err)
	m, err := c.monitor()
	require.NoError(t, err)
	require.Equal(t, []string{"cpu", "mem"}, m.Columns)
	require.Equal(t, map[string]alarm.MetricRule{"cpu": {Direction: alarm.High, MinDeviation: 5}}, m.Detector.Metrics)
	require.Equal(t, 2., m.Detector.Budget)
	require.Equal(t, []int{3, 5, 200, 2, 7}, []int{m.Detector.Open, m.Detector.Of, m.WarmUp, m.Workers, m.MaxStreams})
	require.Equal(t, []time.Duration{2 * time.Minute, 3 * time.Minute, 12 * time.Hour, 30 * time.Second}, []time.Duration{m.Detector.Gap, m.Detector.Merge, m.Retrain, m.Interval})
	require.Equal(t, "Europe/Berlin", m.Zone.String())
	c, err = parseConfig([]byte(smallest + "alarms: {merge: 0s}\n"))
	require.NoError(t, err)
	m, err = c.monitor()
	require.NoError(t, err)
	require.Negative(t, m.Detector.Merge)
}

// Paths are relative to the file, and a token that is not there is told.
func TestLoadConfig(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.yml")
	require.NoError(t, os.WriteFile(path, []byte(smallest+"token_file: token\n"), 0o600))
	_, err := loadConfig(path)
	require.ErrorContains(t, err, "token")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "token"), []byte("\n"), 0o600))
	_, err = loadConfig(path)
	require.ErrorContains(t, err, "is empty")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "token"), []byte("secret\n"), 0o600))
	c, err := loadConfig(path)
	require.NoError(t, err)
	require.Equal(t, "secret", c.token)
	require.Equal(t, filepath.Join(dir, "anomaly.state"), c.Dir)
}
