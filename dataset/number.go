package dataset

import (
	"bytes"
	"math"
	"strconv"
)

// numberFormat is how a column writes its numbers.
type numberFormat struct {
	decimal byte // '.' or ','
	certain bool // set by the user: the other sign can only group thousands
}

// parse reads a cell as a number. It drops a percent sign at the end.
func (f numberFormat) parse(b []byte) (float64, cellKind) {
	if isMissing(b) {
		return math.NaN(), cellMissing
	}
	if n := len(b); n > 1 && b[n-1] == '%' {
		b = bytes.TrimRight(b[:n-1], " ")
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
			if isInfinite(b) {
				return math.Inf(1), cellInfinite
			}
			return 0, cellText
		}
	}
	if commas == 0 && (points == 0 || f.decimal == '.') {
		return parseFloat(b)
	}
	return f.parsePunctuated(b, points, commas)
}

// parsePunctuated reads a number with a decimal comma or with grouped thousands.
func (f numberFormat) parsePunctuated(b []byte, points, commas int) (float64, cellKind) {
	others, other := points, byte('.')
	if f.decimal == '.' {
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

// isGrouped reports whether sep separates the digits before the decimal sign into groups of
// three.
func isGrouped(b []byte, sep, decimal byte) bool {
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		b = b[1:]
	}
	whole, fraction, _ := bytes.Cut(b, []byte{decimal})
	if !isDigits(fraction) {
		return false
	}
	for first := true; ; first = false {
		group, rest, more := bytes.Cut(whole, []byte{sep})
		if !isDigits(group) || first && (len(group) == 0 || len(group) > 3) || !first && len(group) != 3 {
			return false
		}
		if !more {
			return true
		}
		whole = rest
	}
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
