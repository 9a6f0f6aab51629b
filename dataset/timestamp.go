package dataset

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"time"
)

// timeLayouts are the written forms of a time that are recognised. Fractional seconds are
// accepted by all that have seconds.
var timeLayouts = []string{
	time.RFC3339,
	"2006-01-02 15:04:05",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 Z07:00",
	"2006-01-02 15:04:05 -0700 MST",
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 MST",
	"2006-01-02 15:04:05-0700",
	"2006-01-02 15:04:05-07",
	"2006-01-02T15:04:05-0700",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
	"2006-01-02 15:04",
	"2006/01/02 15:04:05",
	"2006/01/02 15:04",
	"20060102T150405Z07:00",
	"20060102T150405",
	"2.1.2006 15:04:05",
	"2.1.2006 15:04",
	"2.1.2006, 15:04:05",
	"1/2/2006 15:04:05",
	"2/1/2006 15:04:05",
	"1/2/2006 15:04",
	"2/1/2006 15:04",
	"1/2/2006 3:04:05 PM",
	"2/1/2006 3:04:05 PM",
	"1/2/2006 3:04 PM",
	"2/1/2006 3:04 PM",
	"2/Jan/2006:15:04:05 -0700",
	"2 Jan 2006 15:04:05",
	"2 Jan 2006 15:04:05 MST",
	"Jan 2, 2006 15:04:05",
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

var dateLayouts = []string{"2006-01-02", "2006/01/02", "2.1.2006", "1/2/2006", "2/1/2006", "2 Jan 2006"}

var clockLayouts = []string{"15:04:05", "3:04:05 PM", "15:04", "3:04 PM"}

// compactLayouts are times that look like whole numbers.
var compactLayouts = []string{"20060102150405", "200601021504", "20060102"}

// dayFirst returns the day-first twin of a month-first layout, or "".
func dayFirst(layout string) string {
	if rest, ok := strings.CutPrefix(layout, "1/2/"); ok {
		return "2/1/" + rest
	}
	return ""
}

// bestLayout returns the layout that reads most of the cells, how many it reads, and the
// twin that reads them just as well with day and month exchanged.
func bestLayout(cells []string, layouts []string) (layout string, hits int, twin string) {
	count := func(layout string) (n int) {
		for _, c := range cells {
			if _, err := time.Parse(layout, c); err == nil {
				n++
			}
		}
		return n
	}
	for _, l := range layouts {
		if n := count(l); n > hits {
			layout, hits = l, n
		}
		if hits == len(cells) {
			break
		}
	}
	if other := dayFirst(layout); other != "" && count(other) == hits && !sameReading(cells, layout, other) {
		twin = other
	}
	return layout, hits, twin
}

// sameReading tells whether two layouts give the same times, as for 1/1/2024 alone.
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

// epochUnits are the units of a numeric time, by the name TimeLayout gives them.
var epochUnits = []struct {
	name string
	unit time.Duration
	from float64 // 1973, in the unit; the next unit begins where this one is in the year 2200
}{
	{"s", time.Second, 1e8},
	{"ms", time.Millisecond, 1e11},
	{"us", time.Microsecond, 1e14},
	{"ns", time.Nanosecond, 1e17},
}

const year2200 = 7.26e9 // seconds

// epochByMagnitude returns the unit in which numbers from lo to hi are times between 1973
// and 2200, or "" if none is.
func epochByMagnitude(lo, hi float64) string {
	for _, e := range epochUnits {
		if lo >= e.from && hi <= e.from*year2200/1e8 {
			return e.name
		}
	}
	return ""
}

// timeReader reads the cells of a time column.
type timeReader struct {
	layout  string        // Go layout, or "" for a number
	unit    time.Duration // of a number
	unitIs  string
	loc     *time.Location
	zoned   bool      // the layout names a zone by its letters
	noYear  bool      // the layout has no year
	noDate  bool      // the layout has no date at all
	ref     time.Time // year and date of a time without are those nearest to ref
	year    int       // year of the first time where ref is not known
	decimal byte
}

// newTimeReader takes a Go layout or the name of an epoch unit.
func newTimeReader(layout string, loc *time.Location) *timeReader {
	p := &timeReader{loc: loc, decimal: '.'}
	for _, e := range epochUnits {
		if layout == e.name || layout == "µs" && e.name == "us" {
			p.unit, p.unitIs = e.unit, e.name
			return p
		}
	}
	p.layout = layout
	p.zoned = strings.Contains(layout, "MST") && !strings.Contains(layout, "-07")
	form := func(y int, m time.Month, d int) string {
		return time.Date(y, m, d, 5, 6, 7, 8, time.UTC).Format(layout)
	}
	p.noDate = form(2001, 2, 3) == form(2001, 4, 9)
	p.noYear = !p.noDate && form(2001, 2, 3) == form(2002, 2, 3)
	return p
}

// String says how times are read.
func (p *timeReader) String() string {
	if p.layout == "" {
		return "epoch " + p.unitIs
	}
	return p.layout
}

var (
	errNotTime  = errors.New("not a time")
	errTimeSpan = errors.New("a time before 1678 or after 2261")
)

// parse returns a time in nanoseconds since 1970.
func (p *timeReader) parse(b []byte) (int64, error) {
	if p.layout == "" {
		return p.parseEpoch(b)
	}
	t, err := time.ParseInLocation(p.layout, string(b), p.loc)
	if err != nil {
		return 0, errNotTime
	}
	if p.zoned {
		if t, err = inNamedZone(t); err != nil {
			return 0, err
		}
	}
	if p.noDate || p.noYear {
		if t, err = p.complete(t); err != nil {
			return 0, err
		}
	}
	if y := t.Year(); y < 1678 || y > 2261 {
		return 0, errTimeSpan
	}
	return t.UnixNano(), nil
}

// complete adds the year, or the date, that is nearest to the time before: so a file may
// run over the new year, or over midnight.
func (p *timeReader) complete(t time.Time) (time.Time, error) {
	reach := 1
	if p.ref.IsZero() {
		reach = 0
		p.ref = time.Date(p.year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, p.loc)
		if p.noDate {
			p.ref = time.Date(p.year, 1, 1, t.Hour(), t.Minute(), t.Second(), 0, p.loc)
		}
	}
	best, gap := time.Time{}, time.Duration(math.MaxInt64)
	for step := -reach; step <= reach; step++ {
		y, m, d := p.ref.Year()+step, t.Month(), t.Day()
		if p.noDate {
			y, m, d = p.ref.Year(), p.ref.Month(), p.ref.Day()+step
		}
		c := time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), p.loc)
		if p.noYear && c.Day() != d {
			continue // 29 February of a year that has none
		}
		if g := c.Sub(p.ref).Abs(); g < gap {
			best, gap = c, g
		}
	}
	if gap == math.MaxInt64 {
		return t, errors.New("29 February of a year that has none; give the right one in Year")
	}
	p.ref = best
	return best, nil
}

// parseEpoch reads a number digit by digit: a float64 of today's epoch cannot hold
// nanoseconds.
func (p *timeReader) parseEpoch(b []byte) (int64, error) {
	whole, fraction, _ := bytes.Cut(b, []byte{p.decimal})
	n, ok := parseWhole(bytes.TrimPrefix(whole, []byte("-")))
	if !ok || !isDigits(fraction) {
		return p.parseEpochFloat(b)
	}
	unit := int64(p.unit)
	if n > uint64(9.2e18/float64(unit)) {
		return 0, errTimeSpan
	}
	ns := int64(n) * unit
	for i := 0; i < len(fraction) && unit >= 10; i++ {
		unit /= 10
		ns += int64(fraction[i]-'0') * unit
	}
	if b[0] == '-' {
		ns = -ns
	}
	return ns, nil
}

// parseEpochFloat reads other forms, such as 1.7e9.
func (p *timeReader) parseEpochFloat(b []byte) (int64, error) {
	v, kind := numberFormat{decimal: p.decimal}.parse(b)
	if kind != cellNumber {
		return 0, errNotTime
	}
	if v *= float64(p.unit); math.Abs(v) > 9.2e18 {
		return 0, errTimeSpan
	}
	return int64(v), nil
}

// zoneHours are offsets of zone names that mean one zone only. CST, IST and BST do not.
var zoneHours = map[string]float64{
	"UTC": 0, "GMT": 0, "UCT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
	"MSK": 3, "JST": 9, "KST": 9, "SGT": 8, "HKT": 8, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
	"EST": -5, "EDT": -4, "CDT": -5, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
}

// inNamedZone mends what time.Parse makes of a zone name that the location does not know:
// an offset of zero.
func inNamedZone(t time.Time) (time.Time, error) {
	name, offset := t.Zone()
	if offset != 0 || strings.HasPrefix(name, "GMT") || t.Location() == time.UTC {
		return t, nil
	}
	hours, ok := zoneHours[name]
	if !ok {
		return t, errors.New("zone " + name + " has no offset that is known; give its place in Location")
	}
	return t.Add(-time.Duration(hours * float64(time.Hour))), nil
}

// timeNames are column names that mean a time, in lower case, words separated by a blank.
var timeNames = map[string]bool{
	"time": true, "timestamp": true, "time stamp": true, "timestamps": true, "ts": true, "date": true, "datetime": true,
	"date time": true, "epoch": true, "unix": true, "unixtime": true, "unix time": true, "unix timestamp": true,
	"epoch time": true, "event time": true, "sample time": true, "start time": true, "system time": true, "local time": true,
	"utc time": true, "recorded at": true, "created at": true, "collected at": true, "sampled at": true,
	"date and time": true, "zeit": true, "zeitstempel": true, "datum": true, "uhrzeit": true, "datum uhrzeit": true,
	"fecha": true, "horodatage": true,
}

// timeQualifiers may follow a time's name: ts_ms, time_utc.
var timeQualifiers = map[string]string{
	"utc": "", "gmt": "", "local": "", "iso": "", "iso8601": "", "unix": "", "epoch": "",
	"s": "s", "sec": "s", "secs": "s", "seconds": "s", "ms": "ms", "msec": "ms", "millis": "ms", "milliseconds": "ms",
	"us": "us", "micros": "us", "microseconds": "us", "ns": "ns", "nanos": "ns", "nanoseconds": "ns",
}

// isTimeName tells whether a column's name means a time, and the unit that it names, if any.
func isTimeName(name string) (unit string, ok bool) {
	if strings.HasPrefix(name, "(PDH-CSV") {
		return "", true // Windows Performance Monitor
	}
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		if unit, ok = isTimeName(name[i+1:]); ok {
			return unit, ok
		}
	}
	words := nameWords(name)
	for {
		if timeNames[strings.Join(words, " ")] {
			return unit, true
		}
		if len(words) < 2 {
			return "", false
		}
		u, known := timeQualifiers[words[len(words)-1]]
		if !known {
			return "", false
		}
		if u != "" {
			unit = u
		}
		words = words[:len(words)-1]
	}
}

// nameWords cuts a column name into lower-case words of letters and digits.
func nameWords(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r < 0x80
	})
}
