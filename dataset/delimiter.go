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
	other, second := byte(0), 0.0 // best of those that separate nearly all records, but for the comma
	for _, comma := range []byte{';', '\t', ',', '|', ' '} {
		records, _ := s.sampleRecords(comma, skip, 300)
		_, records = splitMeta(records)
		records = (&form{}).withoutMarks(records)
		width, share := commonWidth(records)
		if comma == ' ' && (top > 0 || share < .5 || s.isOneColumn(skip)) {
			break // blanks are in times and in texts too
		}
		if width < 2 {
			continue
		}
		score := share * (0.01 + numberShare(records, width))
		if score > top+1e-9 {
			best, top = comma, score
		}
		if comma != ',' && share >= .9 && score > second+1e-9 && commasInNumbers(records) {
			other, second = comma, score
		}
	}
	if best == ',' && other != 0 {
		return other // 2,050,733.5 has commas of its own
	}
	return best
}

// commasInNumbers reports whether cells have commas, and each stands between two digits.
func commasInNumbers(records []record) bool {
	found := false
	for _, r := range records {
		for _, s := range r.fields {
			for i := range len(s) {
				if s[i] != ',' {
					continue
				}
				if i == 0 || i == len(s)-1 || !isDigits([]byte{s[i-1], s[i+1]}) {
					return false
				}
				found = true
			}
		}
	}
	return found
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
