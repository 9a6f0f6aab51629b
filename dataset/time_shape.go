package dataset

import (
	"slices"
	"strings"
	"time"
)

// The shape of a text is what is left of it where each number becomes 0, each word a, and blanks
// one blank: 2024-03-14 09:50 has the shape 0-0-0 0:0. A layout reads texts of its own shapes only,
// so that a text need not be tried with a hundred layouts to find that it is no time.

// longestTime is the number of bytes that a written time has at the most.
const longestTime = 80

// shapedLayouts are layouts, which can be found by the shape of what they read.
type shapedLayouts struct {
	layouts []string
	byShape map[string][]int // in the order of layouts
}

func newShapedLayouts(layouts []string) shapedLayouts {
	s := shapedLayouts{layouts, map[string][]int{}}
	for i, l := range layouts {
		for _, shape := range layoutShapes(l) {
			s.byShape[shape] = append(s.byShape[shape], i)
		}
	}
	return s
}

// reading returns the layouts that can read one of the texts, by index.
func (s shapedLayouts) reading(texts []string) []int {
	var out []int
	var buf [longestTime]byte
	last := ""
	for k, t := range texts {
		shape := appendShape(buf[:0], t)
		if k > 0 && string(shape) == last {
			continue
		}
		last = string(shape)
		for _, i := range s.byShape[last] {
			if !slices.Contains(out, i) {
				out = append(out, i)
			}
		}
	}
	slices.Sort(out)
	return out
}

// appendShape appends the shape of a text to dst.
func appendShape(dst []byte, s string) []byte {
	before := byte(0)
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			c = '0'
		case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80:
			c = 'a'
		case c == '\t':
			c = ' '
		}
		if c == before && (c == '0' || c == 'a' || c == ' ') {
			continue
		}
		dst, before = append(dst, c), c
	}
	return dst
}

// layoutShapes returns the shapes that times in a layout can have: time.Parse takes a fraction
// after seconds, and zones have names and offsets of several forms.
func layoutShapes(layout string) []string {
	at := time.Date(2024, 3, 14, 9, 50, 21, 123456789, time.UTC)
	zones := []*time.Location{
		time.UTC, time.FixedZone("CET", 3600), time.FixedZone("CET", -3600), time.FixedZone("GMT+1", 3600),
		time.FixedZone("GMT-1", -3600), time.FixedZone("+03", 3*3600), time.FixedZone("-03", -3*3600),
	}
	var shapes []string
	for _, fraction := range []string{"", ".000", ",000"} {
		l := layout
		if i := strings.LastIndexByte(l, '5'); i >= 0 && fraction != "" {
			l = l[:i+1] + fraction + l[i+1:]
		}
		for _, z := range zones {
			shape := string(appendShape(nil, at.In(z).Format(l)))
			if !slices.Contains(shapes, shape) {
				shapes = append(shapes, shape)
			}
		}
	}
	return shapes
}
