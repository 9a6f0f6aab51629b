package main

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

func sampleStream(labels model.Metric, from model.Time, values ...float64) *model.SampleStream {
	s := &model.SampleStream{Metric: labels}
	for i, v := range values {
		s.Values = append(s.Values, model.SamplePair{Timestamp: from + model.Time(1000*i), Value: model.SampleValue(v)})
	}
	return s
}

// Series become rows by the labels that name a stream. What is missing is NaN, and what is
// there twice is not used.
func TestRows(t *testing.T) {
	s := newRowSet([]string{"instance"}, 2)
	s.add(0, model.Matrix{
		sampleStream(model.Metric{"instance": "b", "__name__": "cpu", "job": "x"}, 1000, 1, 2, 3),
		sampleStream(model.Metric{"instance": "a"}, 2000, 4),
		sampleStream(model.Metric{"instance": "c", "cpu": "0"}, 1000, 7),
		sampleStream(model.Metric{"instance": "c", "cpu": "1"}, 1000, 8),
	})
	s.add(1, model.Matrix{sampleStream(model.Metric{"instance": "b"}, 2000, 20, math.Inf(1)), sampleStream(model.Metric{"instance": "c"}, 1000, 70)})
	require.Equal(t, 1, s.ambiguous)
	nan := math.NaN()
	type plain struct {
		stream string
		second int64
		values [2]float64
	}
	var got []plain
	for _, r := range s.rows() {
		require.Equal(t, time.UTC, r.time.Location())
		got = append(got, plain{r.stream, r.time.Unix(), [2]float64(r.values)})
	}
	a, b, c := `{instance="a"}`, `{instance="b"}`, `{instance="c"}`
	want := []plain{{b, 1, [2]float64{1, nan}}, {c, 1, [2]float64{nan, 70}}, {a, 2, [2]float64{4, nan}}, {b, 2, [2]float64{2, 20}}, {b, 3, [2]float64{3, math.Inf(1)}}}
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, want[i].stream, got[i].stream)
		require.Equal(t, want[i].second, got[i].second)
		require.InDeltaSlice(t, want[i].values[:], got[i].values[:], 0)
	}
	require.Equal(t, []string{"b"}, s.streams[b].labels)
}

func TestStreamsAreNamedByTheirLabels(t *testing.T) {
	s := newRowSet([]string{"job", "instance"}, 1)
	name, labels := s.name(model.Metric{"instance": "a:1", "mode": "idle"})
	require.Equal(t, []string{"", "a:1"}, labels)
	other, _ := s.name(model.Metric{"instance": "a:1", "job": ""})
	require.Equal(t, name, other, "Prometheus takes an empty label for none")
}
