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
	for i := 32; i < 36; i++ {
		r.samples[i] = alarm.Result{Flagged: i < 34, Open: i > 32}
	}
	for i := 70; i < 75; i++ {
		r.samples[i] = alarm.Result{Flagged: i < 72, Open: true}
	}
	r.alarms = []alarm.Event{{Start: at(32), End: at(33)}, {Start: at(70), End: at(71)}}
	m, err := r.score()
	require.NoError(t, err)
	require.Equal(t, 3, m.incidents)
	require.Equal(t, 1, m.found)
	require.Equal(t, 3*time.Minute, m.delay)
	require.Equal(t, 1, m.falses)
	require.Equal(t, []bool{true, false}, m.hits)
}
