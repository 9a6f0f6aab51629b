package evaluate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJudgeAlarms(t *testing.T) {
	labels := flags(".xx.x.xx")
	alarms := []int{1, 0, 1, 2, 0, 2, 4, 4}
	j, err := JudgeAlarms(labels, alarms, nil)
	require.NoError(t, err)
	require.Equal(t, []FoundIncident{{Span{1, 3}, 2, 1, 0}, {Span{4, 5}, -1, 0, -1}, {Span{6, 8}, 6, 4, 6}}, j.Incidents)
	require.Equal(t, []bool{true, false, false, true}, j.True)
	require.Equal(t, 2, j.Found())
	require.Equal(t, 2, j.False())
	require.Equal(t, -1, j.Incidents[0].Delay(), "alarm 1 opened one sample before")
}

// An alarm that has been open for long finds an incident only if it says something new.
func TestAnAlarmThatWasOpenAlready(t *testing.T) {
	const n, start = 60, 40
	labels, alarms := make([]bool, n), make([]int, n)
	for i := start; i < start+5; i++ {
		labels[i] = true
	}
	for name, c := range map[string]struct {
		opened int
		also   []int // further messages
		told   int
		found  bool
	}{
		"long before":                     {opened: start - 11, told: start - 11},
		"shortly before":                  {opened: start - 10, told: start - 10, found: true},
		"long before, graver in it":       {opened: 2, also: []int{start + 3}, told: start + 3, found: true},
		"long before, graver just before": {opened: 2, also: []int{start - 4}, told: start - 4, found: true},
		"at its first sample":             {opened: start, told: start, found: true},
		"graver after it":                 {opened: 2, also: []int{start + 7}, told: 2},
	} {
		t.Run(name, func(t *testing.T) {
			told := make([]bool, n)
			for i := range alarms {
				alarms[i] = 0
				if i >= c.opened && i < start+10 {
					alarms[i] = 1
				}
			}
			for _, i := range append(c.also, c.opened) {
				told[i] = true
			}
			j, err := JudgeAlarms(labels, alarms, told)
			require.NoError(t, err)
			require.Equal(t, []FoundIncident{{Span{start, start + 5}, start, 1, c.told}}, j.Incidents)
			require.Equal(t, c.found, j.Incidents[0].Found())
			require.Equal(t, []bool{true}, j.True)
		})
	}
}

func TestJudgeAlarmsOfNothing(t *testing.T) {
	j, err := JudgeAlarms(nil, nil, nil)
	require.NoError(t, err)
	require.Zero(t, j.Found()+j.False()+len(j.Incidents))
	for name, alarms := range map[string][]int{"too few": {1}, "negative": {-1, 0}, "beyond the samples": {3, 0}} {
		t.Run(name, func(t *testing.T) {
			_, err := JudgeAlarms([]bool{true, false}, alarms, nil)
			require.Error(t, err)
		})
	}
	_, err = JudgeAlarms([]bool{true}, []int{1}, []bool{true, false})
	require.ErrorContains(t, err, "2 messages for 1 samples")
}
