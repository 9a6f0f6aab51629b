package dataset

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// plan is how each column of a file is read.
type plan struct {
	*fileLayout
	opt    *CSVOptions
	stats  []columnStats
	times  []int       // the time column, or a date column and a clock column
	clock  *timeReader // nil without times
	series seriesRows  // of a file in long form that becomes a column a series

	recordings seriesRows // that Key tells apart
	totals     seriesRows // what the totals of Counters are of: recordings and series

	pivoted []string // Columns, where there are Series
	label   int      // -1 without labels
	key     int      // -1 without a key
	labels  *labelReader
	metrics []*metricColumn
	roles   []ColumnRole
	texts   []*textColumn
	words   []*wordColumn
	missing map[string]bool // opt.Missing
	decimal byte            // decimal sign that columns show; 0 if none does or they differ
	wanted  []bool          // columns named in Columns
	spare   []string        // why a column of numbers is not a metric, or ""
	named   []bool          // columns whose numbers name something: they can tell series apart
}

// metricColumn is how a metric column is read.
type metricColumn struct {
	col       int
	format    numberFormat
	sign      *signEvidence // nil once the decimal sign is certain
	unit      *unitColumn   // nil for a column whose numbers have no unit
	sentinels []float64
	rate      *rateColumn // nil for a column that is not a counter
	scale     float64
	chosen    bool // named in Columns
	tuned     bool // named in Counters, ColumnSentinels or Scale
	valued    bool // has held a number
	text      bool // the first value was text, so the column is skipped
	left      bool // not among a Reader's columns: a value is an error
}

// textColumn counts the different texts of a skipped column. Few texts that come again may be
// the names of hosts, and the file then holds several recordings.
type textColumn struct {
	col  int
	last string
	seen map[string]*int // rows of each
	rows *int            // of last
}

const maxTexts = 50 // different texts that are counted

func (t *textColumn) add(cell []byte) {
	if t.rows != nil && string(cell) == t.last {
		*t.rows++
		return
	}
	if len(t.seen) >= maxTexts || isMissing(cell) {
		return
	}
	t.last = string(bytes.Clone(cell))
	if t.rows = t.seen[t.last]; t.rows == nil {
		t.rows = new(int)
		t.seen[t.last] = t.rows
	}
	*t.rows++
}

// isState reports whether the texts tell a state: yes and no, or up and down.
func (t *textColumn) isState() bool {
	for text := range t.seen {
		if !slices.Contains(stateWords, strings.ToLower(text)) {
			return false
		}
	}
	return true
}

var stateWords = []string{"yes", "no", "true", "false", "on", "off", "up", "down", "ok", "good", "bad", "warning", "critical", "normal", "enabled", "disabled", "online", "offline", "active", "inactive", "ja", "nein"}

// fewestRows is how many rows one of several recordings has, at the least, where it is advised
// to read each by itself. With fewer, nothing can be learned of it.
const fewestRows = 12

// advice says how to read the rows of each text by themselves.
func (t *textColumn) advice(name string) string {
	for _, rows := range t.seen {
		if *rows >= fewestRows {
			return fmt.Sprintf("give Key %q to read the rows of each by themselves", name)
		}
	}
	return "give the rows of each a file of its own"
}

func (p *plan) isMissing(b []byte) bool {
	return isMissing(b) || p.missing[string(b)]
}

// settled reports whether the sample shows enough of live text: whether every column that can
// be a metric has held a value, in a way that can be read.
func (p *plan) settled() bool {
	for _, m := range p.metrics {
		if !m.chosen && p.stats[m.col].isEmpty() || m.sign != nil && m.sign.unclear() > 0 && m.format.decimal == 0 {
			return false
		}
	}
	return true
}

// given returns the column that Time or Label names. It must not be in Columns too.
func (p *plan) given(option, name string) (int, error) {
	c, err := p.column(option, name)
	if err != nil {
		return 0, err
	}
	if p.wanted[c] {
		return 0, &CSVError{Kind: ErrOption, Column: p.names[c], Problem: "named in both " + p.opt.metricsOption() + " and " + option}
	}
	return c, nil
}

// free reports whether a column is neither the time, nor the label, nor the key.
func (p *plan) free(c int) bool {
	return c != p.label && c != p.key && !slices.Contains(p.series.key, c) && !slices.Contains(p.times, c)
}
