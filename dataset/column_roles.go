package dataset

import (
	"fmt"
)

// newPlan decides what each column is used as.
func newPlan(f *fileLayout, opt *CSVOptions, rowByRow bool) (*plan, error) {
	var pivoted []string
	if opt.pivots() {
		pivoted, opt = opt.Columns, opt.inLongForm()
	}
	p := &plan{fileLayout: f, opt: opt, label: -1, key: -1, pivoted: pivoted, missing: map[string]bool{}}
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
	p.spare = make([]string, f.width)
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
			if _, named := isTimeName(r.Name); named && p.clock == nil && p.opt.Time != None {
				p.comments = append(p.comments, fmt.Sprintf(
					"column %q is named as a time, but %s is in no form that is known: give its layout in TimeLayout", r.Name, shown(s.cells[0])))
			}
		}
		p.texts = append(p.texts, &textColumn{col: c, seen: map[string]*int{}})
	}
}
