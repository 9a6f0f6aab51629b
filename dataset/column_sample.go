package dataset

// columnStats is what the sample shows about a column.
type columnStats struct {
	numbers, texts int
	quantities     int      // numbers with a unit
	cells          []string // the first 64 texts
	signEvidence
}

// sampleColumn counts what the sample's records hold in column c.
//
// It takes no function to tell missing values: a cell would then be copied to the heap.
func (p *plan) sampleColumn(c int) columnStats {
	var s columnStats
	for _, r := range p.body {
		if len(r.fields) != p.width {
			continue // no row of this table
		}
		b := []byte(r.fields[c])
		if p.isMissing(b) {
			continue
		}
		if number, _, ok := quantityOf(b); ok {
			s.quantities++
			b = number
		} else if !numberLike(b) {
			s.texts++
			if len(s.cells) < 64 {
				s.cells = append(s.cells, r.fields[c])
			}
			continue
		}
		s.numbers++
		s.add(b, r.line)
	}
	return s
}

// isNumber reports whether at least half of the column's values are numbers. That includes a
// column without values: it may have numbers later.
func (s columnStats) isNumber() bool { return s.numbers >= s.texts }

func (s columnStats) isEmpty() bool { return s.numbers+s.texts == 0 }
