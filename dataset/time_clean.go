package dataset

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// The same form of a time is written with small differences, by language and program. A time
// that a layout does not read as it stands is read without them.

// cleanTime appends b to dst with single plain blanks, without commas before them, with English
// words, with AM and PM as Go writes them and at the end, with a point before milliseconds
// (15:04:05:006), without the name of the zone in brackets, and without the end of a range
// (9:50 - 9:55).
func cleanTime(dst, b []byte) []byte {
	if n := len(b); n > 2 && b[0] == '[' && b[n-1] == ']' {
		b = b[1 : n-1] // as Apache writes it
	}
	b = withoutZoneName(b)
	if i := bytes.Index(b, []byte(" - ")); i > 0 && bytes.IndexByte(b[:i], ':') > 0 {
		b = b[:i]
	}
	start := len(dst)
	for len(b) > 0 {
		n := blankBefore(b)
		if n == 0 && b[0] == '_' && len(b) > 1 && isDigits(b[1:2]) && len(dst) > start && isDigits(dst[len(dst)-1:]) {
			n = 1 // 2024-03-14_09:50:00
		}
		if n > 0 {
			for k := len(dst); k > start && (dst[k-1] == ' ' || dst[k-1] == ','); k-- {
				dst = dst[:k-1]
			}
			dst, b = append(dst, ' '), b[n:]
			continue
		}
		n = letterBytes(b)
		dst, b = append(dst, b[:n]...), b[n:]
	}
	if hasWords(dst[start:]) {
		var buf [longestTime]byte
		plain, half := plainWords(buf[:0], dst[start:])
		dst = append(dst[:start], plain...)
		if half != nil {
			dst = append(append(dst, ' '), half...)
		}
	}
	return pointMillis(upperHalf(dottedYear(dst)))
}

// letterBytes returns the length of the character that b begins with, which may be of UTF-8.
func letterBytes(b []byte) int {
	if b[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRune(b)
	return n
}

// withoutZoneName drops the name of a zone in brackets, where its offset stands before it:
// GMT+0100 (Central European Time), +01:00[Europe/Berlin].
func withoutZoneName(b []byte) []byte {
	open := []byte(" (")
	switch n := len(b); {
	case n > 0 && b[n-1] == ']':
		open = []byte("[")
	case n == 0 || b[n-1] != ')':
		return b
	}
	if i := bytes.LastIndex(b, open); i > 0 {
		return b[:i]
	}
	return b
}

// hasWords reports whether a time has letters other than the T and Z of ISO 8601.
func hasWords(b []byte) bool {
	for _, c := range b {
		if (c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80) && c != 'T' && c != 'Z' {
			return true
		}
	}
	return false
}

// dottedYear writes 2024. 3. 14. 9:50, as in Korea, as 2024.3.14 9:50.
func dottedYear(b []byte) []byte {
	if len(b) < 12 || b[4] != '.' || !isDigits(b[:4]) || b[5] != ' ' {
		return b
	}
	out, dots := b[:5], 1
	for i := 5; i < len(b); i++ {
		switch {
		case b[i] == ' ' && b[i-1] == '.' && dots < 3:
		case b[i] == '.' && dots == 2:
			dots++
		default:
			if b[i] == '.' {
				dots++
			}
			out = append(out, b[i])
		}
	}
	return out
}

// halves are the spellings of AM and PM.
var halves = []struct{ written, plain string }{{"am", "AM"}, {"pm", "PM"}, {"a.m.", "AM"}, {"p.m.", "PM"}, {"a. m.", "AM"}, {"p. m.", "PM"}}

// upperHalf writes the half of the day at the end of a time as Go does, with a blank before it.
func upperHalf(b []byte) []byte {
	for _, h := range halves {
		n := len(b) - len(h.written)
		if n < 1 || !bytes.EqualFold(b[n:], []byte(h.written)) || b[n-1] != ' ' && (b[n-1] < '0' || b[n-1] > '9') {
			continue
		}
		b = bytes.TrimRight(b[:n], " ")
		return append(append(b, ' '), h.plain...)
	}
	return b
}

// pointMillis turns the third colon of a clock into a point.
func pointMillis(b []byte) []byte {
	i := bytes.LastIndexByte(b, ':')
	if i < 4 || len(b)-i < 4 || !isDigits(b[i+1:i+4]) || len(b)-i > 4 && b[i+4] != ' ' {
		return b
	}
	if bytes.Count(b[max(0, i-6):i], []byte{':'}) == 2 {
		b[i] = '.'
	}
	return b
}

// cleanLayout returns a layout for times that cleanTime has cleaned.
func cleanLayout(layout string) string {
	return strings.TrimSpace(string(cleanTime(nil, []byte(layout))))
}

// looseLayouts are the layouts for cleaned times, which also read numbers without a leading zero.
func looseLayouts(layouts []string) []string {
	var out []string
	short := strings.NewReplacer("15:04", "15:4", "3:04", "3:4", "2006-01-02", "2006-1-2", "2006/01/02", "2006/1/2", "2006.01.02", "2006.1.2")
	for _, l := range layouts {
		l = short.Replace(strings.ReplaceAll(cleanLayout(l), "04:05", "4:5"))
		if !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}
