package dataset

import (
	"slices"
)

// Where blanks separate the fields, a blank before a unit makes a field of it: 17504.4 MB. The
// header then has fewer names than the rows have fields.

// unitsApart reports whether rows of the sample have so many fields more than a header before
// them as there are columns of units behind numbers.
func unitsApart(records []record) bool {
	width, _ := commonWidth(records)
	units := 0
	for c := 1; c < width; c++ {
		if isUnitColumn(records, width, c) {
			units++
		}
	}
	return units > 0 && slices.ContainsFunc(records, func(r record) bool {
		return len(r.fields) == width-units && isAllText(r.fields)
	})
}

// isUnitColumn reports whether all records with width fields have a number in the column before c
// and a unit in c.
func isUnitColumn(records []record, width, c int) bool {
	return !slices.ContainsFunc(records, func(r record) bool {
		return len(r.fields) == width && !isUnitAfter([]byte(r.fields[c-1]), []byte(r.fields[c]))
	})
}

func isUnitAfter(number, text []byte) bool {
	_, known := units[string(text)]
	return known && numberLike(number)
}

// joinUnits joins units to the numbers before them.
func (r *recordReader) joinUnits() {
	out := r.fields[:0]
	for _, f := range r.fields {
		if n := len(out); n > 0 && isUnitAfter(out[n-1], f) {
			number := out[n-1]
			out[n-1] = append(append(number[:len(number):len(number)], ' '), f...)
			continue
		}
		out = append(out, f)
	}
	r.fields = out
}
