package main

import (
	"fmt"
	"time"
)

// measure holds the alarms against the labelled incidents. An incident is a run of
// labelled rows; it is found when a sample in it was flagged while an alarm was open. An
// alarm without such a sample is false.
type measure struct {
	days      float64
	alarms    int
	labelled  bool
	incidents int
	found     int
	delay     time.Duration // mean from an incident's first row to the first flagged one with an alarm
	falses    int
	hits      []bool // by alarm
}

func (r *result) score() measure {
	n := len(r.samples)
	m := measure{alarms: len(r.alarms), labelled: r.table.Labels != nil, hits: make([]bool, len(r.alarms))}
	if n > 1 {
		m.days = (r.times[n-1].Sub(r.times[0]) + r.interval).Hours() / 24
	}
	for i := 0; m.labelled && i < n; i++ {
		if !r.table.Labels[i] {
			continue
		}
		begin, first := i, -1
		for ; i < n && r.table.Labels[i]; i++ {
			if r.samples[i].Flagged && r.samples[i].Open {
				if first < 0 {
					first = i
				}
				m.claim(r, i)
			}
		}
		m.incidents++
		if first >= 0 {
			m.found++
			m.delay += r.times[first].Sub(r.times[begin])
		}
	}
	if m.found > 0 {
		m.delay /= time.Duration(m.found)
	}
	for _, t := range m.hits {
		if !t {
			m.falses++
		}
	}
	return m
}

// claim marks the alarm that sample i belongs to as true.
func (m *measure) claim(r *result, i int) {
	for k, a := range r.alarms {
		if !r.times[i].Before(a.Start) && !r.times[i].After(a.End) {
			m.hits[k] = true
		}
	}
}

func (m measure) verdict(alarm int) string {
	switch {
	case !m.labelled:
		return "?"
	case m.hits[alarm]:
		return "yes"
	}
	return "no"
}

func (m measure) String() string {
	s := fmt.Sprintf("%d alarms in %.1f days (%.2f a day)", m.alarms, m.days, float64(m.alarms)/m.days)
	if !m.labelled {
		return s + "; no labels to hold them against"
	}
	return fmt.Sprintf("%s, %d false (%.2f a day); %d of %d incidents found, after %s on average", s, m.falses, float64(m.falses)/m.days, m.found, m.incidents, m.delay.Round(time.Second))
}
