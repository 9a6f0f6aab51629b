package dataset

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A file in long form has one row for each series and time: Prometheus, Grafana, k6 and InfluxDB
// write so, and sadf for devices. Rows of different series are no samples of one thing, so the
// file is read with Series, which makes a column of each series, or not at all.
//
// The times show it, and a column that tells the series apart: within each of its texts times
// only go forward, although in the file they repeat, or begin anew where the text changes.

const (
	longRows   = 2000 // of the sample that are looked at
	longSeries = 500  // series that are recognised
)

// withUnit is a number with a unit, which may be none that is known.
var withUnit = regexp.MustCompile(`^[-+]?[\d.,]+ ?[A-Za-z%/]+$`)

// longForm is how the rows of series follow each other in the sample.
type longForm struct {
	*plan
	rows  []record
	times []int64
}

// checkLongForm returns an error if the sample is in long form and no option says how to read
// that. A Reader reads row by row: it makes no columns of series. Of several recordings, it
// looks at the one that has the most rows.
func (p *plan) checkLongForm(rowByRow bool) error {
	if p.key >= 0 && rowByRow || len(p.opt.Series) > 0 {
		return nil
	}
	clock := slices.Clone(p.times)
	l := p.sampleTimes()
	if p.clock == nil && p.opt.Time == "" {
		l, clock = p.sampleSteps()
	}
	l.keepLongest()
	if len(l.rows) < 4 {
		return nil
	}
	keys := l.keys(clock)
	if len(keys) == 0 {
		return nil
	}
	return p.longFormError(keys, l.seriesOf(keys), l.hosts(keys), clock, rowByRow)
}

// keepLongest keeps the rows of the recording that has the most.
func (l *longForm) keepLongest() {
	if l.key < 0 {
		return
	}
	rows := map[string]int{}
	longest := ""
	for _, r := range l.rows {
		name := r.fields[l.key]
		if rows[name]++; rows[name] > rows[longest] {
			longest = name
		}
	}
	kept := 0
	for i, r := range l.rows {
		if r.fields[l.key] == longest {
			l.rows[kept], l.times[kept] = r, l.times[i]
			kept++
		}
	}
	l.rows, l.times = l.rows[:kept], l.times[:kept]
}

// hosts returns the column that names hosts, or -1: one that tells series apart, or else one
// beside them. There is none where each host has too few rows to be read by itself.
func (l *longForm) hosts(keys []int) int {
	if l.key >= 0 {
		return -1
	}
	for _, c := range slices.Concat(keys, l.columnsOfText()) {
		if !namesHosts(l.short[c]) {
			continue
		}
		rows := map[string]int{}
		most := 0
		for _, r := range l.rows {
			rows[r.fields[c]]++
			most = max(most, rows[r.fields[c]])
		}
		if len(rows) > 1 && (most >= fewestRows || len(l.rows) >= longRows) {
			return c
		}
	}
	return -1
}

// columnsOfText returns the columns that have no other use and hold texts.
func (l *longForm) columnsOfText() []int {
	var out []int
	for c, s := range l.stats {
		if l.free(c) && s.texts > s.numbers {
			out = append(out, c)
		}
	}
	return out
}

// namesHosts reports whether a column's name says that it holds names of hosts.
func namesHosts(name string) bool {
	return slices.ContainsFunc(nameWords(name), func(w string) bool {
		return slices.Contains([]string{"host", "hostname", "node", "nodename", "instance", "server", "machine", "vm", "pod", "container", "computer", "computername", "agent"}, w)
	})
}

// sampleSteps takes the first column of numbers for the time where there is none, if it never
// falls, such as the seconds since perf was started.
func (p *plan) sampleSteps() (*longForm, []int) {
	l := &longForm{plan: p}
	c := slices.IndexFunc(p.stats, func(s columnStats) bool { return s.isNumber() && !s.isEmpty() })
	if c < 0 {
		return l, nil
	}
	format := p.decimalOf(c)
	for _, r := range p.body[:min(len(p.body), longRows)] {
		if len(r.fields) != p.width {
			continue
		}
		v, kind := format.parse([]byte(r.fields[c]))
		at := int64(v * 1e6)
		if n := len(l.times); kind != cellNumber || v < 0 || v > 1e12 || n > 0 && at < l.times[n-1] {
			return &longForm{plan: p}, nil
		}
		l.rows, l.times = append(l.rows, r), append(l.times, at)
	}
	return l, []int{c}
}

// sampleTimes returns the sample's rows that have a time, from the oldest to the newest where
// the file has them the other way round.
func (p *plan) sampleTimes() *longForm {
	l := &longForm{plan: p}
	if p.clock == nil {
		return l
	}
	clock, back := *p.clock, 0
	if clock.year == 0 {
		clock.year = 2000
	}
	for _, r := range p.body[:min(len(p.body), longRows)] {
		cell, ok := clock.cellOf(r, p.times)
		if !ok || len(r.fields) != p.width {
			continue
		}
		at, err := clock.parse([]byte(cell))
		if err != nil {
			continue
		}
		if n := len(l.times); n > 0 && at < l.times[n-1] {
			back++
		}
		l.rows, l.times = append(l.rows, r), append(l.times, at)
	}
	if 2*back > len(l.times) {
		slices.Reverse(l.rows)
		slices.Reverse(l.times)
	}
	return l
}

// keys returns the columns that tell series apart, or none if the rows are of one series.
func (l *longForm) keys(clock []int) []int {
	var texts, numbers []int
	series := map[int]int{} // of each candidate
	for c, s := range l.stats {
		if !l.free(c) || slices.Contains(clock, c) || s.isEmpty() || slices.ContainsFunc(l.noMetrics, func(n noMetric) bool { return n.col == c }) || l.spare[c] != "" {
			continue
		}
		if slices.ContainsFunc(l.rows, func(r record) bool { return l.isMissing([]byte(r.fields[c])) }) {
			continue
		}
		d := len(l.seriesOf([]int{c}))
		if d < 2 || 3*d > len(l.rows) || d > longSeries {
			continue
		}
		series[c] = d
		if s.texts > s.numbers && !withUnit.MatchString(s.cells[0]) {
			texts = append(texts, c)
		} else if s.texts == 0 && l.whole(c) {
			numbers = append(numbers, c)
		}
	}
	var best []int
	rank := func(c int) int { return 1000*seriesNameRank(l.short[c]) + series[c] }
	for _, c := range texts {
		if key := []int{c}; l.apart(key, false) && (best == nil || rank(c) > rank(best[0])) {
			best = key
		}
	}
	if best != nil {
		return best
	}
	if key := slices.Clone(texts); len(key) > 1 && l.apart(key, false) {
		return fewest(key, func(k []int) bool { return l.apart(k, false) })
	}
	for _, c := range numbers {
		if key := []int{c}; l.apart(key, true) && (best == nil || rank(c) > rank(best[0])) {
			best = key
		}
	}
	return best
}

// fewest leaves columns out of a key as long as the others are enough.
func fewest(key []int, enough func([]int) bool) []int {
	for _, c := range slices.Clone(key) {
		if less := slices.DeleteFunc(slices.Clone(key), func(k int) bool { return k == c }); len(less) > 0 && enough(less) {
			key = less
		}
	}
	return key
}

// apart reports whether columns tell series apart. If regular is set, each time must have all
// of the same series: that is asked of numbers, which could be values too.
func (l *longForm) apart(key []int, regular bool) bool {
	last := map[string]int64{}
	at := map[int64]int{} // rows of a time
	cycle := []string{}
	cycles, changes, back := true, 0, 0
	before := ""
	for i, r := range l.rows {
		s := seriesName(r.fields, key)
		t, seen := last[s]
		if seen && l.times[i] <= t {
			return false
		}
		last[s] = l.times[i]
		at[l.times[i]]++
		if !seen {
			cycles = cycles && len(cycle) == i
			cycle = append(cycle, s)
		} else if cycles {
			cycles = s == cycle[i%len(cycle)]
		}
		if i > 0 && s != before {
			changes++
		}
		if i > 0 && l.times[i] < l.times[i-1] {
			back++
		}
		before = s
	}
	d := len(cycle)
	shared, full := 0, 0
	for _, n := range at {
		if n > 1 {
			shared += n
		}
		if n == d {
			full++
		}
	}
	switch {
	case back > 0 && back == d-1 && changes == d-1:
		return true // one series after the other
	case 2*shared >= len(l.rows):
		return !regular || 10*full >= 8*len(at)
	}
	// Series in turn, with a little time between them.
	return !regular && cycles && len(l.rows) >= 4*d && len(l.rows) >= 8 && slices.ContainsFunc(key, func(c int) bool { return seriesNameRank(l.short[c]) > 0 })
}

// whole reports whether the sample's numbers in a column are whole.
func (l *longForm) whole(c int) bool {
	return !slices.ContainsFunc(l.rows, func(r record) bool { return !isDigits(trimSign([]byte(r.fields[c]))) })
}

// seriesOf returns the names of the series that columns tell apart, as they come.
func (l *longForm) seriesOf(key []int) []string {
	var names []string
	seen := map[string]bool{}
	for _, r := range l.rows {
		if s := seriesName(r.fields, key); !seen[s] {
			seen[s] = true
			names = append(names, s)
		}
	}
	return names
}

// seriesName joins a row's texts in the columns that tell series apart.
func seriesName(fields []string, key []int) string {
	if len(key) == 1 {
		return fields[key[0]]
	}
	var parts []string
	for _, c := range key {
		parts = append(parts, fields[c])
	}
	return strings.Join(parts, "/")
}

// seriesNameRank says how well a column's name fits one that names series.
func seriesNameRank(name string) int {
	words := nameWords(name)
	has := func(of ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(of, w) })
	}
	switch {
	case has("series", "field", "metric", "itemid"):
		return 2
	case has("name", "device", "dev", "iface", "interface", "host", "hostname", "instance", "id", "cpu"):
		return 1
	}
	return 0
}

// longFormError returns the error that says how to read the file. hosts is the column that names
// hosts, or -1.
func (p *plan) longFormError(key []int, series []string, hosts int, clock []int, rowByRow bool) error {
	names := make([]string, len(key))
	for i, c := range key {
		names[i] = p.names[c]
	}
	var values, called []string
	for _, m := range p.metrics {
		if slices.Contains(key, m.col) || slices.Contains(clock, m.col) {
			continue
		}
		values = append(values, p.names[m.col])
		if w := nameWords(p.names[m.col]); len(w) > 0 && (w[len(w)-1] == "value" || w[len(w)-1] == "wert") {
			called = append(called, p.names[m.col])
		}
	}
	if len(called) > 0 {
		values = called
	}
	and := ""
	if len(values) == 1 || len(p.opt.Columns) > 0 && len(values) > 0 {
		and = " and Value " + optionList(values)
	}
	if p.clock == nil {
		and += " and Time " + fmt.Sprintf("%q", p.names[clock[0]])
	}
	if len(p.opt.Columns) > 0 {
		and += " in place of Columns"
	}
	advice := fmt.Sprintf("Series %s%s for one column a series, or Series %q to read the rows as they are", optionList(names), and, None)
	if hosts >= 0 {
		each := fmt.Sprintf("Key %q", p.names[hosts])
		if rest := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == p.names[hosts] }); len(rest) > 0 {
			each += fmt.Sprintf(" and Series %s%s", optionList(rest), and)
		} else if p.clock == nil {
			each += " and Time " + fmt.Sprintf("%q", p.names[clock[0]])
		}
		advice = each + " to read each host by itself, " + advice
	}
	advice = "give " + advice
	if rowByRow {
		key := names[0]
		if hosts >= 0 {
			key = p.names[hosts]
		}
		advice = fmt.Sprintf("name the column that tells them apart in Key, such as %q", key)
	}
	return &CSVError{Line: p.first, Column: names[0], Kind: ErrLongForm, Problem: fmt.Sprintf("rows of %d series follow each other, %s: %s", len(series), someNames(series), advice)}
}

// optionList quotes names as the value of an option that takes several.
func optionList(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		if strings.ContainsAny(n, `,"`) {
			n = `"` + strings.ReplaceAll(n, `"`, `""`) + `"`
		}
		out[i] = n
	}
	return fmt.Sprintf("%q", strings.Join(out, ","))
}
