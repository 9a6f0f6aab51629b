package dataset

import (
	"bytes"
	"slices"
)

// plan says what to do with each column of a file.
type plan struct {
	*fileLayout
	opt     *CSVOptions
	stats   []columnStats
	times   []int       // the time column, or a date and a clock column
	clock   *timeReader // nil without times
	label   int         // -1 without labels
	labels  *labelReader
	metrics []*metricColumn
	roles   []ColumnRole
	texts   []*textColumn
	missing map[string]bool // opt.Missing
	decimal byte            // sign of the columns that do not show theirs
	wanted  []bool          // columns named in Columns
	spare   []string        // why a column is no metric though it holds numbers, or ""
}

// metricColumn is how a column of numbers is read.
type metricColumn struct {
	col       int
	format    numberFormat
	sentinels []float64
	rate      *rateColumn // nil where the column is no counter
	scale     float64
	chosen    bool // named by the user
	valued    bool // has held a number
	text      bool // turned out to hold text before it held a number
}

// textColumn counts the different texts of a column that is skipped, since they may be the
// names of several hosts.
type textColumn struct {
	col  int
	last string
	seen map[string]bool
}

const maxTexts = 50 // different texts that are counted

func (t *textColumn) add(cell []byte) {
	if string(cell) == t.last || len(t.seen) >= maxTexts || isMissing(cell) {
		return
	}
	t.last = string(bytes.Clone(cell))
	t.seen[t.last] = true
}

func (p *plan) isMissing(b []byte) bool {
	return isMissing(b) || p.missing[string(b)]
}

// given resolves Time or Label, and refuses a column that is wanted as a metric too.
func (p *plan) given(option, name string) (int, error) {
	c, err := p.column(option, name)
	if err != nil {
		return 0, err
	}
	if p.wanted[c] {
		return 0, &CSVError{Kind: ErrOption, Column: p.names[c], Problem: "named in both Columns and " + option}
	}
	return c, nil
}

// free tells whether a column is neither the time nor the label.
func (p *plan) free(c int) bool { return c != p.label && !slices.Contains(p.times, c) }
