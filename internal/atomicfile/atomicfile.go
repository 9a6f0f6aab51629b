// Package atomicfile writes files that are either complete or not there.
package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/metric-streams/anomaly/internal/disk"
)

// Write writes the file path, all or nothing, whether the process dies or the power fails:
// into a temporary file beside it, which is synced and then renamed. When Write returns
// without an error, the new file is on disk, its name included. pattern names the temporary
// file as in os.CreateTemp.
func Write(fsys disk.FS, path, pattern string, mode fs.FileMode, write func(io.Writer) error) (err error) {
	f, err := fsys.CreateTemp(filepath.Dir(path), pattern)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, discard(fsys, f))
		}
	}()
	if err = write(f); err != nil {
		return err
	}
	if err = f.Chmod(mode); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = fsys.Rename(f.Name(), path); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(path))
}

// Replace is Write on the system's disk. A file that is there keeps its permissions; a new one
// is readable by all.
func Replace(path string, write func(io.Writer) error) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	return Write(disk.System, path, "."+filepath.Base(path)+".*", mode, write)
}

// discard removes a temporary file, unless it has been renamed.
func discard(fsys disk.FS, f disk.File) error {
	_ = f.Close() // it may be closed already
	if err := fsys.Remove(f.Name()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
