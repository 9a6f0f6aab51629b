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

// A short form of the month: two days of eight hosts, killed four times.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("kills and restarts processes")
	}
	o := options{dir: t.TempDir(), hosts: 8, days: 2, kills: 4, seed: 3, steps: 50, retrain: 12 * time.Hour}
	require.NoError(t, parent(o))
}
