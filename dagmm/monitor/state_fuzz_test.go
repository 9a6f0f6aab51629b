package monitor

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// FuzzState alters stored states of a stream, of every version, behind their checksum:
// whatever opens takes samples, trains, and is saved again.
func FuzzState(f *testing.F) {
	models := map[string][]byte{}
	for version := 1; version <= stateVersion; version++ {
		files, err := filepath.Glob(filepath.Join("testdata", "state"+string(rune('0'+version)), "*"))
		require.NoError(f, err)
		for _, path := range files {
			text, err := os.ReadFile(path)
			require.NoError(f, err)
			switch name := filepath.Base(path); {
			case bytes.HasPrefix(text, []byte(stateFamily)):
				_, body, _ := bytes.Cut(text, []byte("\n"))
				f.Add(uint8(version), body)
			case filepath.Ext(name) == modelSuffix:
				models[name] = text
			}
		}
	}
	require.Len(f, models, stateVersion)
	rows := dagmmtest.Ordinary(40, 3)
	f.Fuzz(func(t *testing.T, version uint8, body []byte) {
		store := InMemory()
		for name, text := range models {
			require.NoError(t, store.Save(name, text))
		}
		name := statePrefix + "x" + stateSuffix
		if s, err := decode(append([]byte(stateHead(int(version), body)+"\n"), body...)); err == nil {
			name = stateName(s.ID)
		}
		require.NoError(t, store.Save(name, append([]byte(stateHead(int(version), body)+"\n"), body...)))
		cfg := goldenConfig(&sink{}, "")
		cfg.Store, cfg.Delivered = store, nil
		m, err := Open(cfg)
		if err != nil {
			return
		}
		for _, s := range m.all() {
			at := s.input.LastPassed().Add(time.Minute)
			for i, x := range rows {
				if i%5 == 4 {
					x = []float64{x[0], math.NaN(), x[2]}
				}
				if err := m.Push(s.id, at.Add(time.Duration(i)*time.Minute), x); err != nil {
					require.NotErrorIs(t, err, ErrClosed)
				}
			}
			require.NoError(t, m.Tick(at.Add(3*time.Hour)))
			require.NoError(t, m.Exclude(s.id, at, at.Add(time.Hour)))
			if n := len(s.alarms); n > 0 {
				_ = m.Judge(s.id, s.alarms[n-1].seq, len(body)%2 == 0) // the detector may not know it
			}
			require.NoError(t, m.Expect(s.id, at, at.Add(time.Minute)))
			m.Stats()
		}
		require.NoError(t, m.Close())
		m, err = Open(cfg)
		require.NoError(t, err)
		require.NoError(t, m.Close())
	})
}
