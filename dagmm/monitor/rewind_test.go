package monitor

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// A clock that was ahead and is set right costs the samples of ingest.Config.Behind; then the
// stream is watched as before, while it warms up and after.
func TestClockIsSetBackUnderAMonitor(t *testing.T) {
	const ahead, behind = 100000, 60
	for _, at := range []int{200, 1000} {
		t.Run(fmt.Sprintf("at sample %d", at), func(t *testing.T) {
			s := &sink{}
			cfg := monitorConfig(s)
			cfg.Input.Behind = behind * time.Minute
			cfg.Dir = t.TempDir()
			m := open(t, cfg)
			rows := dagmmtest.Incident(dagmmtest.Incident(dagmmtest.Ordinary(3000, 3), 995, 1000, 95), 2500, 2505, 95)
			for i, x := range rows {
				now := dagmmtest.Minute(i)
				if i < at {
					now = dagmmtest.Minute(i + ahead)
				}
				require.NoError(t, m.Push("a", now, x))
				if i == 1800 {
					m.abandon()
					m = open(t, cfg)
				}
			}
			require.NoError(t, m.Close())
			require.Zero(t, s.twice)
			require.Empty(t, s.only(alarm.RetrainFailed))
			first := at
			if at < cfg.WarmUp {
				first += behind + cfg.WarmUp
			} else {
				first = cfg.WarmUp + ahead
			}
			require.WithinDuration(t, dagmmtest.Minute(first), s.only(alarm.Retrained)[0].Time, 2*time.Minute)
			var found, closed int
			for _, e := range s.events {
				if e.Kind == alarm.Opened && e.Start.Equal(dagmmtest.Minute(2500)) {
					found++
				}
				if e.Kind == alarm.Closed && e.Start.Equal(dagmmtest.Minute(995+ahead)) {
					closed++
				}
			}
			require.Equal(t, 1, found)
			require.Equal(t, at/1000, closed, "the alarm that was open is over")
			late := s.only(alarm.Retrained)
			require.GreaterOrEqual(t, len(late), 3, "trainings go on by the new time")
			require.WithinRange(t, late[len(late)-1].Time, dagmmtest.Minute(2000), dagmmtest.Minute(3000))
		})
	}
}
