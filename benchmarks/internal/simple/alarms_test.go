package simple

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// A long fault is flagged under every rule, and a budget of one alarm a day
// leaves the rest of a day mostly alone.
func TestAlarms(t *testing.T) {
	faults := make([]bool, 1440)
	for i := 700; i < 760; i++ {
		faults[i] = true
	}
	train, test := correlated(3000, nil, 21), correlated(len(faults), faults, 22)
	d, err := Parse(`metrics{"Members":1,"Optimizer":{"MinSteps":300}}`, Options{})
	require.NoError(t, err)
	s, err := d.Fit(context.Background(), train, 1)
	require.NoError(t, err)
	alarms, err := s.(Alarmer).Alarms(train, test, 1440)
	require.NoError(t, err)
	require.Len(t, alarms, len(rules))
	for rule, flags := range alarms {
		inside, outside := 0, 0
		for i, f := range flags {
			if f && faults[i] {
				inside++
			} else if f {
				outside++
			}
		}
		require.Positive(t, inside, rule)
		if rule != "default" {
			require.Less(t, outside, 6, rule)
		}
	}
}
