//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package monitor

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// A folder belongs to one Monitor, until it is closed, has failed to open, or its
// receiver has panicked while it opened.
func TestFolderIsLocked(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Dir = t.TempDir()
	m := open(t, cfg)
	_, err := Open(cfg)
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, cfg.Dir)
	m.cfg.Handle = func(alarm.Event) { panic("dies") }
	x := dagmmtest.Ordinary(1, 1)[0]
	require.Error(t, recovered(func() error { return m.Push("a", dagmmtest.Minute(0), x) }))
	m.abandon()

	bad := cfg
	bad.Handle = func(alarm.Event) { panic("dies") }
	require.Error(t, recovered(func() error { _, err := Open(bad); return err }))
	m = open(t, cfg)
	require.NoError(t, m.Push("a", dagmmtest.Minute(1), x))
	require.NoError(t, m.Close())
	require.ErrorIs(t, m.Save(), ErrClosed)
	bad = cfg
	bad.Columns = []string{"cpu", "mem", "disk"}
	_, err = Open(bad)
	require.ErrorIs(t, err, ErrState)
	require.NoError(t, open(t, cfg).Close())
}
