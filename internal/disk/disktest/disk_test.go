package disktest

import (
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/internal/disk"
)

// written makes a file with some bytes synced and some not.
func written(t *testing.T, d *Disk, path, synced, more string) disk.File {
	f, err := d.Open(path, os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(t, err)
	_, err = f.Write([]byte(synced))
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	_, err = f.Write([]byte(more))
	require.NoError(t, err)
	return f
}

// cuts returns what many power failures leave of a file; "-" where it is not there.
func cuts(d *Disk, path string) map[string]bool {
	out := map[string]bool{}
	for seed := range uint64(200) {
		text, err := d.Cut(rand.New(rand.NewPCG(seed, 1))).ReadFile(path)
		if err != nil {
			text = []byte("-")
		}
		out[string(text)] = true
	}
	return out
}

func TestCutTakesWhatIsNotSynced(t *testing.T) {
	d := New()
	require.NoError(t, d.MkdirAll("f"))
	written(t, d, "f/a", "old", "er")
	require.Equal(t, map[string]bool{"-": true, "old": true, "olde": true, "older": true, "old\x00\x00": true, "olde\x00": true}, cuts(d, "f/a"))
	require.NoError(t, d.SyncDir("f"))
	require.NotContains(t, cuts(d, "f/a"), "-")
	written(t, d, "f/b", "new", "")
	require.NoError(t, d.Rename("f/b", "f/a"))
	require.Contains(t, cuts(d, "f/a"), "new")
	require.Contains(t, cuts(d, "f/a"), "old")
	require.NotContains(t, cuts(d, "f/a"), "-")
	require.NoError(t, d.SyncDir("f"))
	require.Equal(t, map[string]bool{"new": true}, cuts(d, "f/a"))
	require.NoError(t, d.Remove("f/a"))
	require.Equal(t, map[string]bool{"new": true, "-": true}, cuts(d, "f/a"))
}

// Of a long file any block may be missing.
func TestCutLeavesHoles(t *testing.T) {
	d := New()
	require.NoError(t, d.MkdirAll("f"))
	written(t, d, "f/a", "old", strings.Repeat("x", 3*blockSize))
	require.NoError(t, d.SyncDir("f"))
	holes := 0
	for text := range cuts(d, "f/a") {
		require.Equal(t, "old", text[:3])
		if trimmed := strings.TrimRight(text, "\x00"); strings.Contains(trimmed, "\x00") {
			holes++
		}
	}
	require.NotZero(t, holes)
}

func TestFullDiskTearsTheWrite(t *testing.T) {
	d := New()
	require.NoError(t, d.MkdirAll("f"))
	f := written(t, d, "f/a", "ab", "c")
	d.Room(2)
	n, err := f.Write([]byte("def"))
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.Equal(t, 2, n)
	text, err := d.ReadFile("f/a")
	require.NoError(t, err)
	require.Equal(t, "abcde", string(text))
	require.NoError(t, f.Truncate(3))
	d.Room(-1)
	_, err = f.WriteAt([]byte("D"), 3)
	require.NoError(t, err)
	text, err = d.ReadFile("f/a")
	require.NoError(t, err)
	require.Equal(t, "abcD", string(text))
}
