package monitor

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
	"github.com/metric-streams/anomaly/internal/disk/disktest"
)

// promise is what a power failure must not take.
type promise struct {
	samples map[string]uint64 // of each stream up to the last Save or eviction
	models  map[string]bool   // it has one
	removed map[string]bool   // it was removed, and nothing has come since
}

func (p promise) clone() promise {
	return promise{maps.Clone(p.samples), maps.Clone(p.models), maps.Clone(p.removed)}
}

// image is what a power failure has left.
type image struct {
	at string // the operation after which the power failed
	*disktest.Disk
	promise
	pushed map[string]int
}

func powerConfig(s *sink) Config {
	cfg := monitorConfig(s)
	cfg.Dir, cfg.WarmUp, cfg.Window.Recent, cfg.MaxStreams, cfg.Retrain = "state", 60, 90, 2, time.Hour
	cfg.Delivered = nil
	return cfg
}

// blackout runs a Monitor through trainings, Saves, evictions and a removal, and returns
// what power failures leave: after every operation on the disk, and after every tenth
// record of the journal.
func blackout(t *testing.T, seed uint64, cuts int) (images []image) {
	rng := rand.New(rand.NewPCG(seed, 1))
	d := disktest.New()
	now := promise{map[string]uint64{}, map[string]bool{}, map[string]bool{}}
	pushed := map[string]int{}
	writes := 0
	d.After = func(operation, path string) {
		if operation == "write" {
			if writes++; writes%10 != 0 {
				return
			}
		}
		for range cuts {
			images = append(images, image{fmt.Sprint(operation, " ", path), d.Cut(rng), now.clone(), maps.Clone(pushed)})
		}
	}
	cfg := powerConfig(&sink{})
	m, err := openOn(d, cfg)
	require.NoError(t, err)
	// settled is what is on disk from now on.
	settled := func() {
		for id, s := range m.streams {
			now.samples[id], now.models[id] = s.samples, s.model != ""
		}
	}
	rows := dagmmtest.Incident(dagmmtest.Ordinary(200, seed), 100, 103, 95)
	for i, x := range rows {
		for _, id := range []string{"a", "b", "c"} {
			if id == "c" && i%60 < 50 { // it is evicted in between, and others are when it comes
				continue
			}
			delete(now.removed, id)
			pushed[id]++
			require.NoError(t, m.Push(id, dagmmtest.Minute(i), x))
		}
		switch {
		case i%70 == 69:
			require.NoError(t, m.Save())
			settled()
		case i == 150:
			delete(now.samples, "b")
			delete(now.models, "b")
			require.NoError(t, m.Remove("b"))
			pushed["b"], now.removed["b"] = 0, true
		}
	}
	require.NoError(t, m.Close())
	settled()
	require.NotZero(t, m.Stats().Evicted)
	require.NotZero(t, m.Stats().Trained)
	for range cuts {
		images = append(images, image{"closed", d.Cut(rng), now.clone(), pushed})
	}
	return images
}

// check opens what is left and holds it against what was promised.
func (g image) check(t *testing.T) {
	s := &sink{}
	cfg := powerConfig(s)
	cfg.MaxStreams = 10
	m, err := openOn(g.Disk, cfg)
	require.NoError(t, err, g.at)
	require.Zero(t, m.damaged.Load(), g.at)
	for id, n := range g.samples {
		st := m.streams[id]
		require.NotNil(t, st, "%s: stream %s of %d samples", g.at, id, n)
		require.GreaterOrEqual(t, st.samples, n, "%s: stream %s", g.at, id)
		require.True(t, !g.models[id] || st.detector != nil, "%s: model of stream %s", g.at, id)
	}
	for id := range g.removed {
		require.Nil(t, m.streams[id], "%s: removed stream %s", g.at, id)
	}
	for id, st := range m.streams {
		require.True(t, slices.IsSorted(st.memory.times), g.at)
		require.LessOrEqual(t, st.samples, uint64(g.pushed[id]), "%s: stream %s", g.at, id)
	}
	require.Zero(t, len(s.only(alarm.RetrainFailed)), "%s: %v", g.at, s.events)
	// It goes on, and survives another failure.
	x := dagmmtest.Ordinary(3, 9)
	for i := range x {
		for _, id := range []string{"a", "b", "c"} {
			require.NoError(t, m.Push(id, dagmmtest.Minute(300+i), x[i]), g.at)
		}
	}
	want := map[string]uint64{}
	for id, st := range m.streams {
		want[id] = st.samples
	}
	require.NoError(t, m.Close(), g.at)
	m, err = openOn(g.Disk.Cut(rand.New(rand.NewPCG(1, 1))), cfg)
	require.NoError(t, err, g.at)
	for id, n := range want {
		require.Equal(t, n, m.streams[id].samples, "%s: stream %s after the second failure", g.at, id)
	}
	require.NoError(t, m.Close(), g.at)
}

// Whenever the power fails, the folder opens, and holds what was promised.
func TestPowerFails(t *testing.T) {
	images := blackout(t, 3, 2)
	for _, g := range images {
		g.check(t)
	}
	t.Logf("%d power failures", len(images))
}
