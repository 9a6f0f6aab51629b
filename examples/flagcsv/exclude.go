package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dataset"
)

// interval is a range of rows to leave out of training: by number, from 1 and both ends included, or by times as the user wrote them.
type interval struct {
	text     string
	from, to int    // 0 where it is by time
	begin    string // times, the end not included
	end      string
}

func parseIntervals(s string) ([]interval, error) {
	entries, err := list(s)
	if err != nil {
		return nil, err
	}
	var out []interval
	for _, entry := range entries {
		iv := interval{text: entry}
		var ok bool
		if iv.begin, iv.end, ok = strings.Cut(entry, ".."); !ok {
			if iv.from, iv.to, ok = parseRows(entry); !ok {
				return nil, fmt.Errorf("%q is neither rows such as 120-180 nor times such as 2026-03-01T10:00..2026-03-01T11:30", entry)
			}
		}
		out = append(out, iv)
	}
	return out, nil
}

func parseRows(s string) (from, to int, ok bool) {
	a, b, isRange := strings.Cut(s, "-")
	if !isRange {
		b = a
	}
	from, err := strconv.Atoi(a)
	to, err2 := strconv.Atoi(b)
	return from, to, err == nil && err2 == nil && from >= 1 && to >= from
}

// mask marks the rows of t that the intervals hold, and counts those of each; nil where there are no intervals. zone is of times
// without an offset.
func mask(t *dataset.Table, intervals []interval, zone *time.Location) (rows []bool, counts []int, err error) {
	if len(intervals) == 0 {
		return nil, nil, nil
	}
	n, _ := t.X.Dims()
	rows, counts = make([]bool, n), make([]int, len(intervals))
	for k, iv := range intervals {
		holds, err := iv.holds(t, zone)
		if err != nil {
			return nil, nil, fmt.Errorf("-exclude %s: %w", iv.text, err)
		}
		for i := range rows {
			if holds(i) {
				rows[i] = true
				counts[k]++
			}
		}
	}
	return rows, counts, nil
}

// checkExcluded is an error where an interval holds no row of any job.
func checkExcluded(intervals []interval, jobs ...*job) error {
	for k, iv := range intervals {
		count, rows := 0, 0
		for _, j := range jobs {
			n, _ := j.table.X.Dims()
			count, rows = count+j.excluded[k], rows+n
		}
		if count == 0 {
			return fmt.Errorf("-exclude %s: none of the %d rows lies in it", iv.text, rows)
		}
	}
	return nil
}

func (iv interval) holds(t *dataset.Table, zone *time.Location) (func(row int) bool, error) {
	if iv.from > 0 {
		return func(row int) bool { return row+1 >= iv.from && row+1 <= iv.to }, nil
	}
	if t.Times == nil {
		return nil, fmt.Errorf("the rows have no times")
	}
	begin, err := parseTime(iv.begin, zone)
	if err != nil {
		return nil, err
	}
	end, err := parseTime(iv.end, zone)
	if err != nil {
		return nil, err
	}
	return func(row int) bool { return !t.Times[row].Before(begin) && t.Times[row].Before(end) }, nil
}

func parseTime(s string, zone *time.Location) (time.Time, error) {
	if zone == nil {
		zone = time.UTC
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(s), zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time such as 2026-03-01T10:00", s)
}
