package atomicfile

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/internal/disk"
	"github.com/metric-streams/anomaly/internal/disk/disktest"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	text := func(s string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, failed := io.WriteString(w, s)
			return errors.Join(failed, err)
		}
	}
	require.NoError(t, Write(disk.System, path, ".tmp-*", 0o640, text("one", nil)))
	failed := errors.New("failed half-way")
	require.ErrorIs(t, Write(disk.System, path, ".tmp-*", 0o640, text("tw", failed)), failed)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "one", string(got))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left")
	require.Error(t, Write(disk.System, filepath.Join(dir, "missing", "file"), ".tmp-*", 0o640, text("", nil)))
}

// Whenever the power fails there is the old file or the new one, and once Write has returned
// it is the new one.
func TestPowerFails(t *testing.T) {
	d := disktest.New()
	require.NoError(t, d.MkdirAll("f"))
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error {
			for i := range len(s) {
				if _, err := io.WriteString(w, s[i:i+1]); err != nil {
					return err
				}
			}
			return nil
		}
	}
	left := func() map[string]bool {
		out := map[string]bool{}
		for seed := range uint64(100) {
			got, err := d.Cut(rand.New(rand.NewPCG(seed, 1))).ReadFile("f/file")
			require.NoError(t, err)
			out[string(got)] = true
		}
		return out
	}
	require.NoError(t, Write(d, "f/file", ".tmp-*", 0o600, text("old")))
	points := 0
	d.After = func(string, string) {
		points++
		for got := range left() {
			require.Contains(t, []string{"old", "new file"}, got)
		}
	}
	require.NoError(t, Write(d, "f/file", ".tmp-*", 0o600, text("new file")))
	require.Equal(t, map[string]bool{"new file": true}, left())
	require.Equal(t, len("new file")+4, points, "create, write, sync, rename, sync the folder")
}

func TestReplaceKeepsPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	mode := func() os.FileMode {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Mode().Perm()
	}
	require.NoError(t, Replace(path, text("one")))
	if runtime.GOOS != "windows" {
		require.Equal(t, os.FileMode(0o644), mode())
	}
	require.NoError(t, os.Chmod(path, 0o600))
	before := mode()
	require.NoError(t, Replace(path, text("two")))
	require.Equal(t, before, mode())
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "two", string(got))
}
