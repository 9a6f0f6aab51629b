package dataset

// decimalOf returns how column c writes its numbers.
func (p *plan) decimalOf(c int) numberFormat {
	if p.opt.Decimal != 0 {
		return numberFormat{decimal: byte(p.opt.Decimal), certain: true}
	}
	s := p.stats[c]
	switch {
	case s.points > 0:
		return numberFormat{decimal: '.'}
	case s.commas > 0:
		return numberFormat{decimal: ','}
	}
	return numberFormat{decimal: p.decimal}
}

// commonDecimal returns the decimal sign for columns whose numbers do not show it. A number
// such as 1,234 has a decimal comma where the comma does not separate fields.
func (p *plan) commonDecimal() byte {
	points, commas, unclear := 0, 0, 0
	for _, s := range p.stats {
		points += s.points
		commas += s.commas
		unclear += s.unclear
	}
	if points == 0 && (commas > 0 || unclear > 0 && p.comma != ',') {
		return ','
	}
	return '.'
}
