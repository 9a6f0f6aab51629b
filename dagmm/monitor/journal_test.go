package monitor

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/internal/dagmmtest"
	"github.com/metric-streams/anomaly/internal/disk"
)

// journalOf writes 50 samples and returns the only segment, and where each record begins.
func journalOf(t *testing.T, cfg Config) (path string, text []byte, offsets []int) {
	m := open(t, cfg)
	for i, x := range dagmmtest.Ordinary(50, 1) {
		require.NoError(t, m.Push("a", dagmmtest.Minute(i), x))
	}
	m.abandon()
	files, err := filepath.Glob(filepath.Join(cfg.Dir, "journal-*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	text, err = os.ReadFile(files[0])
	require.NoError(t, err)
	for at := len(journalHeader); at < len(text); at += 8 + int(binary.LittleEndian.Uint32(text[at:])) {
		offsets = append(offsets, at)
	}
	return files[0], text, offsets
}

// Damage anywhere but at the end is an error that names the place, and nothing is lost:
// the file, mended, is read in full.
func TestDamagedJournal(t *testing.T) {
	cfg := monitorConfig(&sink{})
	cfg.Dir = t.TempDir()
	path, text, offsets := journalOf(t, cfg)
	middle := offsets[len(offsets)/2]
	for name, at := range map[string]int{"length": 0, "high byte of the length": 3, "checksum": 5, "body": 20} {
		t.Run(name, func(t *testing.T) {
			bad := append([]byte(nil), text...)
			bad[middle+at] ^= 1
			require.NoError(t, os.WriteFile(path, bad, 0o644))
			_, err := Open(cfg)
			require.ErrorIs(t, err, ErrState)
			require.ErrorContains(t, err, filepath.Base(path))
			require.ErrorContains(t, err, "offset "+strconv.Itoa(middle))
		})
	}
	require.NoError(t, os.WriteFile(path, text, 0o644))
	m := open(t, cfg)
	require.Equal(t, uint64(50), m.Stats().Samples)
	require.NoError(t, m.Close())
}

// What a dying process or a power failure leaves at the end is dropped, for good: another
// start, with newer files after it, does not take it for damage.
func TestTornJournalIsMended(t *testing.T) {
	for name, tear := range map[string]func([]byte, int) []byte{
		"half a record": func(text []byte, last int) []byte { return text[:last+13] },
		"half a head":   func(text []byte, last int) []byte { return text[:last+5] },
		"never written": func(text []byte, last int) []byte { return append(text[:last:last], make([]byte, 5000)...) },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := monitorConfig(&sink{})
			cfg.Dir = t.TempDir()
			path, text, offsets := journalOf(t, cfg)
			require.NoError(t, os.WriteFile(path, tear(text, offsets[len(offsets)-1]), 0o644))
			j, err := openJournal(disk.System, cfg.Dir)
			require.NoError(t, err)
			_, err = j.recover()
			require.NoError(t, err)
			_, err = j.log.Rotate() // and the process dies again, before Save removes the file
			require.NoError(t, err)
			require.NoError(t, j.close())
			m := open(t, cfg)
			require.Equal(t, uint64(49), m.Stats().Samples)
			require.NoError(t, m.Close())
		})
	}
}
