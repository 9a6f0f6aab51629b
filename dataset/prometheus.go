package dataset

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/gonum/mat"
)

// ErrJSON reports JSON that holds no series of Prometheus or VictoriaMetrics.
var ErrJSON = errors.New("dataset: not the JSON of a range query or an export")

// ReadPrometheus reads the JSON of Prometheus' /api/v1/query_range, and the JSON lines of
// VictoriaMetrics' /api/v1/export, plain or gzip'd. Each series is a column. Its name is that
// of the metric with the labels in which the series differ. Samples of different series that
// lie at most half an interval apart make one row, and a series without a sample there is
// missing (NaN). So are NaN values; an infinite value is ErrInfinite. Other JSON is ErrJSON.
func ReadPrometheus(r io.Reader) (*Table, error) {
	text, err := unzipped(r)
	if err != nil {
		return nil, fmt.Errorf("dataset: damaged gzip: %w: %w", err, ErrJSON)
	}
	series, err := decodeSeries(text)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(series, func(s promSeries) bool { return len(s.samples) > 0 }) {
		return nil, fmt.Errorf("dataset: %d series without a sample: %w", len(series), ErrNoRows)
	}
	names, err := seriesNames(series)
	if err != nil {
		return nil, err
	}
	return joinSeries(names, series), nil
}

// promSeries is a series of samples in the order of time.
type promSeries struct {
	labels  map[string]string
	samples []promSample
}

type promSample struct {
	at    int64 // nanoseconds since 1970
	value float64
}

// promJSON is a line of an export, or the answer to a query.
type promJSON struct {
	Status string            `json:"status"`
	Error  string            `json:"error"`
	Metric map[string]string `json:"metric"`
	Values []json.RawMessage `json:"values"`
	Times  []json.Number     `json:"timestamps"`
	Data   *struct {
		Type   string `json:"resultType"`
		Result []struct {
			Metric map[string]string   `json:"metric"`
			Values [][]json.RawMessage `json:"values"`
		} `json:"result"`
	} `json:"data"`
}

func decodeSeries(r io.Reader) ([]promSeries, error) {
	var out []promSeries
	decoder := json.NewDecoder(r)
	for n := 1; ; n++ {
		var v promJSON
		err := decoder.Decode(&v)
		switch {
		case err == io.EOF && n > 1:
			return out, nil
		case err != nil:
			return nil, fmt.Errorf("dataset: object %d, byte %d: %w: %w", n, decoder.InputOffset(), err, ErrJSON)
		case v.Status == "error":
			return nil, fmt.Errorf("dataset: the query failed: %q: %w", v.Error, ErrJSON)
		case v.Data != nil && v.Data.Type != "matrix":
			return nil, fmt.Errorf("dataset: a result of type %q; ask query_range, which gives a matrix: %w", v.Data.Type, ErrJSON)
		case v.Data != nil:
			for k, s := range v.Data.Result {
				one, err := ofQuery(s.Metric, s.Values)
				if err != nil {
					return nil, fmt.Errorf("dataset: series %d: %w", k+1, err)
				}
				out = append(out, one)
			}
		case v.Metric != nil:
			one, err := ofExport(v)
			if err != nil {
				return nil, fmt.Errorf("dataset: series %d: %w", n, err)
			}
			out = append(out, one)
		default:
			return nil, fmt.Errorf("dataset: object %d has neither data nor metric: %w", n, ErrJSON)
		}
	}
}

// ofQuery takes pairs of a time in seconds and a value as text.
func ofQuery(labels map[string]string, pairs [][]json.RawMessage) (promSeries, error) {
	s := promSeries{labels: labels}
	for i, p := range pairs {
		if len(p) != 2 {
			return s, fmt.Errorf("sample %d has %d parts, want a time and a value: %w", i+1, len(p), ErrJSON)
		}
		seconds, err := strconv.ParseFloat(string(p[0]), 64)
		if err != nil || math.Abs(seconds) > mostSeconds {
			return s, fmt.Errorf("sample %d: %s is no time in seconds: %w", i+1, p[0], ErrJSON)
		}
		if err := s.add(int64(math.Round(seconds*1e3))*1e6, p[1]); err != nil {
			return s, fmt.Errorf("sample %d: %w", i+1, err)
		}
	}
	return s, nil
}

// ofExport takes values and times in milliseconds.
func ofExport(v promJSON) (promSeries, error) {
	s := promSeries{labels: v.Metric}
	if len(v.Values) != len(v.Times) {
		return s, fmt.Errorf("%d values and %d timestamps: %w", len(v.Values), len(v.Times), ErrJSON)
	}
	for i, value := range v.Values {
		ms, err := v.Times[i].Int64()
		if err != nil || ms > 1e3*mostSeconds || ms < -1e3*mostSeconds {
			return s, fmt.Errorf("sample %d: %s is no time in milliseconds: %w", i+1, v.Times[i], ErrJSON)
		}
		if err := s.add(ms*1e6, value); err != nil {
			return s, fmt.Errorf("sample %d: %w", i+1, err)
		}
	}
	return s, nil
}

// mostSeconds bounds times, so that nanoseconds from the first to the last fit an int64.
const mostSeconds = 4e9

// add takes the next sample. Of two at the same time, as a pair of scrapers writes them, the
// later counts.
func (s *promSeries) add(at int64, raw json.RawMessage) error {
	n := len(s.samples)
	if n > 0 && at < s.samples[n-1].at {
		return fmt.Errorf("its time is before the last one: %w", ErrJSON)
	}
	text := strings.Trim(string(raw), `"`)
	value, err := strconv.ParseFloat(text, 64)
	switch {
	case text == "null":
		value = math.NaN()
	case math.IsInf(value, 0):
		return fmt.Errorf("%s: %w", shown(text), ErrInfinite)
	case err != nil:
		return fmt.Errorf("%s: %w", shown(text), ErrNotNumber)
	}
	if n > 0 && at == s.samples[n-1].at {
		s.samples[n-1].value = value
		return nil
	}
	s.samples = append(s.samples, promSample{at, value})
	return nil
}

// seriesNames names each series by its metric and the labels in which the series differ.
func seriesNames(series []promSeries) ([]string, error) {
	values := map[string]map[string]bool{}
	for _, s := range series {
		for label := range s.labels {
			values[label] = map[string]bool{}
		}
	}
	for label, seen := range values {
		for _, s := range series {
			seen[s.labels[label]] = true
		}
	}
	names := make([]string, len(series))
	taken := map[string]bool{}
	for k, s := range series {
		var differ []string
		for label, v := range s.labels {
			if label != "__name__" && len(values[label]) > 1 {
				differ = append(differ, fmt.Sprintf("%s=%q", label, v))
			}
		}
		slices.Sort(differ)
		names[k] = s.labels["__name__"]
		if len(differ) > 0 {
			names[k] += "{" + strings.Join(differ, ",") + "}"
		}
		if names[k] == "" {
			names[k] = "value"
		}
		if taken[names[k]] {
			return nil, fmt.Errorf("dataset: two series have the labels %s: %w", names[k], ErrJSON)
		}
		taken[names[k]] = true
	}
	return names, nil
}

// joinSeries makes a row of the samples that lie at most half an interval apart.
func joinSeries(names []string, series []promSeries) *Table {
	type at struct {
		time   int64
		series int
		value  float64
	}
	var all []at
	steps := make([][]time.Duration, len(series))
	for k, s := range series {
		for i, v := range s.samples {
			all = append(all, at{v.at, k, v.value})
			if i > 0 {
				steps[k] = append(steps[k], time.Duration(v.at-s.samples[i-1].at))
			}
		}
	}
	slices.SortStableFunc(all, func(a, b at) int { return cmp.Compare(a.time, b.time) })
	t := &Table{Columns: names}
	var x []float64
	join := newSeriesJoin(len(names), joinTolerance(steps))
	for _, s := range all {
		if at := time.Unix(0, s.time).UTC(); join.next(s.series, at) {
			t.Times = append(t.Times, at)
			x = append(x, slices.Repeat([]float64{math.NaN()}, len(names))...)
		}
		x[(join.rows-1)*len(names)+s.series] = s.value
	}
	t.X = mat.NewDense(len(t.Times), len(names), x)
	for c, name := range names {
		t.Roles = append(t.Roles, ColumnRole{Number: c + 1, Name: name, Role: RoleMetric})
	}
	var ofColumns []string
	for j, s := range surveyTable(t) {
		if note := s.note(names[j], names[j]); note != "" {
			ofColumns = append(ofColumns, note)
		}
	}
	t.Notes = append(t.Notes, boundedNotes(ofColumns)...)
	survey := surveyTimes(t)
	t.Notes = append(t.Notes, survey.notes()...)
	return t
}
