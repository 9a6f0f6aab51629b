package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
)

// measure holds the alarms against the labelled incidents; see evaluate.JudgeAlarms.
type measure struct {
	days   float64
	alarms int
	judged *evaluate.AlarmJudgement // nil without labels
	times  []time.Time
}

func (r *result) score() (measure, error) {
	n := len(r.samples)
	m := measure{alarms: len(r.alarms), times: r.times}
	if n > 1 {
		m.days = (r.times[n-1].Sub(r.times[0]) + r.interval).Hours() / 24
	}
	if r.table.Labels == nil {
		return m, nil
	}
	judged, err := evaluate.JudgeAlarms(r.table.Labels, r.alarmOfSample(), r.told())
	for len(judged.True) < m.alarms {
		judged.True = append(judged.True, false)
	}
	m.judged = &judged
	return m, err
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

// told marks the samples with which an alarm told of itself.
func (r *result) told() []bool {
	out := make([]bool, len(r.samples))
	for i, s := range r.samples {
		for _, e := range s.Events {
			if e.Kind == alarm.Opened || e.Kind == alarm.Reopened || e.Kind == alarm.Continued {
				out[i] = true
			}
		}
	}
	return out
}

func (m measure) String() string {
	s := fmt.Sprintf("%s in %s%s", counted(m.alarms, "alarm"), m.length(), m.aDay(m.alarms))
	switch {
	case m.judged == nil:
		return s + "; no labels to hold them against"
	case len(m.judged.Incidents) == 0 && m.alarms == 0:
		return s + "; no row is labelled"
	case len(m.judged.Incidents) == 0:
		return s + ", all of them false: no row is labelled"
	}
	s += fmt.Sprintf(", %d false%s", m.judged.False(), m.aDay(m.judged.False()))
	if m.judged.Found() == 0 {
		return fmt.Sprintf("%s; none of %s found%s", s, counted(len(m.judged.Incidents), "incident"), m.missed())
	}
	return fmt.Sprintf("%s; %d of %s found%s%s", s, m.judged.Found(), counted(len(m.judged.Incidents), "incident"), m.delays(), m.missed())
}

// length says how long the recording is.
func (m measure) length() string {
	if m.days >= 1 {
		return fmt.Sprintf("%.1f days", m.days)
	}
	s := time.Duration(m.days * float64(24*time.Hour)).Round(time.Second).String()
	if short, ok := strings.CutSuffix(s, "m0s"); ok {
		return short + "m"
	}
	return s
}

// aDay returns a number a day; nothing for less than a day, where it means little.
func (m measure) aDay(n int) string {
	if m.days < 1 {
		return ""
	}
	return fmt.Sprintf(" (%.2f a day)", float64(n)/m.days)
}

// delays says when the incidents were found, apart for those of which an alarm told before.
func (m measure) delays() string {
	var late, lead time.Duration
	var after, before int
	for _, i := range m.judged.Incidents {
		switch {
		case !i.Found():
		case i.Delay() < 0:
			before++
			lead = max(lead, m.times[i.Start].Sub(m.times[i.Told]))
		default:
			after++
			late += m.times[i.Told].Sub(m.times[i.Start])
		}
	}
	var parts []string
	if after > 0 {
		parts = append(parts, fmt.Sprintf("after %s on average", (late/time.Duration(after)).Round(time.Second)))
	}
	if before > 0 {
		parts = append(parts, fmt.Sprintf("%d of them before they began, by up to %s", before, lead.Round(time.Second)))
	}
	return ", " + strings.Join(parts, ", ")
}

// missed counts the incidents of which nobody was told, although an alarm was open.
func (m measure) missed() string {
	covered := 0
	for _, i := range m.judged.Incidents {
		if i.First >= 0 && !i.Found() {
			covered++
		}
	}
	if covered == 0 {
		return ""
	}
	return fmt.Sprintf("; %d more began while an alarm had been open for long, and it told nothing new", covered)
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
