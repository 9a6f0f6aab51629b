package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dataset"
)

// A flagged sample that opened no alarm woke nobody.
func TestFoundMeansAnAlarm(t *testing.T) {
	at := func(i int) time.Time { return time.Unix(int64(60*i), 0).UTC() }
	r := &result{interval: time.Minute, table: &dataset.Table{Labels: make([]bool, 100)}, samples: make([]alarm.Result, 100)}
	for i := range 100 {
		r.times = append(r.times, at(i))
	}
	for _, from := range []int{10, 30, 50} {
		for i := from; i < from+5; i++ {
			r.table.Labels[i] = true
		}
	}
	r.samples[11].Flagged = true // without an alarm
	opened := []alarm.Event{{Kind: alarm.Opened}}
	for i := 32; i < 36; i++ {
		r.samples[i] = alarm.Result{Flagged: i < 34, Open: i > 32}
	}
	r.samples[33].Events = opened
	for i := 70; i < 75; i++ {
		r.samples[i] = alarm.Result{Flagged: i < 72, Open: true}
	}
	r.samples[70].Events = opened
	r.alarms = []alarm.Event{{Start: at(32), End: at(33)}, {Start: at(70), End: at(71)}}
	m, err := r.score()
	require.NoError(t, err)
	require.Equal(t, []bool{true, false}, m.judged.True)
	require.Contains(t, m.String(), "2 alarms in 1h40m, 1 false; 1 of 3 incidents found, after 3m0s on average")
}

// An alarm that opened long before an incident told of something else, unless it tells again.
func TestAnAlarmThatRunsIntoAnIncident(t *testing.T) {
	const opens, begins = 20, 190
	for name, c := range map[string]struct {
		opens   int
		again   alarm.Kind // told at the third row of the incident
		summary string
		found   string
	}{
		"long before":  {opens: opens, summary: "0 false; none of 1 incident found; 1 more began while an alarm had been open for long, and it told nothing new", found: "not found: alarm 1 was open already, since 2m50s before, and told nothing new"},
		"just before":  {opens: begins - 4, summary: "1 of 1 incident found, 1 of them before they began, by up to 4s", found: "found by alarm 1, 4s before it began"},
		"reopened":     {opens: opens, again: alarm.Reopened, summary: "1 of 1 incident found, after 2s on average", found: "found by alarm 1 after 2s; the alarm had opened 2m50s before the incident"},
		"more severe":  {opens: opens, again: alarm.Continued, summary: "1 of 1 incident found, after 2s on average", found: "found by alarm 1 after 2s; the alarm had opened 2m50s before the incident"},
		"its own":      {opens: begins, summary: "1 of 1 incident found, after 0s on average", found: "found by alarm 1 after 0s"},
		"closed again": {opens: opens, again: alarm.Closed, summary: "none of 1 incident found", found: "not found: alarm 1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &result{interval: time.Second, table: &dataset.Table{Labels: make([]bool, 300)}, samples: make([]alarm.Result, 300)}
			for i := range r.samples {
				r.times = append(r.times, time.Unix(int64(i), 0).UTC())
				r.table.Labels[i] = i >= begins && i < begins+10
				r.samples[i] = alarm.Result{Flagged: i >= c.opens && i < begins+10, Open: i >= c.opens && i < begins+10}
			}
			r.table.Times = r.times
			r.samples[c.opens].Events = []alarm.Event{{Kind: alarm.Opened}}
			if c.again != "" {
				r.samples[begins+2].Events = []alarm.Event{{Kind: c.again}}
			}
			r.alarms = []alarm.Event{{Start: r.times[c.opens], End: r.times[begins+9]}}
			m, err := r.score()
			require.NoError(t, err)
			r.measure = m
			require.Contains(t, m.String(), c.summary)
			require.Contains(t, r.page("").FoundText(m.judged.Incidents[0]), c.found)
		})
	}
}

func TestWithoutIncidents(t *testing.T) {
	r := &result{interval: time.Minute, table: &dataset.Table{Labels: make([]bool, 9)}, samples: make([]alarm.Result, 9), times: make([]time.Time, 9)}
	for i := range r.times {
		r.times[i] = time.Unix(int64(60*i), 0)
	}
	for alarms, want := range map[int]string{0: "no row is labelled", 2: "2 alarms in 9m, all of them false: no row is labelled"} {
		r.alarms = make([]alarm.Event, alarms)
		m, err := r.score()
		require.NoError(t, err)
		require.Contains(t, m.String(), want)
		require.NotContains(t, m.String(), "found")
	}
}
