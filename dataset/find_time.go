package dataset

import (
	"fmt"
	"slices"
	"time"
)

// findTime sets the time column: the one that Time names, or else the best that searchTime
// finds.
func (p *plan) findTime() error {
	if p.opt.Time == None {
		return nil
	}
	best, ambiguous := p.searchTime()
	if p.opt.Time != "" {
		c, err := p.given("Time", p.opt.Time)
		if err != nil {
			return err
		}
		found, err := p.timeIn(c, true)
		if err != nil {
			return err
		}
		if found == nil {
			return &CSVError{Line: p.first, Column: p.names[c], Kind: ErrTime, Problem: fmt.Sprintf(
				"%s is not a time in a form that is known; give its layout in TimeLayout", shown(p.body[0].fields[c]))}
		}
		p.setTime(found, "as asked")
		return nil
	}
	if best == nil {
		return ambiguous
	}
	reason := "by its content"
	if best.named {
		reason = "by name and content"
	}
	p.setTime(best, reason)
	return nil
}

// searchTime returns the best candidate for the time, or nil. If date and clock are in
// columns of their own, the candidate joins them. Written times need no telling name, because
// a column of them cannot be a metric. The error is about a column that could be the time if
// it were clear whether the month or the day comes first.
func (p *plan) searchTime() (*timeCandidate, error) {
	var best *timeCandidate
	var dates, clocks []*timeCandidate
	var failed error
	for c := range p.names {
		if p.wanted[c] {
			continue
		}
		found, err := p.timeIn(c, false)
		if err != nil && failed == nil {
			failed = err
		}
		if found == nil {
			continue
		}
		switch {
		case found.reader.noDate:
			clocks = append(clocks, found)
		case slices.Contains(dateLayouts, found.reader.layout):
			dates = append(dates, found)
		}
		if found.named {
			p.spare[c] = "another time by name and content"
		}
		if best == nil || found.score() > best.score() {
			best = found
		}
	}
	if best == nil {
		return nil, failed
	}
	if !best.full && len(dates) > 0 && len(clocks) > 0 {
		joined := *dates[0]
		joined.cols = []int{dates[0].cols[0], clocks[0].cols[0]}
		joined.reader = newTimeReader(dates[0].reader.layout+" "+clocks[0].reader.layout, p.opt.location())
		return &joined, nil
	}
	return best, nil
}

func (p *plan) setTime(t *timeCandidate, reason string) {
	p.times, p.clock = t.cols, t.reader
	if t.note != "" {
		p.comments = append(p.comments, t.note)
	}
	for _, c := range t.cols {
		p.roles[c].Role = RoleTime
		p.roles[c].Reason = reason + ", " + t.reader.String() + ", " + p.opt.location().String()
	}
	p.setYear()
}

// setYear sets where times without a year or a date start.
func (p *plan) setYear() {
	k := p.clock
	if !k.noYear && !k.noDate {
		return
	}
	lacks := "a year"
	if k.noDate {
		lacks = "a date"
	}
	switch {
	case p.opt.Year != 0:
		k.year = p.opt.Year
		return
	case !p.date.IsZero() && p.date.Year() > 0:
		d := p.date
		k.ref = time.Date(d.Year(), d.Month(), d.Day(), d.Hour(), d.Minute(), d.Second(), 0, k.loc)
	case p.year != 0:
		k.year = p.year
	default:
		k.year = 2000
		p.comments = append(p.comments, "times lack "+lacks+": 2000 was assumed; give the year in Year")
		return
	}
	p.comments = append(p.comments, fmt.Sprintf("times lack %s: %d was taken from the preamble", lacks, p.year))
}
