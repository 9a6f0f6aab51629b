package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/examples/anomalyd/align"
	"github.com/metric-streams/anomaly/examples/anomalyd/series"
)

func labelsOf(pairs ...string) (out series.Labels) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, series.Label{Name: []byte(pairs[i]), Value: []byte(pairs[i+1])})
	}
	return out
}

func matched(s *selector, name string, l series.Labels, counter bool) (out []align.Sample) {
	s.match(name, l, counter, func(one align.Sample) { out = append(out, one) })
	return out
}

func testSelector(t *testing.T, source, text string) *selector {
	c, err := parseConfig([]byte(text))
	require.NoError(t, err)
	s, err := newSelector(c, source)
	require.NoError(t, err)
	return s
}

// A series is part of every metric that selects it, and of the stream that its labels name.
func TestSelector(t *testing.T) {
	s := testSelector(t, remoteWriteSource, `
by: [instance, job]
metrics:
  - name: cpu
    remote_write: {series: 'cpu_total{mode="idle"}', aggregate: mean}
  - name: busy
    remote_write: {series: 'cpu_total{mode!="idle"}', aggregate: sum, counter: false, divided_by: 'cpu_total'}
sources: {remote_write: {labels: {job: task}}}
`)
	idle := matched(s, "cpu_total", labelsOf("cpu", "0", "instance", "a", "mode", "idle", "task", "node"), true)
	require.Len(t, idle, 2)
	require.Equal(t, []string{"a", "node"}, idle[0].Stream)
	require.Equal(t, align.Sample{Stream: idle[0].Stream, Series: idle[0].Series, Column: 0, Kind: align.Counter}, idle[0])
	require.Equal(t, align.Sample{Stream: idle[0].Stream, Series: idle[0].Series, Column: 1, Divisor: true}, idle[1])
	again := matched(s, "cpu_total", labelsOf("task", "node", "mode", "idle", "instance", "a", "cpu", "0"), true)
	require.Equal(t, idle, again, "the order of labels says nothing")
	other := matched(s, "cpu_total", labelsOf("cpu", "1", "instance", "a", "mode", "idle", "task", "node"), true)
	require.NotEqual(t, idle[0].Series, other[0].Series)
	require.Empty(t, matched(s, "cpu", labelsOf("instance", "a"), true))
	require.Nil(t, matched(s, "cpu_total", labelsOf("mode", "idle"), true)[0].Stream)
}

// Attributes are found by the name that Prometheus would give them.
func TestNamesOfAttributes(t *testing.T) {
	s := testSelector(t, otlpSource, "by: [host_name, instance]\nmetrics: [{name: cpu, otlp: cpu}]\nsources: {otlp: {labels: {instance: service.instance.id}}}\n")
	require.Equal(t, []string{"a", "b"}, s.labels(labelsOf("host.name", "a", "service.instance.id", "b", "instance", "c")))
	require.Equal(t, []string{"a", ""}, s.labels(labelsOf("host.name", "x", "host_name", "a", "instance", "c")))
	require.Nil(t, s.labels(labelsOf("host", "a")))
}
