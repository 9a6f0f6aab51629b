package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/examples/anomalyd/align"
)

const smallest = "metrics: [{name: cpu, query: up}]\n"

func TestDefaults(t *testing.T) {
	c, err := parseConfig([]byte(smallest))
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:9815", c.Listen)
	require.Equal(t, []string{"instance"}, c.By)
	require.Equal(t, model.Duration(15*time.Second), *c.Sources.Prometheus.Delay)
	require.Equal(t, "series", c.Training.Preset)
	c, err = parseConfig([]byte(smallest + "source: {interval: 5s, delay: 0s}\n"))
	require.NoError(t, err)
	require.Equal(t, "metrics", c.Training.Preset)
	require.Zero(t, *c.Sources.Prometheus.Delay)
}

func TestConfigMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "there are none",
		"metrics: [{name: cpu}]":              "cpu has no query, which the source prometheus needs",
		"metrics: [{query: up}]":              "number 1 has no name",
		"metric: []":                          "metric",
		smallest + "bye: [a]":                 "bye",
		smallest + "by: [metric]":             "metric",
		smallest + "by: [a, a]":               "a",
		smallest + "by: ['a b']":              "a b",
		smallest + "source: {url: here}":      "source",
		smallest + "source: {interval: soon}": "soon",
		smallest + "alertmanager: {}":         "no urls",
		smallest + "alertmanager: {urls: ['http://a'], labels: {instance: x}}":                                    "instance",
		smallest + "webhook: {url: 'ftp://a'}":                                                                    "webhook",
		smallest + "training: {preset: best}":                                                                     "best",
		smallest + "training: {zone: Nowhere/Town}":                                                               "zone",
		smallest + "training: {warm_up: 100000}":                                                                  "warm-up",
		smallest + "alarms: {budget: -1}":                                                                         "budget",
		smallest + "listen: nowhere":                                                                              "listen",
		"metrics: [{name: a, query: up}, {name: a, query: up}]":                                                   "twice",
		"metrics: [{name: a, query: up, direction: left}]":                                                        "left",
		smallest + "source: {http: {basic_auth: {username: a}, authorization: {credentials: b}}}":                 "basic_auth",
		smallest + "source: {}\nsources: {prometheus: {}}":                                                        "the same",
		smallest + "interval: 1s\nsource: {interval: 2s}":                                                         "the interval is 1s",
		smallest + "sources: {remote_write: }":                                                                    "cpu has no remote_write",
		smallest + "sources: {file: {}}":                                                                          "file",
		pushed + "sources: {remote_write: {path: here}}":                                                          "path",
		pushed + "sources: {remote_write: {path: /metrics}}":                                                      "path",
		pushed + "sources: {remote_write: {path: /verdict}}":                                                      "path",
		"metrics: [{name: cpu, remote_write: a, otlp: b}]\nsources: {remote_write: {path: /a}, otlp: {path: /a}}": "same path",
		pushed + "sources: {remote_write: {labels: {host: h}}}":                                                   "host",
		pushed + "sources: {remote_write: {wait: -1s}}":                                                           "1s",
		pushed + "sources: {otlp: {}}":                                                                            "cpu has no otlp",
		pushed + "sources: {remote_write: {}}\nlisten: ':9815'":                                                   "token_file",
		"metrics: [{name: cpu, remote_write: 'a{'}]\nsources: {remote_write: {}}":                                 "selector",
		"metrics: [{name: cpu, remote_write: {series: a, aggregate: best}}]\nsources: {remote_write: {}}":         "best",
		"metrics: [{name: cpu, remote_write: {serie: a}}]\nsources: {remote_write: {}}":                           "serie",
		"metrics: [{name: cpu}]\nsources: {csv: {}}":                                                              "no files",
		"metrics: [{name: cpu}]\nsources: {csv: {files: ['[']}}":                                                  "pattern",
		"metrics: [{name: cpu}]\nsources: {csv: {files: [a], comma: ',,'}}":                                       "one character",
		"by: [a, b]\nmetrics: [{name: cpu}]\nsources: {csv: {files: [a]}}":                                        "only one",
		"metrics: [{name: cpu}]\nsources: {csv: {files: [a], labels: {host: x}}}":                                 "host",
		"metrics: [{name: cpu}]\nsources: {csv: {files: [a], zone: Nowhere/Town}}":                                "zone",
	} {
		_, err := parseConfig([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

const pushed = "metrics: [{name: cpu, remote_write: up}]\n"

// Sources without settings have their defaults, and what one file said before there were others
// still says the same.
func TestSources(t *testing.T) {
	c, err := parseConfig([]byte(`
metrics:
  - {name: cpu, remote_write: 'cpu_total{mode="idle"}', otlp: {series: cpu, aggregate: mean, scale: 100}, query: x}
sources: {remote_write: , otlp: , prometheus: , csv: {files: ['*.csv']}}
`))
	require.NoError(t, err)
	require.Equal(t, []string{csvSource, otlpSource, prometheusSource, remoteWriteSource}, c.Sources.names())
	require.Equal(t, "/api/v1/write", c.Sources.RemoteWrite.Path)
	require.Equal(t, "/v1/metrics", c.Sources.OTLP.Path)
	require.Equal(t, model.Duration(15*time.Second), c.Sources.OTLP.Wait)
	require.True(t, c.Sources.Prometheus.HTTP.FollowRedirects)
	require.Equal(t, "cpu", c.Metrics[0].Column)
	require.Equal(t, `cpu_total{mode="idle"}`, c.Metrics[0].RemoteWrite.Series)
	require.Equal(t, align.Column{Aggregate: "mean", Scale: 100}, c.Metrics[0].OTLP.column())

	c, err = parseConfig([]byte(smallest + "source: {url: 'http://p', interval: 30s}\n"))
	require.NoError(t, err)
	require.Equal(t, model.Duration(30*time.Second), c.Interval)
	require.Equal(t, "http://p", c.Sources.Prometheus.URL)
	require.Equal(t, []string{prometheusSource}, c.Sources.names())
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
