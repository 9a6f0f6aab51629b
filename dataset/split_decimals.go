package dataset

import (
	"fmt"
)

// Where a decimal comma is not quoted in a file whose fields a comma separates, each number
// becomes two columns: 0,32147,0,49559. No option can read such a file.

// splitDecimals returns an error if the values of a file without a header look like that:
// pairs of whole numbers, the second of which are like the digits after a decimal sign.
func (p *plan) splitDecimals() error {
	if p.comma != ',' || p.opt.Comma != 0 || len(p.header) > 0 || len(p.opt.Columns) > 0 || len(p.body) < 10 {
		return nil
	}
	var columns []int
	for c, s := range p.stats {
		if p.free(c) && s.numbers > 0 && s.texts == 0 {
			columns = append(columns, c)
		}
	}
	if len(columns) == 0 || len(columns)%2 != 0 {
		return nil
	}
	plain, lengths := false, map[int]int{}
	for i := 0; i < len(columns); i += 2 {
		length, sure := p.likeFractions(columns[i], columns[i+1])
		if columns[i+1] != columns[i]+1 || length == 0 {
			return nil
		}
		plain = plain || sure
		lengths[length]++
	}
	if !plain && (len(columns) < 4 || len(lengths) > 1) {
		return nil
	}
	c := columns[0]
	return &CSVError{Line: p.first, Kind: ErrNotNumber, Problem: fmt.Sprintf(
		"%s and %s look like one number whose decimal comma is not quoted: export the file with another delimiter, with quotes or with decimal points; if they are two numbers, name the metrics in %s",
		shown(p.body[0].fields[c]), shown(p.body[0].fields[c+1]), p.opt.metricsOption())}
}

// likeFractions returns the length of the digits if two columns can be those before and after
// a decimal sign: whole numbers, and digits that differ and have one length from two on. The
// length is -1 if it varies and some digits begin with a zero, and 0 for other columns. sure
// tells that there is such a zero, or nothing but zeros before the sign.
func (p *plan) likeFractions(whole, fraction int) (length int, sure bool) {
	same, zero, small, differ := true, false, true, false
	last := ""
	for _, r := range p.body {
		if len(r.fields) != p.width || r.fields[whole] == "" || r.fields[fraction] == "" {
			continue
		}
		w, f := trimSign([]byte(r.fields[whole])), r.fields[fraction]
		if len(w) == 0 || len(w) > 3 || len(w) > 1 && w[0] == '0' || !isDigits(w) || !isDigits([]byte(f)) {
			return 0, false
		}
		same = same && (length == 0 || len(f) == length)
		length = len(f)
		zero = zero || len(f) > 1 && f[0] == '0'
		small = small && string(w) == "0"
		differ = differ || last != "" && f != last
		last = f
	}
	switch {
	case !differ || !zero && (!same || length < 2):
		return 0, false
	case !same:
		length = -1
	}
	return length, zero || small
}

// splitHeader reports whether rows have more fields than the header names because their
// decimal commas are not quoted.
func (f *form) splitHeader(header record) bool {
	extra := f.width - len(header.fields)
	if f.comma != ',' || extra <= 0 {
		return false
	}
	whole := 0
	for _, r := range f.body {
		if len(r.fields) != f.width {
			continue
		}
		n := 0
		for _, s := range r.fields {
			if b := []byte(s); len(b) > 0 && isDigits(trimSign(b)) {
				n++
			}
		}
		if n < 2*extra {
			return false
		}
		whole++
	}
	return whole > 0
}
