package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"
)

// rows reads samples from a CSV one by one, so that a file may still be growing.
type rows struct {
	csv     *csv.Reader
	time    int
	host    int // -1: none
	metrics []int
	line    int
}

type row struct {
	host   string
	time   time.Time
	values []float64
}

func newRows(r io.Reader, o options, columns []string) (*rows, error) {
	out := &rows{csv: csv.NewReader(r), host: -1, line: 1}
	header, err := out.csv.Read()
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	find := func(name string) (int, error) {
		i := slices.Index(header, name)
		if i < 0 {
			return 0, fmt.Errorf("no column %q; the file has %q", name, header)
		}
		return i, nil
	}
	if out.time, err = find(o.timeColumn); err != nil {
		return nil, err
	}
	if o.host != "" {
		if out.host, err = find(o.host); err != nil {
			return nil, err
		}
	}
	for _, c := range columns {
		i, err := find(c)
		if err != nil {
			return nil, err
		}
		out.metrics = append(out.metrics, i)
	}
	return out, nil
}

func (r *rows) next() (row, error) {
	cells, err := r.csv.Read()
	if err != nil {
		return row{}, err
	}
	r.line++
	out := row{host: "host", values: make([]float64, len(r.metrics))}
	if r.host >= 0 {
		out.host = cells[r.host]
	}
	if out.time, err = parseTime(cells[r.time]); err != nil {
		return row{}, fmt.Errorf("line %d: time %q: %w", r.line, cells[r.time], err)
	}
	for k, i := range r.metrics {
		if out.values[k], err = parseValue(cells[i]); err != nil {
			return row{}, fmt.Errorf("line %d: %w", r.line, err)
		}
	}
	return out, nil
}

func parseTime(s string) (time.Time, error) {
	if seconds, err := strconv.ParseFloat(s, 64); err == nil {
		return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC(), nil
	}
	return time.Parse(time.RFC3339Nano, s)
}

// parseValue takes an empty cell for a missing value.
func parseValue(s string) (float64, error) {
	if s == "" {
		return math.NaN(), nil
	}
	return strconv.ParseFloat(s, 64)
}
