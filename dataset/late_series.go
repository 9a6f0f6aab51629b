package dataset

import (
	"cmp"
	"slices"
	"strings"
)

// A file in long form may hold one series after the other, and the first may be longer than the
// sample. Only the whole file then shows it: its times make several runs over the same time, and a
// column, of texts or of numbers, changes where a run begins and nowhere else.

// seriesRuns follows the runs of times in one direction.
type seriesRuns struct {
	way     int // of the times: 1 forwards, -1 backwards, 0 as long as it is not known
	last    int64
	spans   []timeSpan
	columns []runColumn // those that have not changed within a run
}

type timeSpan struct{ from, to int64 }

// runColumn is a column with one text in each run.
type runColumn struct {
	col   int
	texts []string
}

// watchRuns begins to follow the runs of a file that no option says how to read.
func (r *rowReader) watchRuns() {
	if r.opt.Key != "" || len(r.opt.Series) > 0 || r.clock == nil {
		return
	}
	for c := range r.names {
		if r.free(c) && (r.spare[c] == "" || r.named[c]) {
			r.runs.columns = append(r.runs.columns, runColumn{col: c})
		}
	}
}

// add takes the next row.
func (s *seriesRuns) add(at int64, fields [][]byte) {
	begins := s.begins(at)
	s.columns = slices.DeleteFunc(s.columns, func(c runColumn) bool {
		cell := fields[c.col]
		return isMissing(cell) || !begins && string(cell) != c.texts[len(c.texts)-1]
	})
	if !begins {
		return
	}
	if len(s.spans) > longSeries {
		s.columns = nil
	}
	for i := range s.columns {
		c := &s.columns[i]
		c.texts = append(c.texts, string(fields[c.col]))
	}
}

// begins reports whether the time of a row begins a run, and adds it to its span.
func (s *seriesRuns) begins(at int64) bool {
	way := cmp.Compare(at, s.last)
	s.last = at
	if len(s.spans) == 0 {
		s.spans = []timeSpan{{at, at}}
		return true
	}
	if s.way == 0 {
		s.way = way
	}
	if way != 0 && way != s.way {
		s.spans = append(s.spans, timeSpan{at, at})
		return true
	}
	span := &s.spans[len(s.spans)-1]
	span.from, span.to = min(span.from, at), max(span.to, at)
	return false
}

// overlap reports whether each run covers at least half of the time of the one before, or that
// half of its own.
func (s *seriesRuns) overlap() bool {
	for i, b := range s.spans[1:] {
		a := s.spans[i]
		common := min(a.to, b.to) - max(a.from, b.from)
		if 2*common < min(a.to-a.from, b.to-b.from) {
			return false
		}
	}
	return true
}

// key returns the columns that tell the runs apart, and the names of the series, or none.
func (s *seriesRuns) key(rank func(col int) int) (key []int, series []string) {
	texts := map[int][]string{}
	for _, c := range s.columns {
		if slices.ContainsFunc(c.texts, func(t string) bool { return t != c.texts[0] }) {
			key = append(key, c.col)
			texts[c.col] = c.texts
		}
	}
	names := func(key []int) []string {
		out := make([]string, len(s.spans))
		for run := range out {
			var parts []string
			for _, c := range key {
				parts = append(parts, texts[c][run])
			}
			out[run] = strings.Join(parts, "/")
		}
		return out
	}
	enough := func(key []int) bool {
		seen := map[string]bool{}
		for _, name := range names(key) {
			seen[name] = true
		}
		return len(seen) == len(s.spans)
	}
	if len(key) == 0 || !enough(key) {
		return nil, nil
	}
	slices.SortStableFunc(key, func(a, b int) int { return cmp.Compare(rank(a), rank(b)) })
	key = fewest(key, enough)
	slices.Sort(key)
	return key, names(key)
}

// lateSeries returns the error of a file in long form that the sample did not show.
func (r *rowReader) lateSeries() error {
	if len(r.runs.spans) < 2 || !r.runs.overlap() {
		return nil
	}
	key, series := r.runs.key(func(c int) int { return seriesNameRank(r.short[c]) })
	if len(key) == 0 {
		return nil
	}
	hosts := -1
	if i := slices.IndexFunc(key, func(c int) bool { return namesHosts(r.short[c]) }); i >= 0 {
		hosts = key[i]
	}
	return r.longFormError(key, series, hosts, r.times, false)
}
