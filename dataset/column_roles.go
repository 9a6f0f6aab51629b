package dataset

import (
	"fmt"
	"regexp"
	"slices"
)

// newPlan decides what each column is used as.
func newPlan(f *form, opt *CSVOptions, rowByRow bool) (*plan, error) {
	var pivoted []string
	if opt.pivots() {
		pivoted, opt = opt.Columns, opt.inLongForm()
	}
	p := &plan{form: f, opt: opt, label: -1, key: -1, pivoted: pivoted, missing: map[string]bool{}}
	for _, m := range opt.Missing {
		p.missing[m] = true
	}
	p.stats = make([]columnStats, f.width)
	p.roles = make([]ColumnRole, f.width)
	for c := range p.stats {
		p.stats[c] = p.sampleColumn(c)
		p.roles[c] = ColumnRole{Number: c + 1, Name: f.names[c], Role: RoleSkipped}
	}
	p.decimal = p.commonDecimal()
	p.spare, p.named = make([]string, f.width), make([]bool, f.width)
	metrics, err := p.resolveColumns()
	if err != nil {
		return nil, err
	}
	for _, n := range f.noMetrics {
		p.spare[n.col] = n.why
	}
	if err := p.findKey(); err != nil {
		return nil, err
	}
	if err := p.findSeries(); err != nil {
		return nil, err
	}
	if err := p.findTime(); err != nil {
		return nil, err
	}
	if err := p.findLabel(); err != nil {
		return nil, err
	}
	if err := p.findMetrics(metrics); err != nil {
		return nil, err
	}
	if err := p.splitDecimals(); err != nil {
		return nil, err
	}
	if err := p.tuneMetrics(); err != nil {
		return nil, err
	}
	if err := p.checkLongForm(rowByRow); err != nil {
		return nil, err
	}
	p.explainSkipped()
	p.watchWords()
	return p, nil
}

// resolveColumns returns the indices of the columns named in Columns.
func (p *plan) resolveColumns() ([]int, error) {
	p.wanted = make([]bool, p.width)
	var metrics []int
	for _, name := range p.opt.Columns {
		c, err := p.column(p.opt.metricsOption(), name)
		if err != nil {
			return nil, err
		}
		if p.wanted[c] {
			return nil, &CSVError{Kind: ErrOption, Column: p.names[c], Problem: "named twice in " + p.opt.metricsOption()}
		}
		p.wanted[c] = true
		metrics = append(metrics, c)
	}
	return metrics, nil
}

// explainSkipped sets the reason for each column that is not read.
func (p *plan) explainSkipped() {
	for c := range p.roles {
		r, s := &p.roles[c], p.stats[c]
		if r.Role != RoleSkipped || r.Reason != "" {
			continue
		}
		if len(p.opt.Columns) > 0 {
			r.Reason = "not in " + p.opt.metricsOption()
			continue
		}
		if r.Reason = p.spare[c]; r.Reason != "" {
			continue
		}
		if len(s.cells) > 0 {
			r.Reason = "text such as " + shown(s.cells[0])
			p.noteOnText(c)
		}
		p.texts = append(p.texts, &textColumn{col: c, seen: map[string]*int{}})
	}
}

// noteOnText says what a user can do about a column of texts that holds times or numbers.
func (p *plan) noteOnText(c int) {
	name, example := p.names[c], p.stats[c].cells[0]
	_, named := isTimeName(name)
	switch {
	case p.clock == nil && p.opt.Time != None && named:
		p.comments = append(p.comments, fmt.Sprintf(
			"column %q is named as a time, but %s is in no form that is known: give its layout in TimeLayout", name, shown(example)))
	case p.clock == nil && p.opt.Time != None && allHold(p.stats[c].cells, likeClock):
		p.comments = append(p.comments, fmt.Sprintf(
			"column %q looks like a time, but %s is in no form that is known: give its layout in TimeLayout", name, shown(example)))
	case allHold(p.stats[c].cells, withUnit):
		p.comments = append(p.comments, fmt.Sprintf(
			"column %q holds numbers with a unit that is not known, such as %s, and was not read: export it without units", name, shown(example)))
	case allHold(p.stats[c].cells, pairOfNumbers):
		p.comments = append(p.comments, fmt.Sprintf(
			"column %q holds two numbers in a cell, such as %s, and was not read: export each in a column of its own", name, shown(example)))
	}
}

func allHold(cells []string, pattern *regexp.Regexp) bool {
	return !slices.ContainsFunc(cells, func(s string) bool { return !pattern.MatchString(s) })
}

var (
	// likeClock has a clock that stands by itself, or a date that begins with the year.
	likeClock = regexp.MustCompile(`(^|[ T])\d{1,2}:\d{2}(:\d{2})?([^\dA-Fa-f:]|$)|^\d{4}[-./ ]\w{1,9}[-./ ]\d{1,2}`)
	// pairOfNumbers are two numbers or quantities with a slash between, as docker stats writes them.
	pairOfNumbers = regexp.MustCompile(`^\d[\d.,]* ?[A-Za-z%]* ?/ ?\d[\d.,]* ?[A-Za-z%]*$`)
)
