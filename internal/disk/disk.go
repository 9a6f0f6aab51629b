// Package disk holds the file operations that stored state goes through. They are an
// interface, so that tests can pull the plug at any of them (package disktest).
package disk

import (
	"errors"
	"io"
	"io/fs"
)

// ErrLocked reports a file that another process, or another call of Lock, holds.
var ErrLocked = errors.New("locked")

// FS is a file system. A power failure may take whatever was not synced: the bytes of a file
// since its last Sync, and the names in a folder that were made, changed or removed since the
// last SyncDir. Its methods may be called from many goroutines.
type FS interface {
	// MkdirAll makes a folder and those above it, where they are missing, and syncs their names.
	MkdirAll(dir string) error
	// Open opens a file with the flags of package os.
	Open(path string, flag int, mode fs.FileMode) (File, error)
	// CreateTemp makes a new file in dir, named as by os.CreateTemp.
	CreateTemp(dir, pattern string) (File, error)
	// Rename gives a file another name in the same folder, instead of the file of that name.
	Rename(from, to string) error
	Remove(path string) error
	ReadFile(path string) ([]byte, error)
	// ReadDir returns the names of the files in a folder, without folders, in order.
	ReadDir(dir string) ([]string, error)
	// SyncDir returns when the names in a folder are on disk.
	SyncDir(dir string) error
	// Lock locks a file, which it makes where it is missing, until the Closer is closed or the
	// process ends. ErrLocked means that somebody else has it.
	Lock(path string) (io.Closer, error)
}

// File is an open file.
type File interface {
	io.Writer
	io.WriterAt
	io.Closer
	Name() string
	Chmod(mode fs.FileMode) error
	Truncate(size int64) error
	// Sync returns when the bytes of the file are on disk.
	Sync() error
}
