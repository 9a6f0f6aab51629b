package evaluate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJudgeAlarms(t *testing.T) {
	labels := []bool{false, true, true, false, true, false, true, true}
	alarms := []int{1, 0, 1, 2, 0, 2, 4, 4}
	j, err := JudgeAlarms(labels, alarms)
	require.NoError(t, err)
	require.Equal(t, []FoundIncident{{Span{1, 3}, 2}, {Span{4, 5}, -1}, {Span{6, 8}, 6}}, j.Incidents)
	require.Equal(t, []bool{true, false, false, true}, j.True)
	require.Equal(t, 2, j.Found())
	require.Equal(t, 2, j.False())
}

func TestJudgeAlarmsOfNothing(t *testing.T) {
	j, err := JudgeAlarms(nil, nil)
	require.NoError(t, err)
	require.Zero(t, j.Found()+j.False()+len(j.Incidents))
	for name, alarms := range map[string][]int{"too few": {1}, "negative": {-1, 0}, "beyond the samples": {3, 0}} {
		t.Run(name, func(t *testing.T) {
			_, err := JudgeAlarms([]bool{true, false}, alarms)
			require.Error(t, err)
		})
	}
}
