package dataset

import (
	"bytes"
	"math"
	"strconv"
)

// numberFormat is how a column writes its numbers.
type numberFormat struct {
	decimal byte // '.' or ','; 0 where it is not known: each number has to show it
	certain bool // set by the user or shown by the column: the other sign can only group thousands
}

// parse reads a cell as a number. It drops a percent sign at the end.
func (f numberFormat) parse(b []byte) (float64, cellKind) {
	if v, point, ok := parsePlain(b); ok && (!point || f.decimal == '.') {
		return v, cellNumber
	}
	if isMissing(b) {
		return math.NaN(), cellMissing
	}
	if b[len(b)-1] == '%' {
		b = withoutPercent(b)
	}
	points, commas := 0, 0
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9' || c == '-' || c == '+' || c == 'e' || c == 'E':
		case c == '.':
			points++
		case c == ',':
			commas++
		default:
			return f.parseRare(b)
		}
	}
	if commas == 0 && (points == 0 || f.decimal == '.') {
		return parseFloat(b)
	}
	return f.parsePunctuated(b, points, commas)
}

// parseRare reads a cell with other characters than most numbers have: groups of digits that a
// blank or an apostrophe separates, a typographic minus, or infinity.
func (f numberFormat) parseRare(b []byte) (float64, cellKind) {
	if isInfinite(b) {
		return math.Inf(1), cellInfinite
	}
	var buf [64]byte
	plain, grouped, ok := ungroup(buf[:0], b)
	if !ok {
		return 0, cellText
	}
	points, commas := bytes.Count(plain, []byte{'.'}), bytes.Count(plain, []byte{','})
	if grouped {
		switch {
		case points+commas > 1:
			return 0, cellText // another thousands sign beside
		case !f.certain && points > 0:
			f = numberFormat{'.', true}
		case !f.certain && commas > 0:
			f = numberFormat{',', true}
		case points > 0 && f.decimal != '.' || commas > 0 && f.decimal != ',':
			return 0, cellText
		}
	}
	return f.parsePunctuated(plain, points, commas)
}

// parsePunctuated reads a number with a decimal comma or with grouped thousands.
func (f numberFormat) parsePunctuated(b []byte, points, commas int) (float64, cellKind) {
	if f.decimal == 0 && points+commas > 0 {
		if f.decimal = decimalSign(b); f.decimal == 0 {
			return 0, cellAmbiguous
		}
		f.certain = true
	}
	others, other := points, byte('.')
	if f.decimal != ',' {
		others, other = commas, ','
	}
	if points+commas-others > 1 || others > 0 && !isGrouped(b, other, f.decimal) {
		return 0, cellText
	}
	if !f.certain && others == 1 && points+commas == 1 {
		return 0, cellAmbiguous
	}
	var buf [64]byte
	plain := buf[:0]
	for _, c := range b {
		switch c {
		case other:
		case f.decimal:
			plain = append(plain, '.')
		default:
			plain = append(plain, c)
		}
	}
	return parseFloat(plain)
}

// parsePlain reads digits with a sign before and a point among them, as most numbers are written. As
// long as they make a whole number below 2^53, that number and the power of ten to divide it by are
// exact, and their quotient is the nearest float64, which is what strconv.ParseFloat returns.
func parsePlain(b []byte) (v float64, point, ok bool) {
	digits := trimSign(b)
	n, fraction := uint64(0), -1
	for _, c := range digits {
		switch {
		case c >= '0' && c <= '9':
			n = 10*n + uint64(c-'0')
			if fraction >= 0 {
				fraction++
			}
		case c == '.' && fraction < 0:
			fraction = 0
		default:
			return 0, false, false
		}
	}
	point = fraction >= 0
	if len(digits) == 0 || len(digits) > 16 || point && len(digits) == 1 || n > 1<<53 {
		return 0, point, false
	}
	v = float64(n)
	if fraction > 0 {
		v /= powersOfTen[fraction]
	}
	if b[0] == '-' {
		v = -v
	}
	return v, point, true
}

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16}

func parseFloat(b []byte) (float64, cellKind) {
	v, err := strconv.ParseFloat(string(b), 64)
	switch {
	case math.IsInf(v, 0):
		return v, cellInfinite
	case err != nil:
		return 0, cellText
	}
	return v, cellNumber
}

// withoutPercent drops a percent sign at the end and the blanks before it.
func withoutPercent(b []byte) []byte {
	n := len(b)
	if n < 2 || b[n-1] != '%' {
		return b
	}
	b = b[:n-1]
	for n := blankAfter(b); n > 0; n = blankAfter(b) {
		b = b[:len(b)-n]
	}
	return bytes.TrimSuffix(b, []byte(oldBlank))
}

// apostrophes separate thousands as blanks do, in UTF-8 and in Windows-1252.
var apostrophes = []string{"'", "\u2019", "\x92"}

// groupSign returns the sign that b begins with and that can separate thousands, or nothing.
func groupSign(b []byte) []byte {
	if n := blankBefore(b); n > 0 && b[0] != '\t' {
		return b[:n]
	}
	for _, s := range apostrophes {
		if bytes.HasPrefix(b, []byte(s)) {
			return b[:len(s)]
		}
	}
	return nil
}

const typographicMinus = "\u2212"

// ungroup appends to dst a number without its group signs, and with a plain minus. grouped
// tells whether there were some; ok is false for what is no number.
func ungroup(dst, b []byte) (plain []byte, grouped, ok bool) {
	if bytes.HasPrefix(b, []byte(typographicMinus)) {
		dst, b = append(dst, '-'), b[len(typographicMinus):]
	} else if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		dst, b = append(dst, b[0]), b[1:]
	}
	digits, fraction := 0, false // digits of the group so far
	var sign []byte
	for len(b) > 0 {
		switch c := b[0]; {
		case c >= '0' && c <= '9':
			digits++
			dst, b = append(dst, c), b[1:]
			continue
		case c == '.' || c == ',' || (c == 'e' || c == 'E') && digits > 0:
			if sign != nil && !fraction && digits != 3 {
				return nil, false, false
			}
			if fraction = true; c == 'e' || c == 'E' {
				dst, b = append(dst, c), b[1:]
				if bytes.HasPrefix(b, []byte(typographicMinus)) {
					dst, b = append(dst, '-'), b[len(typographicMinus):]
				} else if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
					dst, b = append(dst, b[0]), b[1:]
				}
				continue
			}
			dst, b = append(dst, c), b[1:]
			continue
		}
		if fraction || digits == 0 || digits > 3 || sign != nil && digits != 3 {
			return nil, false, false
		}
		next := groupSign(b)
		if next == nil || sign != nil && !bytes.Equal(sign, next) {
			return nil, false, false
		}
		sign, digits, b = next, 0, b[len(next):]
	}
	return dst, sign != nil, fraction || sign == nil || digits == 3
}

// isGrouped reports whether sep separates the digits before the decimal sign into groups of
// three, or, with commas, as in India: the last three digits, and pairs before them.
func isGrouped(b []byte, sep, decimal byte) bool {
	b = trimSign(b)
	whole, fraction, _ := bytes.Cut(b, []byte{decimal})
	if !isDigits(fraction) {
		return false
	}
	return inGroups(whole, sep, 3) || sep == ',' && bytes.Count(whole, []byte{sep}) > 1 && inGroups(whole, sep, 2)
}

// inGroups reports whether sep separates the digits into groups of size digits, of which the
// first may be shorter and the last has three.
func inGroups(whole []byte, sep byte, size int) bool {
	for first := true; ; first = false {
		group, rest, more := bytes.Cut(whole, []byte{sep})
		n := len(group)
		switch {
		case !isDigits(group) || n == 0:
			return false
		case !more:
			return n == 3 || first && n < 3
		case n > size || !first && n != size:
			return false
		}
		whole = rest
	}
}

func trimSign(b []byte) []byte {
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		return b[1:]
	}
	return b
}

// parseWhole reads a number that consists of digits only. The result is exact, where a
// float64 would round above 2^53.
func parseWhole(b []byte) (n uint64, ok bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	for _, d := range b {
		if d < '0' || d > '9' {
			return 0, false
		}
		next := n*10 + uint64(d-'0')
		if n > math.MaxUint64/10 || next < n*10 {
			return 0, false
		}
		n = next
	}
	return n, true
}

// numberLike reports whether a cell is a number, with a point or with a comma as decimal
// sign.
func numberLike(b []byte) bool {
	switch _, kind := (numberFormat{decimal: '.'}).parse(b); kind {
	case cellNumber, cellInfinite, cellAmbiguous:
		return true
	}
	// Dots alone do not group thousands here: 192.168.100.200 is an address.
	if bytes.IndexByte(b, ',') < 0 {
		return false
	}
	_, kind := (numberFormat{decimal: ','}).parse(b)
	return kind == cellNumber
}
