package dataset

import (
	"bytes"
	"slices"
	"strings"
)

// The same form of a time is written with small differences, by language and program. A time
// that a layout does not read as it stands is read without them.

// cleanTime appends b to dst with single plain blanks, without commas before them, with AM and
// PM as Go writes them, with a point before milliseconds (15:04:05:006), without the name of the
// zone in parentheses, and without the end of a range (9:50 - 9:55).
func cleanTime(dst, b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == ')' {
		if i := bytes.LastIndex(b, []byte(" (")); i > 0 {
			b = b[:i]
		}
	}
	if i := bytes.Index(b, []byte(" - ")); i > 0 && bytes.IndexByte(b[:i], ':') > 0 {
		b = b[:i]
	}
	for len(b) > 0 {
		if n := blankBefore(b); n > 0 {
			for k := len(dst); k > 0 && (dst[k-1] == ' ' || dst[k-1] == ','); k-- {
				dst = dst[:k-1]
			}
			dst, b = append(dst, ' '), b[n:]
			continue
		}
		dst, b = append(dst, b[0]), b[1:]
	}
	return pointMillis(upperHalf(dst))
}

// halves are the spellings of AM and PM.
var halves = []struct{ written, plain string }{{"am", "AM"}, {"pm", "PM"}, {"a.m.", "AM"}, {"p.m.", "PM"}}

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
	short := strings.NewReplacer("15:04", "15:4", "3:04", "3:4", "2006-01-02", "2006-1-2", "2006/01/02", "2006/1/2")
	for _, l := range layouts {
		l = short.Replace(strings.ReplaceAll(cleanLayout(l), "04:05", "4:5"))
		if !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}
