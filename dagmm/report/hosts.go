package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/internal/format"
)

// Hosts is what a page of several hosts shows, each of which has a model of its own.
type Hosts struct {
	Title  string // heading of the page, for example the name of the file
	Source string // where the rows came from; empty leaves it out
	Hosts  []Rows // each with a Host that no other has, in any order
	// LeftOut are hosts without a model, by name, and why.
	LeftOut   []Fact
	Warnings  []string  // what the reader has to know about the input as a whole
	Generated time.Time // shown at the end of the page; the zero time leaves it out
}

// judged is a host with its incidents.
type judged struct {
	Rows
	found []Incident
}

// judge groups the flagged rows of each host into incidents. Hosts with the gravest ones come
// first: those with more critical ones, then with more major ones, then with more minor ones.
func (d Hosts) judge() ([]judged, error) {
	if len(d.Hosts) == 0 {
		return nil, fmt.Errorf("report: no hosts")
	}
	taken := map[string]bool{}
	out := make([]judged, len(d.Hosts))
	for k, h := range d.Hosts {
		if taken[h.Host] {
			return nil, fmt.Errorf("report: host %q is there twice", h.Host)
		}
		taken[h.Host] = true
		found, err := h.Incidents()
		if err != nil {
			return nil, fmt.Errorf("host %q: %w", h.Host, err)
		}
		out[k] = judged{h, found}
	}
	slices.SortStableFunc(out, func(a, b judged) int { return GraverHost(a.found, b.found) })
	return out, nil
}

// GraverHost orders hosts by their gravest incident; hosts without any come last.
func GraverHost(a, b []Incident) int {
	if len(a) == 0 || len(b) == 0 {
		return cmp.Compare(len(b), len(a))
	}
	return graver(slices.MinFunc(a, graver), slices.MinFunc(b, graver))
}

// answer says in one sentence or two what was found.
func (d Hosts) answer(hosts []judged) string {
	var all []Incident
	with, worst := 0, 0
	for k, h := range hosts {
		if len(h.found) == 0 {
			continue
		}
		with++
		all = append(all, h.found...)
		if len(hosts[worst].found) == 0 || graver(slices.MinFunc(h.found, graver), slices.MinFunc(hosts[worst].found, graver)) < 0 {
			worst = k
		}
	}
	if len(all) == 0 {
		return fmt.Sprintf("Nothing is flagged on any of %s.", format.Count(len(hosts), "host"))
	}
	w := hosts[worst]
	v := w.views([]Incident{slices.MinFunc(w.found, graver)})[0]
	return fmt.Sprintf("%d of %s: %s. The gravest is on %s: %s.", with, hostsHave(len(hosts), with), countSeverities(all), w.Host, v.told())
}

func hostsHave(all, with int) string {
	if with == 1 {
		return format.Count(all, "host") + " has incidents"
	}
	return format.Count(all, "host") + " have incidents"
}

// period says which time the rows of all hosts cover.
func (d Hosts) period() string {
	if a := d.axis(); !a.first.IsZero() {
		return period(Rows{Times: []time.Time{a.first, a.last}})
	}
	return ""
}
