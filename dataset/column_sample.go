package dataset

import (
	"strings"
)

// columnStats is what the sample shows of a column.
type columnStats struct {
	numbers, texts int
	cells          []string // the first texts
	points, commas int      // numbers whose decimal sign is certain
	unclear        int      // numbers such as 1,234, whose sign is not
}

// sampleColumn looks at the cells of column c in the sample.
func sampleColumn(records []record, c int, missing func([]byte) bool) columnStats {
	var s columnStats
	for _, r := range records {
		if c >= len(r.fields) {
			continue
		}
		b := []byte(r.fields[c])
		if missing(b) {
			continue
		}
		if !numberLike(b) {
			s.texts++
			if len(s.cells) < 64 {
				s.cells = append(s.cells, r.fields[c])
			}
			continue
		}
		s.numbers++
		switch decimalSign(b) {
		case '.':
			s.points++
		case ',':
			s.commas++
		default:
			if strings.ContainsRune(r.fields[c], ',') {
				s.unclear++
			}
		}
	}
	return s
}

// isNumber tells whether the column's values are mostly numbers, or it has none yet.
func (s columnStats) isNumber() bool { return s.numbers >= s.texts }

func (s columnStats) isEmpty() bool { return s.numbers+s.texts == 0 }
