package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/ingest"
)

// A process that starts in the middle sends the same samples, and Input makes the rates of
// their totals over wraps and restarts.
func TestHostsRepeatThemselves(t *testing.T) {
	const minutes = 3 * 1440
	var wraps, resets uint64
	for h := range 8 {
		whole, later := newHost(5, h), newHost(5, h)
		in, err := ingest.New(columns, ingest.Config{Lateness: 3 * time.Minute, Metrics: map[string]ingest.Rule{"net_in": {Counter: true}}})
		require.NoError(t, err)
		for i := range minutes {
			at, x := whole.sample(i)
			if i > 2000 {
				again, y := later.sample(i)
				require.Equal(t, at, again)
				require.Equal(t, x == nil, y == nil)
				if x != nil {
					require.Equal(t, x[3], y[3])
				}
			}
			if x == nil {
				continue
			}
			out, err := in.Push(at, x)
			require.NoError(t, err)
			for _, s := range out {
				if v := s.Values[3]; v == v {
					require.InEpsilon(t, whole.base[3], v, 8)
					require.Positive(t, v)
				}
			}
		}
		st := in.Stats()
		require.Zero(t, st.Late+st.Outliers)
		wraps += st.Wraps
		resets += st.Resets
		if whole.wraps {
			require.Zero(t, st.Resets)
		}
	}
	require.Greater(t, wraps, uint64(100))
	require.Equal(t, uint64(4), resets)
}
