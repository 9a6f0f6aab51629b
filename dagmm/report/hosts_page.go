package report

import (
	"fmt"
	"html/template"
	"io"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/format"
)

// hostSection is the part of a page about one host.
type hostSection struct {
	ID, Host, Rows, Period string
	Answer, Gravest        string
	Counts                 []severityCount
	Incidents, Others      []incidentView
	Timeline               timeline
	Strips                 strips
	Data                   Rows
}

// severityCount is how many incidents of a severity a host has.
type severityCount struct {
	Severity alarm.Severity
	Count    int
}

// WriteHosts writes the page about several hosts to w: a table of all, then a section each
// with its incidents and all its metrics over time. Hosts with the gravest incidents come
// first. It is an error if there is no host, if two have the same name, or for what is an error
// of WriteRows. Every text in d may hold any characters.
func WriteHosts(w io.Writer, d Hosts) error {
	hosts, err := d.judge()
	if err != nil {
		return err
	}
	sections := make([]hostSection, len(hosts))
	axis := d.axis()
	incidents, band, labelled := 0, false, false
	for k, h := range hosts {
		sections[k] = h.section(k+1, len(hosts))
		sections[k].Timeline = h.timeline(axis)
		incidents += len(h.found)
		band, labelled = band || len(h.Ordinary) > 0, labelled || h.agreement() != nil
	}
	return pages.ExecuteTemplate(w, "hosts.html", map[string]any{
		"Data":      d,
		"Title":     d.Title + ": " + found(incidents),
		"Heading":   heading{d.Title, d.Source, d.period()},
		"Answer":    d.answer(hosts),
		"Sections":  sections,
		"Axis":      axis.ticks(),
		"Weak":      d.WeakNote(),
		"Incidents": incidents > 0,
		"Band":      band,
		"Labelled":  labelled,
		"Style":     template.CSS(style),
		"Theme":     template.JS(themeScript),
	})
}

// section returns the number'th of a page's sections.
func (h judged) section(number, sections int) hostSection {
	n, _ := h.X.Dims()
	s := hostSection{ID: fmt.Sprintf("host-%d", number), Host: h.Host, Rows: format.Count(n, "row"), Period: h.period(),
		Answer: h.answer(h.found), Data: h.Rows}
	first, rest := gravest(h.found, shownIncidents)
	s.Incidents, s.Others = unselectable(h.views(first)), unselectable(h.views(rest))
	if len(first) > 0 {
		worst, _ := gravest(h.found, 1)
		s.Gravest = h.views(worst)[0].Why
	}
	for _, severity := range severities {
		if count := bySeverity(h.found, severity); count > 0 {
			s.Counts = append(s.Counts, severityCount{severity, count})
		}
	}
	s.Strips, _ = h.strips(h.found, sections)
	s.Strips.ID = "areas-" + s.ID
	return s
}

// unselectable is for a page without the script that marks a selected incident.
func unselectable(views []incidentView) []incidentView {
	for k := range views {
		views[k].Row = 0
	}
	return views
}
