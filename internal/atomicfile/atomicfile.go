// Package atomicfile writes files that are either complete or not there.
package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write writes the file path, all or nothing: into a temporary file beside it, which is
// flushed to disk and then renamed. pattern names the temporary file as in os.CreateTemp.
func Write(path, pattern string, mode fs.FileMode, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), pattern)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, discard(f))
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
	return os.Rename(f.Name(), path)
}

// discard removes a temporary file that was not renamed.
func discard(f *os.File) error {
	_ = f.Close() // it is closed already where the rename failed
	return os.Remove(f.Name())
}
