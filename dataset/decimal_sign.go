package dataset

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// The numbers of a column can be read in two ways where each sign among their digits has
// three digits after it: 1,206 is 1206, or a little more than one. What else the column holds
// decides, then the other columns, then the language that the file is written for. Where
// nothing does, the numbers are an error, whatever the delimiter.

// signEvidence is what the numbers of a column show about their decimal sign.
type signEvidence struct {
	points, commas               int // numbers that show it: 0.5; 1,25; 1.234,5; 1 234,5
	unclearPoints, unclearCommas int // numbers that do not: 1.206; 1,206
	unclearLine                  int // of the last of these
	small                        int // whole numbers from 2 to 999 but 100, as far as they differ: 0, 1 or 2
	firstSmall                   int
	large                        int // whole numbers from 1000, without thousands signs
	grouped                      int // numbers such as 1 206 and 1'206, which have another thousands sign
	example                      string
}

// add takes a number of the column, in the record on a line. Lines go forward; a number that is
// taken again, because the sample had it, shows nothing more.
func (e *signEvidence) add(b []byte, line int) {
	b = withoutPercent(b)
	if digits := bytes.TrimLeft(b, "+-"); isDigits(digits) {
		e.addWhole(digits)
		return
	}
	var buf [64]byte
	if plain, grouped, ok := ungroup(buf[:0], b); ok && grouped {
		e.grouped++
		switch {
		case bytes.IndexByte(plain, '.') >= 0:
			e.points++
		case bytes.IndexByte(plain, ',') >= 0:
			e.commas++
		}
		return
	} else if ok {
		b = plain
	}
	switch decimalSign(b) {
	case '.':
		e.points++
		return
	case ',':
		e.commas++
		return
	}
	e.addUnclear(b, line)
}

// addUnclear takes a number that does not show its decimal sign.
func (e *signEvidence) addUnclear(b []byte, line int) {
	if line <= e.unclearLine {
		return
	}
	switch {
	case bytes.IndexByte(b, ',') >= 0:
		e.unclearCommas++
	case bytes.IndexByte(b, '.') >= 0:
		e.unclearPoints++
	default:
		return // 1e6
	}
	e.unclearLine = line
	if e.example == "" {
		e.example = string(b)
	}
}

// knows reports whether a number shows nothing new, as most do in columns that never show
// their decimal sign: 12 and 12345 after others, and 1.206 after at least two others.
func (e *signEvidence) knows(b []byte) bool {
	n := len(b)
	if e.unclear() >= 2 && n >= 5 && n <= 7 && b[0] != '0' {
		sign := b[n-4]
		return (sign == '.' && e.unclearPoints > 0 || sign == ',' && e.unclearCommas > 0) && isDigits(b[:n-4]) && isDigits(b[n-3:])
	}
	return (n <= 3 && e.small == 2 || n > 3 && e.large > 0) && isDigits(b)
}

// addWhole takes a whole number without signs. Programs that leave out zeros at the end write
// 0, 1 and 100 among numbers with decimals too, so these show nothing.
func (e *signEvidence) addWhole(digits []byte) {
	if len(digits) > 3 {
		e.large++
		return
	}
	if e.small == 2 {
		return
	}
	n, _ := parseWhole(digits)
	v := int(n)
	if v <= 1 || v == 100 || e.small == 1 && v == e.firstSmall {
		return
	}
	e.small++
	if e.small == 1 {
		e.firstSmall = v
	}
}

func (e *signEvidence) unclear() int { return e.unclearPoints + e.unclearCommas }

// shown returns the decimal sign that numbers of the column show, or 0. If both are shown, it
// is the point: a number with a comma is then an error.
func (e *signEvidence) shown() byte {
	switch {
	case e.points > 0:
		return '.'
	case e.commas > 0:
		return ','
	}
	return 0
}

// decide returns the decimal sign of a column whose numbers do not show it, or 0 where it is
// not known. others is the sign of the other columns, or 0. usual reports whether a sign is
// the usual one of the file.
func (e *signEvidence) decide(others byte, usual func(sign byte) bool) byte {
	sign, other := byte('.'), byte(',')
	if e.unclearCommas > 0 {
		sign, other = other, sign
	}
	switch {
	case e.unclear() == 0:
		return others
	case e.unclearPoints > 0 && e.unclearCommas > 0:
		return 0
	case e.large > 0 && e.small == 2:
		return 0 // a number that means "no value" may be written without thousands signs
	case e.grouped > 0 || e.large > 0:
		return sign // thousands are written otherwise
	case e.small == 2 && e.unclear() >= 2:
		return other // 934 beside 1,206: decimals would not all have three digits or none
	case others != 0:
		return others
	case usual(sign):
		return sign
	}
	return 0
}

// alone returns the decimal sign of a column by its own numbers alone, or 0 where they leave it open.
func (e *signEvidence) alone() byte {
	return e.decide(0, func(byte) bool { return false })
}

// decimalSign returns the decimal sign that a number shows, or 0 where it could be either.
// 0,5 and 1.234,5 have a decimal comma; 1,234 may be a thousand.
func decimalSign(b []byte) byte {
	comma, point := bytes.LastIndexByte(b, ','), bytes.LastIndexByte(b, '.')
	switch {
	case comma < 0 && point < 0:
		return 0
	case comma >= 0 && point >= 0 && comma > point:
		return ','
	case comma >= 0 && point >= 0:
		return '.'
	}
	sep, other := byte(','), byte('.')
	if point >= 0 {
		sep, other = '.', ','
	}
	digits := bytes.TrimLeft(b, "+-")
	switch {
	case bytes.Count(b, []byte{sep}) > 1:
		return other
	case isGrouped(b, sep, other) && digits[0] != '0':
		return 0
	}
	return sep
}

// decimalOf returns how column c writes its numbers.
func (p *plan) decimalOf(c int) numberFormat {
	if p.opt.Decimal != 0 {
		return numberFormat{byte(p.opt.Decimal), true}
	}
	e := &p.stats[c].signEvidence
	if sign := e.shown(); sign != 0 {
		return numberFormat{sign, true}
	}
	sign := e.decide(p.decimal, p.usualDecimal)
	return numberFormat{sign, sign != 0}
}

// commonDecimal returns the decimal sign that the columns show, or 0 if none does or they
// differ. If none does, it is the sign of columns that can be read in one way only.
func (p *plan) commonDecimal() byte {
	shown, differ := p.sameSign((*signEvidence).shown)
	if shown == 0 && !differ {
		shown, _ = p.sameSign((*signEvidence).alone)
	}
	return shown
}

// sameSign returns the sign of the columns that have one, or 0 if none has or they differ.
func (p *plan) sameSign(of func(*signEvidence) byte) (sign byte, differ bool) {
	for c := range p.stats {
		s := of(&p.stats[c].signEvidence)
		if s != 0 && sign != 0 && s != sign {
			return 0, true
		}
		sign = max(sign, s)
	}
	return sign, false
}

var (
	pointClock = regexp.MustCompile(`:\d\d\.\d`)
	commaClock = regexp.MustCompile(`:\d\d,\d`)
	dottedDate = regexp.MustCompile(`^\d{1,2}\.\d{1,2}\.\d{2}`)
	halfDay    = regexp.MustCompile(`(?i)\d ?[ap]m\b`)
)

// commaNames are names of times in languages that write a decimal comma.
var commaNames = map[string]bool{
	"zeit": true, "zeitstempel": true, "datum": true, "uhrzeit": true, "datum uhrzeit": true, "datum zeit": true,
	"fecha": true, "hora": true, "horodatage": true, "heure": true, "tijd": true,
}

// usualDecimal reports whether what else is known of the file speaks for a decimal sign: times
// and their names, and the delimiter. A decimal point is the rule where fields are separated
// by a comma, a blank or a bar. For a comma two signs have to agree.
func (p *plan) usualDecimal(sign byte) bool {
	points, commas := 0, 0
	if p.comma == ';' {
		commas++ // as spreadsheets write it where the comma is taken
	}
	for c, s := range p.stats {
		if commaNames[strings.Join(nameWords(p.names[c]), " ")] {
			commas++
		}
		if len(s.cells) == 0 {
			continue
		}
		switch cell := []byte(s.cells[0]); {
		case pointClock.Match(cell):
			points++
		case commaClock.Match(cell):
			commas += 2
		case dottedDate.Match(cell):
			commas++
		case halfDay.Match(cell):
			points++
		}
	}
	switch {
	case sign == ',':
		return commas >= 2 && points == 0
	case p.comma == ',' || p.comma == ' ' || p.comma == '|':
		return true
	}
	return points > 0 && commas == 0
}

// watchSign takes a number of a metric column that has not shown its decimal sign so far, and
// sets the column's format. What was read before must have been read in that format, in the other
// columns too.
func (r *rowReader) watchSign(m *metricColumn, cell []byte) error {
	if !isDigits(cell) && !numberLike(cell) || r.missing[string(cell)] {
		return nil
	}
	e, decimal := m.sign, r.decimal
	unclear, sign, alone := e.unclear(), e.shown(), e.alone()
	e.add(cell, r.start)
	if e.shown() != sign || e.alone() != alone {
		r.decimal = r.commonDecimal()
	}
	switch sign = e.shown(); {
	case sign != 0:
	case e.unclear() > 0:
		sign = e.decide(r.decimal, r.usualDecimal)
	default:
		return nil
	}
	if unclear > 0 && sign != m.format.decimal {
		return r.otherSign(m, cell, shown(e.example))
	}
	if e.shown() != 0 {
		m.sign = nil // it will not change
	}
	m.format = numberFormat{sign, sign != 0}
	if r.decimal != decimal {
		return r.watchOthers(m, cell)
	}
	return nil
}

// watchOthers sets the formats of the metric columns that go by what the columns show, after a cell
// of column m has changed that.
func (r *rowReader) watchOthers(m *metricColumn, cell []byte) error {
	for _, o := range r.metrics {
		if o == m || o.sign == nil || o.sign.shown() != 0 {
			continue
		}
		sign := o.sign.decide(r.decimal, r.usualDecimal)
		if o.sign.unclear() > 0 && sign != o.format.decimal {
			return r.otherSign(m, cell, fmt.Sprintf("%s in column %q", shown(o.sign.example), r.names[o.col]))
		}
		o.format = numberFormat{sign, sign != 0}
	}
	return nil
}

// otherSign returns the error of a cell of column m that speaks against how a number was read.
func (r *rowReader) otherSign(m *metricColumn, cell []byte, number string) error {
	return r.fail(m.col, ErrNotNumber, fmt.Sprintf("%s beside %s, which has a decimal sign or a thousands sign; give the decimal sign in Decimal",
		shown(string(cell)), number))
}

// decided returns what was decided about numbers that do not show their decimal sign: an
// example, and whether they were read as thousands. The example is empty if there are none.
func (m *metricColumn) decided() (example string, thousands bool) {
	e := m.sign
	if e == nil || e.unclear() == 0 {
		return "", false
	}
	return e.example, (e.unclearCommas > 0) != (m.format.decimal == ',')
}
