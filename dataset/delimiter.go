package dataset

import (
	"math"
	"strings"
)

// chooseComma returns the delimiter of the sample. It is the one under which most records
// have the same number of fields and most cells are numbers or times. It is a blank only where
// no other separates anything.
func (s *source) chooseComma(skip int) byte {
	first, _, _ := strings.Cut(string(s.sample[:min(len(s.sample), 16)]), "\n")
	if m := sepLine.FindStringSubmatch(first); m != nil && strings.Contains(",;\t|", m[1]) && m[1] != "" {
		return m[1][0]
	}
	best, top := byte(','), 0.0
	for _, comma := range []byte{';', '\t', ',', '|', ' '} {
		records, _ := s.sampleRecords(comma, skip, 300)
		_, records = splitMeta(records)
		records = (&fileLayout{}).withoutMarks(records)
		width, share := commonWidth(records)
		if comma == ' ' && (top > 0 || share < .5 || s.isOneColumn(skip)) {
			break // blanks are in times and in texts too
		}
		if width < 2 {
			continue
		}
		if score := share * (0.01 + numberShare(records, width)); score > top+1e-9 {
			best, top = comma, score
		}
	}
	return best
}

// isOneColumn reports whether most lines are a time or a number as a whole.
func (s *source) isOneColumn(skip int) bool {
	records, _ := s.sampleRecords('\t', skip, 300)
	n := 0
	for _, r := range records {
		if len(r.fields) == 1 && contentOf(r.fields[0]) != textContent {
			n++
		}
	}
	return 2*n > len(records)
}

// numberShare returns the share of numbers, times and missing values among the cells that are
// not empty, in the records with width fields.
func numberShare(records []record, width int) float64 {
	good, all := 0, 0
	for _, r := range records {
		if len(r.fields) != width {
			continue
		}
		for _, f := range r.fields {
			if f == "" {
				continue
			}
			all++
			if numberLike([]byte(f)) || quantityLike([]byte(f)) || isMissing([]byte(f)) || looksLikeTime(f) {
				good++
			}
		}
	}
	return float64(good) / math.Max(1, float64(all))
}
