package disktest

import (
	"io/fs"

	"github.com/metric-streams/anomaly/internal/disk"
)

// Hooked passes operations on to a file system, as far as Ask lets it.
type Hooked struct {
	disk.FS
	// Ask is called before every operation that changes something or syncs. bytes is what a
	// write is to write.
	Ask func(operation, path string, bytes int) Answer
}

// Answer says what becomes of an operation. The zero Answer lets it happen.
type Answer struct {
	Err  error  // returned; the operation does not happen
	Part int    // of a write that fails or that is followed by Then: so many bytes are written
	Then func() // called after that part; the end of the process, for one
}

// do asks, and calls f where the answer lets it.
func (h Hooked) do(operation, path string, f func() error) error {
	a := h.Ask(operation, path, 0)
	if a.Then != nil {
		a.Then()
	}
	if a.Err != nil {
		return &fs.PathError{Op: operation, Path: path, Err: a.Err}
	}
	return f()
}

// MkdirAll asks for "mkdir".
func (h Hooked) MkdirAll(dir string) error {
	return h.do("mkdir", dir, func() error { return h.FS.MkdirAll(dir) })
}

// Open asks for "open".
func (h Hooked) Open(path string, flag int, mode fs.FileMode) (f disk.File, err error) {
	err = h.do("open", path, func() (err error) { f, err = h.FS.Open(path, flag, mode); return err })
	return h.hooked(f, err)
}

// CreateTemp asks for "open".
func (h Hooked) CreateTemp(dir, pattern string) (f disk.File, err error) {
	err = h.do("open", dir, func() (err error) { f, err = h.FS.CreateTemp(dir, pattern); return err })
	return h.hooked(f, err)
}

func (h Hooked) hooked(f disk.File, err error) (disk.File, error) {
	if err != nil {
		return nil, err
	}
	return hookedFile{f, h}, nil
}

// Rename asks for "rename".
func (h Hooked) Rename(from, to string) error {
	return h.do("rename", to, func() error { return h.FS.Rename(from, to) })
}

// Remove asks for "remove".
func (h Hooked) Remove(path string) error {
	return h.do("remove", path, func() error { return h.FS.Remove(path) })
}

// SyncDir asks for "sync folder".
func (h Hooked) SyncDir(dir string) error {
	return h.do("sync folder", dir, func() error { return h.FS.SyncDir(dir) })
}

type hookedFile struct {
	disk.File
	h Hooked
}

func (f hookedFile) Write(p []byte) (int, error) { return f.write(p, f.File.Write) }

func (f hookedFile) WriteAt(p []byte, at int64) (int, error) {
	return f.write(p, func(p []byte) (int, error) { return f.File.WriteAt(p, at) })
}

func (f hookedFile) write(p []byte, write func([]byte) (int, error)) (n int, err error) {
	a := f.h.Ask("write", f.Name(), len(p))
	if a.Err == nil && a.Then == nil {
		return write(p)
	}
	if a.Part > 0 {
		if n, err = write(p[:min(a.Part, len(p))]); err != nil {
			return n, err
		}
	}
	if a.Then != nil {
		a.Then()
	}
	return n, &fs.PathError{Op: "write", Path: f.Name(), Err: a.Err}
}

func (f hookedFile) Truncate(size int64) error {
	return f.h.do("truncate", f.Name(), func() error { return f.File.Truncate(size) })
}

func (f hookedFile) Sync() error { return f.h.do("sync", f.Name(), f.File.Sync) }
