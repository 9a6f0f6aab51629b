package dataset

import (
	"bytes"
)

// blanks are the characters that stand for a blank in cells: those that do and do not break a
// line, narrow ones and those as wide as a digit.
var blanks = []string{" ", "\t", "\u00a0", "\u202f", "\u2009", "\u2007"}

// oldBlank is a blank that does not break a line, in Windows-1252. In UTF-8 the same byte ends
// letters too, so it is a blank only where no letter can be: within numbers and times.
const oldBlank = "\xa0"

// blankBefore returns the length of the blank that b begins with, or 0.
func blankBefore(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	if b[0] < 0x80 {
		if b[0] == ' ' || b[0] == '\t' {
			return 1
		}
		return 0
	}
	for _, s := range blanks {
		if bytes.HasPrefix(b, []byte(s)) {
			return len(s)
		}
	}
	if b[0] == oldBlank[0] {
		return 1
	}
	return 0
}

// trimBlanks removes the blanks that b begins with.
func trimBlanks(b []byte) []byte {
	for n := blankBefore(b); n > 0; n = blankBefore(b) {
		b = b[n:]
	}
	return b
}

// blankAfter returns the length of the blank that b ends with, or 0.
func blankAfter(b []byte) int {
	for _, s := range blanks {
		if bytes.HasSuffix(b, []byte(s)) {
			return len(s)
		}
	}
	return 0
}
