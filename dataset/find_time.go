package dataset

import (
	"fmt"
	"strings"
	"time"
)

// findTime sets the time column: the one that Time names, or else the best that searchTime
// finds.
func (p *plan) findTime() error {
	if p.opt.Time == None {
		return nil
	}
	best, err := p.searchTime()
	if err == nil {
		best = p.withZone(best)
	}
	if p.opt.Time != "" {
		return p.givenTime(best)
	}
	if err != nil {
		return err
	}
	switch {
	case best == nil && p.opt.TimeLayout != "":
		return p.unfitLayout()
	case best == nil:
		return nil
	}
	reason := "by its content"
	if best.named {
		reason = "by name and content"
	}
	p.setTime(best, reason)
	return nil
}

// givenTime sets the column that Time names. If it is a date, and the best candidate joins it
// with a clock, it is that.
func (p *plan) givenTime(best *timeCandidate) error {
	c, err := p.given("Time", p.opt.Time)
	if err != nil {
		return err
	}
	if best != nil && len(best.cols) > 1 && best.cols[0] == c {
		p.setTime(best, "as asked")
		return nil
	}
	found, err := p.timeIn(c, true)
	switch {
	case err != nil:
		return err
	case found != nil && found.twin != "":
		return p.ambiguous(found)
	case found == nil && p.opt.TimeLayout != "":
		return p.unfitLayout()
	case found == nil:
		return &CSVError{Line: p.first, Column: p.names[c], Kind: ErrTime, Problem: fmt.Sprintf(
			"%s is not a time in a form that is known; give its layout in TimeLayout", shown(p.body[0].fields[c]))}
	}
	p.setTime(found, "as asked")
	return nil
}

// unfitLayout returns the error of a TimeLayout that reads no column.
func (p *plan) unfitLayout() error {
	for c, name := range p.names {
		if _, named := isTimeName(name); named || name == p.opt.Time {
			return &CSVError{Line: p.first, Column: name, Kind: ErrTime, Problem: fmt.Sprintf(
				"TimeLayout %q does not read %s, nor any other column; it must be a layout of Go's package time, such as %q, or s, ms, us, ns or days; leave it out to have it found, or give Time %q to read without times",
				p.opt.TimeLayout, shown(p.body[0].fields[c]), time.DateTime, None)}
		}
	}
	return &CSVError{Line: p.first, Kind: ErrTime, Problem: fmt.Sprintf(
		"TimeLayout %q reads no column; it must be a layout of Go's package time, such as %q, or s, ms, us, ns or days with the column in Time", p.opt.TimeLayout, time.DateTime)}
}

// searchTime returns the best candidate for the time, or nil. If date and clock are in
// columns of their own, the candidate joins them. Written times need no telling name, because
// a column of them cannot be a metric. The error is about a column that could be the time if
// it were clear whether the month or the day comes first, or in which form it is.
func (p *plan) searchTime() (*timeCandidate, error) {
	var best, unclear *timeCandidate
	var dates, clocks []*timeCandidate
	unread := -1 // a column of texts that is named as a time
	for c := range p.names {
		if p.wanted[c] {
			continue
		}
		found, err := p.timeIn(c, false)
		if err != nil {
			return nil, err
		}
		if found == nil {
			if _, named := isTimeName(p.names[c]); named && unread < 0 && p.stats[c].texts > 0 {
				unread = c
			}
			continue
		}
		switch {
		case found.reader.noHour: // goes with no date
		case found.reader.noDate:
			clocks = append(clocks, found)
		case found.reader.noClock:
			dates = append(dates, found)
		}
		if found.twin != "" {
			if unclear == nil {
				unclear = found
			}
			continue
		}
		if found.named {
			p.spare[c] = "another time by name and content"
		}
		if best == nil || found.score() > best.score() {
			best = found
		}
	}
	if both := p.joinedByLayout(); best == nil && both != nil {
		return both, nil
	}
	if both := p.timeApart(best, dates, clocks); both != nil {
		if both.twin != "" {
			return nil, p.ambiguous(both)
		}
		return both, nil
	}
	switch {
	case best == nil && unclear != nil:
		return nil, p.ambiguous(unclear)
	case best != nil && best.reader.noDate && unread >= 0:
		clock := p.names[best.cols[0]]
		return best, &CSVError{Line: p.first, Column: p.names[unread], Kind: ErrTime, Problem: fmt.Sprintf(
			"%s is in no form of a date that is known; give the layout of date, blank and clock in TimeLayout, or Time %q to read the clock alone",
			shown(p.stats[unread].cells[0]), clock)}
	}
	return best, nil
}

// joinedByLayout returns the candidate of two columns, a date and a clock, that TimeLayout reads
// with a blank between them, or nil.
func (p *plan) joinedByLayout() *timeCandidate {
	if !strings.Contains(p.opt.TimeLayout, " ") {
		return nil
	}
	reader := newTimeReader(p.opt.TimeLayout, p.opt.location())
	var columns []int
	for c, name := range p.names {
		if _, named := isTimeName(name); !p.wanted[c] && (named || p.stats[c].texts > 0) && len(columns) < 16 {
			columns = append(columns, c)
		}
	}
	for _, date := range columns {
		for _, clock := range columns {
			if date != clock && p.readsAsTime(reader, date, clock) {
				return &timeCandidate{cols: []int{date, clock}, reader: reader, full: true}
			}
		}
	}
	return nil
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
	if k.noHour {
		k.year = 1970
		p.comments = append(p.comments, fmt.Sprintf("column %q holds minutes and seconds only, as spreadsheets show times with milliseconds: the hours are lost, and its times are only relative", p.names[p.times[0]]))
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
