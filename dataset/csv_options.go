package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// None as CSVOptions.Time or CSVOptions.Label means that there is no such column.
const None = "-"

// HeaderMode is the number of header rows before the data.
type HeaderMode int

// The ways to read the header.
const (
	HeaderAuto HeaderMode = iota // determine it from the content
	HeaderNone                   // no header: columns are named by number
	HeaderOne                    // one row of names
	HeaderTwo                    // a row of groups and a row of names, as dstat writes them
)

func (m HeaderMode) rows() int { return max(0, int(m-HeaderNone)) }

// CSVOptions says how to read a CSV file. The zero value determines everything from the
// content and works for most exports. Each field overrides one decision.
//
// A cell may hold a number and its unit. It is read in the base unit of its kind: bytes, bits,
// both per second, seconds, percent, watts, hertz and so on, or a plain number for 1.5 K and
// for the 350m of a processor. KB means a thousand bytes, KiB 1024. A duration of several parts
// (1h30m) is read in seconds.
//
// A column is named as in the header; with two header rows as group/name. The last part of a
// name is enough if only one column has it, and case does not matter if the name is still
// unique. A number, from 1, names a column too. A name that occurs more than once gets its
// column's number: cpu#1, cpu#3.
type CSVOptions struct {
	// Columns are the metrics, in the order of Table.Columns. If empty, every column of
	// numbers is a metric, except a time by name and content, a label by name, and what counts
	// the rows or names something by both: a row number, a constant id, another clock.
	Columns []string
	// Time is the time column. If empty, it is looked for; None ("-") means none.
	Time string
	// Label is the label column. If empty, it is looked for by name; None ("-") means none.
	Label string

	// Comma is the delimiter between fields, an ASCII character. 0 chooses among , ; tab and
	// |, or takes a blank where none of them separates anything. A blank stands for any number
	// of blanks and tabs.
	Comma rune
	// Decimal is the decimal sign, '.' or ','. The other one may then group thousands. 0
	// decides for each column: by its numbers, then by the other columns, then by the language
	// of times and delimiter. Where they leave open whether 1,206 is a thousand, it is an
	// error. So is a later row, in any metric column, that speaks against the way in which such a
	// number was read. Blanks and apostrophes that group thousands are recognised in any case.
	Decimal rune
	// Header is the number of header rows. The zero value decides from the content.
	Header HeaderMode
	// SkipLines is the number of lines to skip before the header. A preamble such as dstat's
	// is recognised without it.
	SkipLines int

	// SkipBadRows leaves out rows that have another number of fields than the others, or no
	// time that can be read. Table.Notes count them. Without it they are an error, unless it is
	// known what they are: comments, marks of a restart, rows of totals, text after the table
	// and the like are left out in any case.
	SkipBadRows bool

	// TimeLayout is the form of the times: a layout of package time, "s", "ms", "us" or "ns"
	// for numbers that count from 1970, "days" for a spreadsheet's day numbers, or "elapsed"
	// for hours, minutes and seconds from the beginning. A layout can read two columns, a date
	// and a clock, with a blank between. Without it a time may be in more: year, month, day and
	// so on, or a zone beside it. One that reads no column is an error. If empty, it is
	// determined from the content.
	// Whether a number counts seconds or milliseconds depends on its magnitude, not on the
	// column's name.
	TimeLayout string
	// Location is the time zone of times without an offset; nil means UTC, or what the header
	// of Windows Performance Monitor says. Table.Times are in this location. Where summer time
	// ends, the order of the rows tells which of two times is meant.
	Location *time.Location
	// Year is the year of the first row if the times have none. 0 takes the year from the
	// date in the preamble, or else 2000. Times that go past the new year continue in the
	// next year.
	Year int

	// Missing are texts that mean "no value", in addition to the empty cell, -, ?, NaN, NA,
	// n/a, null, nil, none and the like.
	Missing []string
	// Sentinels are numbers that mean "no value" in every column, such as -1, 101 or 9999.
	Sentinels []float64
	// ColumnSentinels are numbers that mean "no value" in one column, by its name.
	ColumnSentinels map[string][]float64

	// Anomalous and Normal are label texts. If only one of them is given, every other text
	// means the opposite. If neither is, 1, true, yes, anomaly, attack and the like are
	// anomalous, and 0, false, no, normal, ok and the like are normal.
	Anomalous, Normal []string

	// Counters are metric columns that hold running totals. Each becomes its increase per
	// second since the row before, so the file needs times. A total may wrap at 2^32 or 2^64.
	// The first row, a row after a reset and a row without elapsed time have no rate: they
	// are missing (NaN). So is a rate that overflows.
	Counters []string
	// Scale multiplies metric columns, by name, after Counters. 8 turns bytes into bits.
	Scale map[string]float64

	// Series are columns that tell series apart in a file with one row for each series and time,
	// as Prometheus and Grafana write it. ReadCSV then makes a column of each series: cpu, or
	// web1/cpu where two columns tell them apart, or cpu/value for each of several values.
	// Columns names these. Rows of series at most half an interval apart become one row, and
	// Table.Times go forward. Without Series such a file is an error, because rows of different
	// series are no samples of one thing; None ("-") reads the rows as they are. A Reader
	// refuses Series and reads the rows of such a file with Key.
	Series []string
	// Value are the columns with the values of the series. If empty, every column of numbers is.
	Value []string

	// Key is a column of texts that tell several recordings apart, such as the names of hosts.
	// It is no metric. Reader returns its text with each row, and ReadRecordings a table of each.
	// ReadCSV, which makes one table, refuses a file of several recordings. If empty, there is
	// none.
	Key string
	// Live means that the text is written while it is read; ReadCSV ignores it. A Reader then
	// determines everything from what has come as soon as there is a row that shows it, and at
	// the latest after 16 lines, so that it need not wait for more; otherwise from the first
	// 256 kB. It waits for a second row where a column of the first has no value and Columns
	// does not name the metrics, or where nothing tells the decimal sign of a number. A number
	// such as 1,206 is read by what has come: where a later row shows that the sign was the other
	// one, that row is an error, and the values before it are off by a factor of 1000. Decimal
	// rules that out. A line without its line end is not complete, and Reader.Next goes on after
	// io.EOF where more has come. Compressed text cannot go on: its end is in the text.
	Live bool
}

// check returns an error for options that no file can satisfy.
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
	case len(opt.Value) > 0 && !opt.pivots():
		return bad("Value is %s without Series; name the columns that tell the series apart there", optionList(opt.Value))
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

// pivots reports whether Series names columns.
func (opt *CSVOptions) pivots() bool { return len(opt.Series) > 0 && opt.Series[0] != None }

// metricsOption is the option that names the columns of numbers to read.
func (opt *CSVOptions) metricsOption() string {
	if opt.pivots() {
		return "Value"
	}
	return "Columns"
}

// inLongForm returns the options to read a file's rows with, which then become columns.
func (opt *CSVOptions) inLongForm() *CSVOptions {
	inner := *opt
	inner.Columns = opt.Value
	return &inner
}

func notFinite(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

func (opt *CSVOptions) location() *time.Location {
	if opt.Location == nil {
		return time.UTC
	}
	return opt.Location
}
