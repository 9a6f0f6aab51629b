//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package dagmm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A folder belongs to one Monitor, until it is closed, has failed to open, or its
// receiver has panicked while it opened.
func TestFolderIsLocked(t *testing.T) {
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Dir = t.TempDir()
	m := open(t, cfg)
	_, err := OpenMonitor(cfg)
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, cfg.Dir)
	m.cfg.Handle = func(Event) { panic("dies") }
	x := ordinary(1, 1)[0]
	require.Error(t, recovered(func() error { return m.Push("a", minute(0), x) }))
	m.abandon()

	bad := cfg
	bad.Handle = func(Event) { panic("dies") }
	require.Error(t, recovered(func() error { _, err := OpenMonitor(bad); return err }))
	m = open(t, cfg)
	require.NoError(t, m.Push("a", minute(1), x))
	require.NoError(t, m.Close())
	require.ErrorIs(t, m.Save(), ErrClosed)
	bad = cfg
	bad.Columns = []string{"cpu", "mem", "disk"}
	_, err = OpenMonitor(bad)
	require.ErrorIs(t, err, ErrState)
	require.NoError(t, open(t, cfg).Close())
}
