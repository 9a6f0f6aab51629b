package dataset

import (
	"bytes"
)

// A cell is the text of one field of a row, without quotes and without blanks around it. It is a
// value of its column: missing, in one of many spellings; a number (number.go), perhaps with a unit
// (unit.go) or of several parts (duration.go); a time (time.go); or a text. What it looks like by
// itself says contentOf; what it is, the column says.

// cellKind is what a cell turns out to be where a number is read.
type cellKind int

const (
	cellMissing cellKind = iota
	cellNumber
	cellInfinite  // or too large for a float64
	cellAmbiguous // 1,234: more than a thousand, or a little more than one
	cellText
)

// isMissing reports whether a cell stands for "no value".
func isMissing(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	var buf [15]byte
	if len(b) > len(buf) || b[0] >= '0' && b[0] <= '9' && !bytes.HasPrefix(b, []byte("1.#")) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	switch string(buf[:len(b)]) {
	case "-", "--", "–", "—", "?", "n/a", "n.a.", "n/d", "na", "#n/a", "#na", "nan", "-nan", "+nan", "nan(ind)", "-nan(ind)", "1.#qnan", "-1.#ind",
		"[n/a]", "[not supported]", "#value!", "#div/0!", "#ref!", "#num!", "#name?", "(null)",
		"null", "<null>", "nil", "<nil>", "none", `\n`, "undefined", "missing",
		"u": // as rrdtool writes it
		return true
	}
	return false
}

// isInfinite reports whether a cell spells infinity.
func isInfinite(b []byte) bool {
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		b = b[1:]
	}
	if len(b) < 3 || len(b) > 8 {
		return false
	}
	switch string(bytes.ToLower(b)) {
	case "inf", "infinity", "∞", "1.#inf":
		return true
	}
	return false
}

func isDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
