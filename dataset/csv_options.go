package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// None, as CSVOptions.Time or CSVOptions.Label, says that there is no such column.
const None = "-"

// HeaderMode says how many rows of names stand before the data.
type HeaderMode int

// How the header is read.
const (
	HeaderAuto HeaderMode = iota // decide from the content
	HeaderNone                   // the first record is data; columns go by number
	HeaderOne                    // one row of names
	HeaderTwo                    // a row of groups and a row of names, as dstat writes them
)

func (m HeaderMode) rows() int { return max(0, int(m-HeaderNone)) }

// CSVOptions says how to read a CSV file. The zero value decides everything from the content
// and works for most exports; each field overrides one decision.
//
// Columns are named as in the header; as group/name where there are two header rows, or by
// the last part of that if it is unique, without regard to case; or by number, from 1. A
// name that occurs twice becomes name#number: cpu#1, cpu#3.
type CSVOptions struct {
	// Columns are the metrics, in the order wanted. Empty takes every column of numbers
	// except one that is a time by name and content or a label by name.
	Columns []string
	// Time is the time column. Empty looks for one, "-" (None) means none.
	Time string
	// Label is the label column. Empty looks for one by its name, "-" (None) means none.
	Label string

	// Comma separates fields: an ASCII character. 0 chooses among , ; tab and |. A blank
	// stands for any number of blanks and tabs.
	Comma rune
	// Decimal is the decimal sign, '.' or ','; the other one may then group thousands.
	// 0 decides for each column.
	Decimal rune
	// Header says how many header rows there are. The zero value decides.
	Header HeaderMode
	// SkipLines is the number of lines to leave out at the beginning, before the header. A
	// preamble such as dstat's is recognised without it.
	SkipLines int

	// TimeLayout is how times are written: a layout of package time, or "s", "ms", "us" or
	// "ns" for numbers counted since 1970. Empty decides; whether a number is seconds or
	// milliseconds is told by its magnitude, not by the column's name.
	TimeLayout string
	// Location is where times without an offset were taken. nil means UTC. Table.Times are
	// in this location.
	Location *time.Location
	// Year is the year of the first row where times have none. 0 takes the year from the
	// preamble's date, or else 2000. Times that run over the new year go on into the next.
	Year int

	// Missing are texts that mean "no value", besides the empty cell, -, ?, NaN, NA, n/a,
	// null, nil, none and the like.
	Missing []string
	// Sentinels are numbers that mean "no value", in every column: -1, 101, 9999.
	Sentinels []float64
	// ColumnSentinels are such numbers in single columns.
	ColumnSentinels map[string][]float64

	// Anomalous and Normal are label texts. With only one of them, every other text is the
	// opposite. Without both, 1, true, yes, anomaly, attack and the like are anomalous, and
	// 0, false, no, normal, ok and the like are normal.
	Anomalous, Normal []string

	// Counters are metric columns that hold running totals. Each becomes its increase per
	// second since the row before, which needs times. A wrap at 2^32 or 2^64 is undone; the
	// first row, a row after a reset and a row without elapsed time are missing (NaN).
	Counters []string
	// Scale multiplies metric columns, after Counters: 8 makes bits of bytes.
	Scale map[string]float64
}

// check refuses options that no file can satisfy.
func (opt *CSVOptions) check() error {
	bad := func(format string, args ...any) error {
		return &CSVError{Kind: ErrOption, Problem: fmt.Sprintf(format, args...)}
	}
	switch {
	case opt.Comma < 0 || opt.Comma > 126 || opt.Comma != 0 && strings.ContainsRune("\"\r\n.0123456789", opt.Comma):
		return bad("Comma is %q; it must be an ASCII character other than a quote, a line end, a dot or a digit", opt.Comma)
	case opt.Decimal != 0 && opt.Decimal != '.' && opt.Decimal != ',':
		return bad("Decimal is %q; it must be '.' or ','", opt.Decimal)
	case opt.Header < HeaderAuto || opt.Header > HeaderTwo:
		return bad("Header is %d", opt.Header)
	case opt.SkipLines < 0:
		return bad("SkipLines is %d", opt.SkipLines)
	case opt.Year < 0 || opt.Year > 9999:
		return bad("Year is %d", opt.Year)
	case strings.Contains(opt.TimeLayout, "%"):
		return bad("TimeLayout is %q; it must be a layout of Go's package time, such as %q, or s, ms, us or ns", opt.TimeLayout, time.DateTime)
	case slices.ContainsFunc(opt.Sentinels, notFinite):
		return bad("Sentinels are %v; they must be finite", opt.Sentinels)
	}
	for name, s := range opt.ColumnSentinels {
		if slices.ContainsFunc(s, notFinite) {
			return bad("ColumnSentinels of %q are %v; they must be finite", name, s)
		}
	}
	for name, s := range opt.Scale {
		if notFinite(s) || s == 0 {
			return bad("Scale of %q is %v; it must be finite and not 0", name, s)
		}
	}
	return nil
}

func notFinite(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

func (opt *CSVOptions) location() *time.Location {
	if opt.Location == nil {
		return time.UTC
	}
	return opt.Location
}
