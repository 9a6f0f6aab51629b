package dataset

// findLabel sets the label column: the one that Label names, or else the first whose name
// means a label. Other columns with such a name are not metrics either.
func (p *plan) findLabel() error {
	if p.opt.Label == None {
		return nil
	}
	if p.opt.Label != "" {
		c, err := p.given("Label", p.opt.Label)
		if err != nil {
			return err
		}
		if !p.free(c) {
			return &CSVError{Kind: ErrOption, Column: p.names[c], Problem: "taken for both the time and the label; say which with Time and Label"}
		}
		p.setLabel(c, "as asked")
	}
	for c, name := range p.names {
		switch {
		case !isLabelName(name) && !isLabelName(p.short[c]) || !p.free(c) || p.wanted[c]:
		case p.label < 0:
			p.setLabel(c, "by its name")
		default:
			p.spare[c] = "another label by its name"
		}
	}
	return nil
}

func (p *plan) setLabel(c int, reason string) {
	p.label, p.labels = c, newLabelReader(p.opt)
	p.roles[c].Role, p.roles[c].Reason = RoleLabel, reason
}
