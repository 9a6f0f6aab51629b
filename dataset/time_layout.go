package dataset

import (
	"strings"
	"time"
)

// timeLayouts are the forms of a written time that are recognised. Those with seconds also
// accept fractions of a second.
var timeLayouts = []string{
	time.RFC3339,
	"2006-01-02 15:04:05",
	"2006-01-02-15:04:05",
	"2006-01-02-15.04.05", // Db2
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 Z07:00",
	"2006-01-02 15:04:05 -0700 MST",
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 -07",
	"2006-01-02 15:04:05 MST",
	"2006-01-02 15:04:05-0700",
	"2006-01-02 15:04:05-07",
	"2006-01-02T15:04:05-0700",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
	"2006-01-02 15:04",
	"2006/01/02 15:04:05",
	"2006/01/02 15:04",
	"2006/01/02-15:04:05",
	"2006/01/02 15:04:05Z07:00",
	"2006/01/02 15:04:05 MST",
	"2006.01.02 15:04:05",
	"2006.01.02 15:04",
	"2006-01-02 15:04Z07:00",
	"2006-01-02 15:04:05MST",
	"2006-01-02 15:04:05 GMT-07:00",
	"2006-01-02 15:04:05 UTC-07:00",
	"2006-01-02 15:04:05 GMT-0700",
	"2006-002T15:04:05Z07:00",
	"20060102T150405Z07:00",
	"20060102T1504Z07:00",
	"20060102T1504",
	"20060102T150405",
	"2.1.2006 15:04:05",
	"2.1.2006 15:04",
	"2.1.2006, 15:04:05",
	"2.1.2006 15.04.05",
	"2.1.2006 15:04:05 MST",
	"1/2/2006 15:04:05",
	"2/1/2006 15:04:05",
	"1/2/2006 15:04",
	"2/1/2006 15:04",
	"1/2/2006 3:04:05 PM",
	"2/1/2006 3:04:05 PM",
	"1/2/2006 3:04 PM",
	"2/1/2006 3:04 PM",
	"1-2-2006 15:04:05",
	"2-1-2006 15:04:05",
	"1-2-2006 15:04",
	"2-1-2006 15:04",
	"1-2-2006 3:04:05 PM",
	"2-1-2006 3:04:05 PM",
	"1-2-2006 3:04 PM",
	"2-1-2006 3:04 PM",
	"1/2/2006 15:04:05 MST",
	"2/1/2006 15:04:05 MST",
	"1/2/2006 15:04:05 -0700",
	"2/1/2006 15:04:05 -0700",
	"1/2/06 15:04:05",
	"2/1/06 15:04:05",
	"1/2/06 15:04",
	"2/1/06 15:04",
	"1/2/06 3:04:05 PM",
	"2/1/06 3:04:05 PM",
	"1/2/06 3:04 PM",
	"2/1/06 3:04 PM",
	"2.1.06 15:04:05",
	"2.1.06 15:04",
	"1-2-06 15:04:05",
	"2-1-06 15:04:05",
	"1-2-06 15:04",
	"2-1-06 15:04",
	"2006-01-02 3:04:05 PM",
	"2006-01-02 3:04 PM",
	"2006/01/02 3:04 PM",
	"2.1.2006 3:04 PM",
	"2006.1.2 3:04:05 PM",
	"2006/01/02 3:04:05 PM",
	"2.1.2006 3:04:05 PM",
	"2-Jan-2006 15:04:05",
	"2-Jan-2006 15:04",
	"2-Jan-06 15:04:05",
	"2-Jan-06 15:04",
	"2-Jan-06 3:04:05 PM",
	"2-Jan-06 3.04.05 PM", // Oracle
	"2-Jan-2006 3:04:05 PM",
	"2-Jan-06 15:04:05 MST",
	"20060102 15:04:05",
	"2/Jan/2006:15:04:05 -0700",
	"2 Jan 2006 15:04:05",
	"2 Jan 2006 15:04",
	"2. Jan 15:04:05 MST 2006", // date(1) in German
	"2. Jan 2006 15:04:05",
	"2. Jan 2006 15:04",
	"2 Jan 2006 3:04:05 PM",
	"2 Jan 2006 15:04:05 MST",
	"Jan 2 2006 3:04:05 PM",
	"Jan 2 2006 3:04 PM",               // SQL Server
	"Mon Jan 2 2006 15:04:05 GMT-0700", // JavaScript
	"Mon Jan 2 2006 15:04:05",
	"Jan 2, 2006 15:04:05",
	"Jan 2, 2006 15:04",
	"Jan 2, 2006 3:04 PM",
	"Jan 2, 2006, 3:04:05 PM",
	"Jan 2, 2006 3:04:05 PM",
	"Jan 2, 2006 @ 15:04:05", // Kibana
	time.RFC1123,
	time.RFC1123Z,
	"Mon Jan _2 15:04:05 2006",
	time.UnixDate,
	// Without a year, as dstat, dool and syslog write them.
	"2-1 15:04:05",
	"Jan-2 15:04:05",
	"Jan _2 15:04:05",
}

var dateLayouts = []string{"2006-01-02", "2006/01/02", "2.1.2006", "1/2/2006", "2/1/2006", "1-2-2006", "2-1-2006",
	"1/2/06", "2/1/06", "2.1.06", "2 Jan 2006", "2-Jan-2006", "2-Jan-06"}

var clockLayouts = []string{"15:04:05", "3:04:05 PM", "15:04", "3:04 PM"}

// noHourLayout is how a spreadsheet writes times with milliseconds if it is not told otherwise.
const noHourLayout = "04:05"

// timeForms are layouts, and the same for cleaned times.
type timeForms struct{ strict, loose shapedLayouts }

func newTimeForms(layouts []string) timeForms {
	return timeForms{newShapedLayouts(layouts), newShapedLayouts(looseLayouts(layouts))}
}

// allForms are the layouts of dates with clocks, dates and clocks.
var allForms = []timeForms{newTimeForms(timeLayouts), newTimeForms(dateLayouts), newTimeForms(clockLayouts)}

// compactLayouts are forms of a time that look like integers.
var compactLayouts = []string{"20060102150405", "200601021504", "20060102"}

// otherOrder returns the layout in which the same numbers can be meant too, or "": with day and
// month exchanged, or with a year of two digits first in place of last, where minuses stand between.
func otherOrder(layout string) string {
	for _, sep := range []string{"/", "-"} {
		if rest, ok := strings.CutPrefix(layout, "1"+sep+"2"+sep); ok {
			return "2" + sep + "1" + sep + rest
		}
	}
	if rest, ok := strings.CutPrefix(layout, "2-1-06"); ok {
		return "06-1-2" + rest
	}
	return ""
}

// bestLayout returns the layout that reads the most cells, and how many it reads. twin is the
// layout with day and month exchanged if that reads as many, to other times.
//
// Where no layout reads all cells as they stand, layouts for cleaned times are tried too.
func bestLayout(cells []string, forms timeForms) (layout string, hits int, twin string) {
	layout, hits, twin = bestOf(cells, forms.strict)
	if hits == len(cells) {
		return layout, hits, twin
	}
	clean := make([]string, len(cells))
	for i, c := range cells {
		clean[i] = string(cleanTime(nil, []byte(c)))
	}
	if l, n, t := bestOf(clean, forms.loose); n > hits {
		return l, n, t
	}
	return layout, hits, twin
}

func bestOf(cells []string, of shapedLayouts) (layout string, hits int, twin string) {
	count := func(layout string) (n int) {
		for _, c := range cells {
			if _, err := time.Parse(layout, c); err == nil {
				n++
			}
		}
		return n
	}
	for _, i := range of.reading(cells) {
		if n := count(of.layouts[i]); n > hits {
			layout, hits = of.layouts[i], n
		}
		if hits == len(cells) {
			break
		}
	}
	if other := otherOrder(layout); other != "" && count(other) == hits && !sameReading(cells, layout, other) {
		twin = other
	}
	return layout, hits, twin
}

// sameReading reports whether two layouts read the same times, as for 1/1/2024.
func sameReading(cells []string, a, b string) bool {
	for _, c := range cells {
		ta, erra := time.Parse(a, c)
		tb, errb := time.Parse(b, c)
		if erra == nil && errb == nil && !ta.Equal(tb) {
			return false
		}
	}
	return true
}

// startsLikeTime reports whether a cell holds three digits, and begins with one or with the name
// of a month or a day of the week. It spares most texts the trial of layouts.
func startsLikeTime(s string) bool {
	digits := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			digits++
		}
	}
	return digits >= 3 && (s[0] >= '0' && s[0] <= '9' || s[0] == '[' || strings.HasPrefix(s, msDate) || isDateWord(s))
}

// looksLikeTime reports whether a cell is a written time.
func looksLikeTime(s string) bool {
	if len(s) < 5 || len(s) > longestTime || !startsLikeTime(s) {
		return false
	}
	var strict, loose [longestTime]byte
	for _, forms := range allForms {
		if readsOne(forms.strict, s, strict[:0]) {
			return true
		}
	}
	if isEpochText(s) {
		return true
	}
	clean := string(cleanTime(loose[:0], []byte(s)))
	for _, forms := range allForms {
		if readsOne(forms.loose, clean, strict[:0]) {
			return true
		}
	}
	return false
}

func readsOne(of shapedLayouts, s string, buf []byte) bool {
	for _, i := range of.byShape[string(appendShape(buf, s))] {
		if _, err := time.Parse(of.layouts[i], s); err == nil {
			return true
		}
	}
	return false
}
