package dataset

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// A column is all cells of a form that stand one below the other. It has one use, its role: it is a
// metric, a part of the time, the label, or it tells hosts or series apart; or it is skipped, and its
// role says why (column_roles.go). The role follows from its name (column_words.go) and from what
// the sample holds in it (column_sample.go), unless an option says otherwise. How the cells of a
// metric are read is decided for the column as a whole: one decimal sign (decimal_sign.go) and one
// base unit (unit.go).

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
