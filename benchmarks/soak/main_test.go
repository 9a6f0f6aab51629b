package main

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The test binary is its own child.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-child") {
		main()
		return
	}
	os.Exit(m.Run())
}

// Short forms of the month: two days of eight hosts, whose process is killed again and
// again. Trained in turn it must give what it gives without kills.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("kills and restarts processes")
	}
	o := options{hosts: 8, days: 2, kills: 8, seed: 3, steps: 50, retrain: 12 * time.Hour, verify: true}
	t.Run("in turn", func(t *testing.T) {
		o.dir = t.TempDir()
		require.NoError(t, parent(o))
	})
	t.Run("in the background", func(t *testing.T) {
		o.dir, o.kills, o.verify = t.TempDir(), 4, false
		require.NoError(t, parent(o))
	})
}
