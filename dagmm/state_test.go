package dagmm

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// While several goroutines save, streams go to disk and come back, and every sample counts.
func TestSaveRacesWithEviction(t *testing.T) {
	const hosts, samples = 5, 250
	s := &sink{}
	cfg := monitorConfig(s)
	cfg.Dir, cfg.MaxStreams = t.TempDir(), 3
	cfg.WarmUp, cfg.Window.Recent = 100, 200
	m := open(t, cfg)
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for !done.Load() {
				if err := m.Save(); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	rows := ordinary(samples, 3)
	for i, x := range rows {
		for k := range hosts {
			require.NoError(t, m.Push(fmt.Sprint("host", k), minute(i), x))
		}
	}
	done.Store(true)
	wg.Wait()
	require.NoError(t, m.Close())
	require.Zero(t, s.twice)
	cfg.MaxStreams = hosts
	m = open(t, cfg)
	for _, st := range m.all() {
		require.Equal(t, uint64(samples), st.Samples, st.id)
		require.NotNil(t, st.detector)
	}
	require.Equal(t, hosts, m.Stats().Streams)
	require.NoError(t, m.Close())
}
