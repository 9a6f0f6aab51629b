package main

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func reading(after time.Duration, busy, total float64, disk, in uint64) Counters {
	return Counters{At: epoch.Add(after), CPUBusy: busy, CPUTotal: total, Mem: 40,
		Disk: map[string]uint64{"sda": disk}, NetIn: map[string]uint64{"eth0": in}}
}

func TestBetween(t *testing.T) {
	prev := reading(0, 100, 1000, 5000, 1e6)
	nan := math.NaN()
	for _, c := range []struct {
		name           string
		cur            Counters
		cpu, disk, net float64
	}{
		{"one second", reading(time.Second, 101, 1002, 5250, 2e6), 50, 25, 8e6},
		{"late tick", reading(2500*time.Millisecond, 101, 1005, 5250, 2e6), 20, 10, 3.2e6},
		{"nothing happened", reading(time.Second, 100, 1002, 5000, 1e6), 0, 0, 0},
		{"rounding past all", reading(time.Second, 102.1, 1002, 6004, 1e6), 100, 100, 0},
		{"no time passed", reading(0, 100, 1000, 5000, 1e6), nan, nan, nan},
		{"clock went back", reading(-time.Second, 101, 1002, 5250, 2e6), 50, nan, nan},
		{"restarted", reading(time.Second, 1, 2, 10, 100), nan, nan, nan},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := between(prev, c.cur)
			require.Equal(t, c.cur.At, s.Time)
			require.Equal(t, 40.0, s.Mem)
			requireSame(t, c.cpu, s.CPU)
			requireSame(t, c.disk, s.Disk)
			requireSame(t, c.net, s.NetIn)
		})
	}
}

func TestBetweenTakesBusiestDiskAndSumsInterfaces(t *testing.T) {
	prev, cur := reading(0, 1, 2, 0, 0), reading(time.Second, 2, 4, 100, 1000)
	prev.Disk["sdb"], cur.Disk["sdb"] = 7, 407
	prev.NetIn["eth1"], cur.NetIn["eth1"] = 5, 505
	cur.Disk["sdc"], cur.NetIn["eth2"] = 1e9, 1e9 // plugged in since: no rate yet
	s := between(prev, cur)
	requireSame(t, 40, s.Disk)
	requireSame(t, 12_000, s.NetIn)
}

func TestStep(t *testing.T) {
	const top = 1 << 32
	for _, c := range []struct {
		name      string
		prev, cur uint64
		delta     float64
		ok        bool
	}{
		{"up", 10, 25, 15, true},
		{"still", 10, 10, 0, true},
		{"wrapped", top - 10, 5, 15, true},
		{"wrapped by the limit", top - 10, 990, 1000, true},
		{"too far for a wrap", top - 10, 991, 0, false},
		{"restarted", 3e9, 5, 0, false},
		{"restarted past 32 bits", top + 10, 5, 0, false},
		{"64 bits", math.MaxUint64 - 1, math.MaxUint64, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			delta, ok := step(c.prev, c.cur, 1000)
			require.Equal(t, c.ok, ok)
			if ok {
				require.Equal(t, c.delta, delta)
			}
		})
	}
}

func requireSame(t *testing.T, want, got float64) {
	t.Helper()
	if math.IsNaN(want) {
		require.True(t, math.IsNaN(got), "got %v, want NaN", got)
		return
	}
	require.InDelta(t, want, got, 1e-9)
}
