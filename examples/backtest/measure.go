package main

import (
	"fmt"
	"time"

	"github.com/metric-streams/anomaly/dagmm/evaluate"
)

// measure holds the alarms against the labelled incidents; see evaluate.JudgeAlarms.
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

func (r *result) score() (measure, error) {
	n := len(r.samples)
	m := measure{alarms: len(r.alarms), labelled: r.table.Labels != nil}
	if n > 1 {
		m.days = (r.times[n-1].Sub(r.times[0]) + r.interval).Hours() / 24
	}
	if !m.labelled {
		return m, nil
	}
	judged, err := evaluate.JudgeAlarms(r.table.Labels, r.alarmOfSample())
	if err != nil {
		return m, err
	}
	m.hits = make([]bool, len(r.alarms))
	copy(m.hits, judged.True)
	m.incidents, m.found, m.falses = len(judged.Incidents), judged.Found(), len(r.alarms)
	for _, hit := range m.hits {
		if hit {
			m.falses--
		}
	}
	for _, i := range judged.Incidents {
		if i.First >= 0 {
			m.delay += r.times[i.First].Sub(r.times[i.Start])
		}
	}
	if m.found > 0 {
		m.delay /= time.Duration(m.found)
	}
	return m, nil
}

// alarmOfSample returns for each sample the number, from 1, of the alarm that it belongs to: it
// was flagged while the alarm was open. 0 means none.
func (r *result) alarmOfSample() []int {
	out := make([]int, len(r.samples))
	for i, s := range r.samples {
		if !s.Flagged || !s.Open {
			continue
		}
		for k, a := range r.alarms {
			if !r.times[i].Before(a.Start) && !r.times[i].After(a.End) {
				out[i] = k + 1
			}
		}
	}
	return out
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
	switch {
	case m.incidents == 0:
		return s + ", all of them false: no row is labelled"
	case m.found == 0:
		return fmt.Sprintf("%s, %d false (%.2f a day); none of %d incidents found", s, m.falses, float64(m.falses)/m.days, m.incidents)
	}
	return fmt.Sprintf("%s, %d false (%.2f a day); %d of %d incidents found, after %s on average", s, m.falses, float64(m.falses)/m.days, m.found, m.incidents, m.delay.Round(time.Second))
}
