package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSystemMakesFolders(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b", "c")
	require.NoError(t, System.MkdirAll(dir))
	require.DirExists(t, dir)
	require.NoError(t, System.MkdirAll(dir), "it is there")
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.Error(t, System.MkdirAll(file), "a file is in the way")
	require.Error(t, System.MkdirAll(filepath.Join(file, "d")))
	names, err := System.ReadDir(filepath.Dir(dir))
	require.NoError(t, err)
	require.Empty(t, names, "folders are no files")
	names, err = System.ReadDir(dir)
	require.NoError(t, err)
	require.Equal(t, []string{"file"}, names)
	require.NoError(t, System.SyncDir(dir))
	require.ErrorIs(t, System.SyncDir(filepath.Join(dir, "missing")), fs.ErrNotExist)
	_, err = System.Open(filepath.Join(dir, "missing"), os.O_RDWR, 0)
	require.ErrorIs(t, err, fs.ErrNotExist)
}
