package main

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"
)

// row is one sample of a stream.
type row struct {
	stream string
	labels []string
	time   time.Time
	values []float64 // one per metric; NaN is missing
}

// rowSet joins the series of several queries to rows.
type rowSet struct {
	by      []model.LabelName
	metrics int
	streams map[string]*joinedSeries

	// Ambiguous counts series that have the same labels as another of the same query, after all
	// labels are left out that do not name a stream. None of them can be used.
	ambiguous int
}

// joinedSeries is what the queries say of one stream.
type joinedSeries struct {
	labels []string // values of the labels that name it
	series []*model.SampleStream
	twice  []bool // several series claim the metric
}

func newRowSet(by []string, metrics int) *rowSet {
	s := &rowSet{metrics: metrics, streams: map[string]*joinedSeries{}}
	for _, l := range by {
		s.by = append(s.by, model.LabelName(l))
	}
	return s
}

// add takes the result of the query of metric j.
func (s *rowSet) add(j int, m model.Matrix) {
	for _, series := range m {
		name, labels := s.name(series.Metric)
		to := s.streams[name]
		if to == nil {
			to = &joinedSeries{labels: labels, series: make([]*model.SampleStream, s.metrics), twice: make([]bool, s.metrics)}
			s.streams[name] = to
		}
		if to.series[j] != nil {
			to.twice[j] = true
			s.ambiguous++
			continue
		}
		to.series[j] = series
	}
}

// name returns the name of a series' stream, and the values of its labels.
func (s *rowSet) name(m model.Metric) (string, []string) {
	own, values := model.Metric{}, make([]string, len(s.by))
	for i, l := range s.by {
		values[i] = string(m[l])
		own[l] = m[l]
	}
	return own.String(), values
}

// rows returns the rows in the order of time, then of the streams' names. A metric without a
// value at a time is NaN, and a time without any value makes no row.
func (s *rowSet) rows() (out []row) {
	for name, from := range s.streams {
		at := map[model.Time][]float64{}
		for j, series := range from.series {
			if series == nil || from.twice[j] {
				continue
			}
			for _, p := range series.Values {
				values := at[p.Timestamp]
				if values == nil {
					values = slices.Repeat([]float64{math.NaN()}, s.metrics)
					at[p.Timestamp] = values
				}
				values[j] = float64(p.Value)
			}
		}
		for t, values := range at {
			out = append(out, row{name, from.labels, t.Time().UTC(), values})
		}
	}
	slices.SortFunc(out, func(a, b row) int {
		if c := a.time.Compare(b.time); c != 0 {
			return c
		}
		return cmp.Compare(a.stream, b.stream)
	})
	return out
}
