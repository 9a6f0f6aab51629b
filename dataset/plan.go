package dataset

import (
	"slices"
)

// plan is how each column of a file is read.
type plan struct {
	*form
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

// otherMetrics is the advice to read the file without one of its columns of numbers, if there are
// others: alone, or before what else can be done. instead is the advice where there are none.
func (p *plan) otherMetrics(instead string) string {
	n := 0
	for c, s := range p.stats {
		if p.free(c) && s.numbers > s.texts {
			n++
		}
	}
	advice := "name the metrics without this column in " + p.opt.metricsOption()
	switch {
	case n < 2:
		return instead
	case instead == "":
		return advice + ", or "
	}
	return advice
}
