package dataset

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"time"
)

// A time is the moment of a row, in nanoseconds since 1970. It is written in words (time_layout.go,
// time_words.go), as a number that counts from 1970, from 1899 in days (time_spreadsheet.go) or from
// the beginning (time_elapsed.go), and it may stand in several columns (time_apart.go). All times of
// a file have one form, which the sample shows (time_candidate.go, find_time.go) and a timeReader
// then reads; what a time lacks, such as a year, comes from those before it (time_order.go).

// epochUnits are the units of a numeric time, under their names in TimeLayout.
var epochUnits = []struct {
	name string
	unit time.Duration
	from float64 // the year 1973 in this unit
}{

	{"s", time.Second, 1e8},
	{"ms", time.Millisecond, 1e11},
	{"us", time.Microsecond, 1e14},
	{"ns", time.Nanosecond, 1e17},
}

const year2200 = 7.26e9 // seconds

// epochByMagnitude returns the unit in which lo to hi are times between 1973 and 2200, or ""
// if there is none.
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
	layout   string        // Go layout, or "" for a number
	unit     time.Duration // of a numeric time
	unitIs   string
	loc      *time.Location
	zoned    bool          // the layout names a zone by its letters
	clean    string        // the layout for cleaned times
	midnight string        // layout of the date alone, which then means midnight; or ""
	noClock  bool          // the layout has a date only
	local    bool          // the layout has no zone, and the location has summer time
	grain    time.Duration // to which a spreadsheet's day numbers are exact
	noYear   bool          // the layout has no year
	noDate   bool          // the layout has no date at all
	noHour   bool          // nor hours
	year     int           // year of the first time if ref is zero
	decimal  byte
	// clockDigits is the length of a clock without colons, from which programs leave out zeros.
	clockDigits int
	timeOrder
}

// newTimeReader returns a reader for a Go layout or the name of an epoch unit.
func newTimeReader(layout string, loc *time.Location) *timeReader {
	p := &timeReader{loc: loc, decimal: '.'}
	for _, e := range epochUnits {
		if layout == e.name || layout == "µs" && e.name == "us" {
			p.unit, p.unitIs = e.unit, e.name
			return p
		}
	}
	if layout == dayNumbers {
		p.unit, p.unitIs, p.grain = 24*time.Hour, dayNumbers, time.Millisecond
		return p
	}
	if layout == elapsed {
		p.unitIs = elapsed
		return p
	}
	p.layout, p.clean = layout, cleanLayout(layout)
	p.zoned = strings.Contains(layout, "MST") && !strings.Contains(layout, "-07")
	form := func(y int, m time.Month, d int) string {
		return time.Date(y, m, d, 5, 6, 7, 8, time.UTC).Format(layout)
	}
	p.noDate = form(2001, 2, 3) == form(2001, 4, 9)
	p.noHour = p.noDate && time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC).Format(layout) == time.Date(2001, 2, 3, 9, 5, 6, 7, time.UTC).Format(layout)
	p.noYear = !p.noDate && form(2001, 2, 3) == form(2002, 2, 3)
	p.noClock = hasNoClock(layout)
	if date, _, found := strings.Cut(p.clean, " "); found && !p.noDate && !p.noYear && !p.noClock && strings.Contains(date, "06") && hasNoClock(date) {
		p.midnight = date
	}
	p.local = loc != time.UTC && !p.zoned && !strings.Contains(layout, "07") && !p.noDate && !p.noYear
	return p
}

// String returns the layout, or "epoch" and the unit.
func (p *timeReader) String() string {
	switch {
	case p.unitIs == dayNumbers:
		return "a spreadsheet's days"
	case p.unitIs == elapsed:
		return "elapsed hours, minutes and seconds"
	case p.layout == "":
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
		return p.parseNumber(b)
	}
	t, err := time.ParseInLocation(p.layout, string(b), p.loc)
	if err != nil {
		if t, err = p.parseLoose(b); err != nil {
			return 0, errNotTime
		}
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
	at := t.UnixNano()
	if p.local {
		at = p.inOrder(t, at)
	}
	return at, nil
}

// parseLoose reads a time that the layout does not read as it stands: cleaned, or a date alone,
// which some programs write at midnight.
func (p *timeReader) parseLoose(b []byte) (time.Time, error) {
	if len(b) > longestTime {
		return time.Time{}, errNotTime
	}
	var buf [longestTime]byte
	s := string(cleanTime(buf[:0], b))
	t, err := time.ParseInLocation(p.clean, s, p.loc)
	if err != nil && p.midnight != "" {
		t, err = time.ParseInLocation(p.midnight, s, p.loc)
	}
	if err != nil && strings.Contains(s, midnight24) && !p.noDate {
		t, err = time.ParseInLocation(p.clean, strings.Replace(s, midnight24, " 00:00", 1), p.loc)
		t = t.AddDate(0, 0, 1)
	}
	return t, err
}

// midnight24 is the end of a day, which some programs write in place of the beginning of the next.
const midnight24 = " 24:00"

// parseNumber reads a time that is a number or an elapsed time.
func (p *timeReader) parseNumber(b []byte) (int64, error) {
	switch p.unitIs {
	case dayNumbers:
		return p.parseDays(b)
	case elapsed:
		return parseElapsed(b)
	}
	return p.parseEpoch(b)
}

// complete adds the year, the date, or the date and the hour, that brings t nearest to the time
// before. A file may so go on past the new year, past midnight, or past the full hour.
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
		hour := t.Hour()
		if p.noHour {
			d, hour = p.ref.Day(), p.ref.Hour()+step
		}
		c := time.Date(y, m, d, hour, t.Minute(), t.Second(), t.Nanosecond(), p.loc)
		if p.noYear && c.Day() != d {
			continue // 29 February of a year without one
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

// parseEpoch reads a number digit by digit: a float64 cannot hold the nanoseconds of today's
// times.
func (p *timeReader) parseEpoch(b []byte) (int64, error) {
	if n := len(b); n > 0 && b[n-1] == ':' {
		b = b[:n-1] // as rrdtool writes it
	} else if n > 0 && b[0] == msDate[0] {
		b = bytes.TrimSuffix(bytes.TrimPrefix(b, []byte(msDate)), []byte(msDateEnd))
	}
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

// msDate and msDateEnd stand around milliseconds since 1970 in the JSON of .NET.
const msDate, msDateEnd = "/Date(", ")/"

// isEpochText reports whether a text is a time since 1970 with signs around it.
func isEpochText(s string) bool {
	inner, ok := strings.CutPrefix(s, msDate)
	if inner, ok2 := strings.CutSuffix(inner, msDateEnd); ok && ok2 {
		return len(inner) > 9 && isDigits([]byte(inner))
	}
	return false
}

// dayNumbers is the name in TimeLayout of days since the end of 1899, as spreadsheets count them.
const dayNumbers = "days"

const day1970 = 25569 // the day number of 1970

// parseDays reads a spreadsheet's day number.
func (p *timeReader) parseDays(b []byte) (int64, error) {
	v, kind := numberFormat{decimal: p.decimal}.parse(b)
	if kind != cellNumber {
		return 0, errNotTime
	}
	if v -= day1970; math.Abs(v) > 1e5 {
		return 0, errTimeSpan
	}
	return int64(math.Round(v*float64(p.unit)/float64(p.grain))) * int64(p.grain), nil
}

// parseEpochFloat reads numbers in other forms, such as 1.7e9.
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

// zoneHours are the offsets of zone names that mean one zone only. CST, IST and BST do not.
var zoneHours = map[string]float64{
	"UTC": 0, "GMT": 0, "UCT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
	"MSK": 3, "JST": 9, "KST": 9, "SGT": 8, "HKT": 8, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
	"EST": -5, "EDT": -4, "CDT": -5, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
}

// inNamedZone corrects the offset of t. time.Parse sets it to zero if the location does not
// have the zone's name.
func inNamedZone(t time.Time) (time.Time, error) {
	name, offset := t.Zone()
	if offset != 0 && strings.HasPrefix(name, "GMT") && t.Location().String() == name {
		return t.Add(-time.Duration(offset) * time.Second), nil // GMT+1: time.Parse leaves the clock to us
	}
	if offset != 0 || strings.HasPrefix(name, "GMT") || t.Location() == time.UTC {
		return t, nil
	}
	hours, ok := zoneHours[name]
	if !ok {
		return t, errors.New("zone " + name + " has no offset that is known; give its place in Location")
	}
	return t.Add(-time.Duration(hours * float64(time.Hour))), nil
}
