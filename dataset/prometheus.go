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
//
// Where a label names hosts, Notes say so: ReadPrometheusRecordings makes a table of each.
func ReadPrometheus(r io.Reader) (*Table, error) {
	series, err := readSeries(r)
	if err != nil {
		return nil, err
	}
	all := [][]promSeries{series}
	names, err := seriesNames(series, differing(all, ""))
	if err != nil {
		return nil, err
	}
	t := joinSeries(names, series)
	if label, hosts := hostLabel(series); label != "" {
		t.Notes = append(t.Notes, fmt.Sprintf("the label %q names %d hosts, whose series are columns of one table: give Key %q to read each host by itself", label, hosts, label))
	}
	return t, nil
}

// ReadPrometheusRecordings reads what ReadPrometheus does, and makes a table of the series of each
// host, or whatever else the label key names. Columns are named without that label, and without
// those that are the same for all series of each host. Series without the label are of the host "".
// A label that no series has is ErrNoColumn.
func ReadPrometheusRecordings(r io.Reader, key string) (*Recordings, error) {
	series, err := readSeries(r)
	if err != nil {
		return nil, err
	}
	known := labelsOf(series)
	if !slices.Contains(known, key) {
		return nil, &CSVError{Kind: ErrNoColumn, Problem: fmt.Sprintf("Key: no series has a label %q; they have %s", key, quoteNames(known))}
	}
	var order []string
	of := map[string][]promSeries{}
	for _, s := range series {
		host := s.labels[key]
		if of[host] == nil {
			order = append(order, host)
		}
		of[host] = append(of[host], s)
	}
	var all [][]promSeries
	for _, host := range order {
		all = append(all, of[host])
	}
	differ := differing(all, key)
	out := &Recordings{}
	for k, host := range order {
		one := Recording{Key: host}
		if names, err := seriesNames(all[k], differ); err != nil {
			one.Err = err
		} else if !anySample(all[k]) {
			one.Err = fmt.Errorf("dataset: %d series without a sample: %w", len(all[k]), ErrNoRows)
		} else {
			one.Table = joinSeries(names, all[k])
		}
		out.Each = append(out.Each, one)
	}
	return out, nil
}

// readSeries reads series, at least one of which has a sample.
func readSeries(r io.Reader) ([]promSeries, error) {
	text, err := unzipped(r)
	if err != nil {
		return nil, fmt.Errorf("dataset: damaged gzip: %w: %w", err, ErrJSON)
	}
	series, err := decodeSeries(text)
	if err != nil {
		return nil, err
	}
	if !anySample(series) {
		return nil, fmt.Errorf("dataset: %d series without a sample: %w", len(series), ErrNoRows)
	}
	return series, nil
}

func anySample(series []promSeries) bool {
	return slices.ContainsFunc(series, func(s promSeries) bool { return len(s.samples) > 0 })
}

// labelsOf returns the names of the labels that series have, but for the metric's.
func labelsOf(series []promSeries) []string {
	seen := map[string]bool{}
	for _, s := range series {
		for label := range s.labels {
			seen[label] = label != metricName
		}
	}
	var out []string
	for label, is := range seen {
		if is {
			out = append(out, label)
		}
	}
	slices.Sort(out)
	return out
}

// hostLabel returns the label that names hosts, and how many, or "": of those of which there are
// several, the first by the alphabet.
func hostLabel(series []promSeries) (label string, hosts int) {
	for _, label := range labelsOf(series) {
		if !namesHosts(label) {
			continue
		}
		values := map[string]bool{}
		for _, s := range series {
			values[s.labels[label]] = true
		}
		if len(values) > 1 {
			return label, len(values)
		}
	}
	return "", 0
}

// metricName is the label that holds a metric's name.
const metricName = "__name__"

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

// differing returns the labels but key in which series of one recording differ, in any of them.
func differing(recordings [][]promSeries, key string) []string {
	var out []string
	for _, series := range recordings {
		for _, label := range labelsOf(series) {
			if label == key || slices.Contains(out, label) {
				continue
			}
			first := series[0].labels[label]
			if slices.ContainsFunc(series, func(s promSeries) bool { return s.labels[label] != first }) {
				out = append(out, label)
			}
		}
	}
	slices.Sort(out)
	return out
}

// seriesNames names each series by its metric and the labels in which series differ.
func seriesNames(series []promSeries, labels []string) ([]string, error) {
	names := make([]string, len(series))
	taken := map[string]bool{}
	for k, s := range series {
		var differ []string
		for _, label := range labels {
			if v, ok := s.labels[label]; ok {
				differ = append(differ, fmt.Sprintf("%s=%q", label, v))
			}
		}
		names[k] = s.labels[metricName]
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
