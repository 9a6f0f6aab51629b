// Package disktest simulates a disk whose power can fail at any operation.
package disktest

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/metric-streams/anomaly/internal/disk"
)

// Disk is a file system in memory that knows what has been synced.
type Disk struct {
	// After is called after every operation that changes something or syncs, with its name and
	// the path. It must not change the disk; Cut is what it is for. nil means nobody.
	After func(operation, path string)

	mu      sync.Mutex
	now     map[string]*inode // by path
	durable map[string]*inode // what a power failure leaves of the names, at the least
	pending []change          // of names, since their folder was synced
	folders map[string]bool
	locked  map[string]bool
	serial  int
	room    int // bytes that can be written; negative: any number
}

const blockSize = 512 // bytes of a file that are written together

// inode is a file, whatever its name.
type inode struct{ data, synced []byte }

// change is a name that was made, removed or changed.
type change struct {
	from, to string // "" where it was made, or removed
	file     *inode
}

// dir is the folder of the names, which do not leave it.
func (c change) dir() string { return filepath.Dir(cmp.Or(c.from, c.to)) }

// New returns an empty disk without an end.
func New() *Disk {
	return &Disk{now: map[string]*inode{}, durable: map[string]*inode{}, folders: map[string]bool{}, locked: map[string]bool{}, room: -1}
}

// Room lets so many more bytes be written: the write that has no room left is torn, and it
// and those after it fail. Negative means any number.
func (d *Disk) Room(bytes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = bytes
}

// Cut returns what a power failure may leave of the disk at this moment: everything synced,
// and any part of the rest. Among what it draws are the extremes: all of it, nothing of it,
// names without their bytes, and bytes without their names.
func (d *Disk) Cut(rng *rand.Rand) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := New()
	out.folders = maps.Clone(d.folders)
	names, bytes := rng.IntN(4), rng.IntN(3)
	entries := maps.Clone(d.durable)
	until := rng.IntN(len(d.pending) + 1)
	for i, c := range d.pending {
		switch {
		case names == 0, names == 1 && i >= until, names == 2 && rng.IntN(2) == 0:
			continue // none, those before a moment, any, all
		}
		c.apply(entries)
	}
	left := map[*inode]*inode{}
	for path, file := range entries {
		if left[file] == nil {
			data := file.left(bytes, rng)
			left[file] = &inode{data: data, synced: slices.Clone(data)}
		}
		out.now[path], out.durable[path] = left[file], left[file]
	}
	return out
}

// left returns what is left of the bytes: those synced, those written, or some of them.
func (f *inode) left(what int, rng *rand.Rand) []byte {
	switch {
	case what == 0 || what == 2 && !slices.Equal(f.data[:min(len(f.data), len(f.synced))], f.synced):
		return slices.Clone(f.synced)
	case what == 1:
		return slices.Clone(f.data)
	}
	// A system writes the blocks of a file in any order. Those that it has not written, of a
	// file whose length is on disk, are zeros.
	end := len(f.synced) + rng.IntN(len(f.data)-len(f.synced)+1)
	out := slices.Clone(f.data[:end])
	if rng.IntN(2) == 0 {
		out = append(out, make([]byte, len(f.data)-end)...)
	}
	if rng.IntN(2) == 0 {
		from := len(f.synced)
		for block := from / blockSize; block <= len(out)/blockSize; block++ {
			part := out[max(from, block*blockSize):min(len(out), (block+1)*blockSize)]
			if rng.IntN(4) == 0 {
				clear(part)
			}
		}
	}
	return out
}

func (c change) apply(entries map[string]*inode) {
	delete(entries, c.from)
	if c.to != "" {
		entries[c.to] = c.file
	}
}

// change makes a change to names. d.mu is held.
func (d *Disk) change(c change) {
	c.apply(d.now)
	d.pending = append(d.pending, c)
}

func (d *Disk) after(operation, path string) {
	if d.After != nil {
		d.After(operation, path)
	}
}

func missing(operation, path string) error {
	return &fs.PathError{Op: operation, Path: path, Err: fs.ErrNotExist}
}

// MkdirAll makes a folder, which no power failure takes.
func (d *Disk) MkdirAll(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.folders[filepath.Clean(dir)] = true
	return nil
}

// Open opens a file, or makes one.
func (d *Disk) Open(path string, flag int, _ fs.FileMode) (disk.File, error) {
	f, made, err := d.open(filepath.Clean(path), flag)
	if made {
		d.after("create", path)
	}
	return f, err
}

func (d *Disk) open(path string, flag int) (f disk.File, made bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	file := d.now[path]
	switch {
	case file == nil && (flag&os.O_CREATE == 0 || !d.folders[filepath.Dir(path)]):
		return nil, false, missing("open", path)
	case file == nil:
		file, made = &inode{}, true
		d.change(change{to: path, file: file})
	case flag&os.O_TRUNC != 0:
		file.data = nil
	}
	return &handle{d: d, path: path, file: file}, made, nil
}

// CreateTemp makes a new file.
func (d *Disk) CreateTemp(dir, pattern string) (disk.File, error) {
	d.mu.Lock()
	d.serial++
	before, after, _ := strings.Cut(pattern, "*")
	name := fmt.Sprint(before, d.serial, after)
	d.mu.Unlock()
	return d.Open(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR, 0o600)
}

// Rename changes the name of a file.
func (d *Disk) Rename(from, to string) error {
	from, to = filepath.Clean(from), filepath.Clean(to)
	if filepath.Dir(from) != filepath.Dir(to) {
		return &fs.PathError{Op: "rename", Path: to, Err: syscall.EXDEV}
	}
	d.mu.Lock()
	file := d.now[from]
	if file != nil {
		d.change(change{from: from, to: to, file: file})
	}
	d.mu.Unlock()
	if file == nil {
		return missing("rename", from)
	}
	d.after("rename", to)
	return nil
}

// Remove removes a file.
func (d *Disk) Remove(path string) error {
	path = filepath.Clean(path)
	d.mu.Lock()
	file := d.now[path]
	if file != nil {
		d.change(change{from: path})
	}
	d.mu.Unlock()
	if file == nil {
		return missing("remove", path)
	}
	d.after("remove", path)
	return nil
}

// ReadFile returns what is in a file.
func (d *Disk) ReadFile(path string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	file := d.now[filepath.Clean(path)]
	if file == nil {
		return nil, missing("open", path)
	}
	return slices.Clone(file.data), nil
}

// ReadDir returns the names of the files in a folder.
func (d *Disk) ReadDir(dir string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	dir = filepath.Clean(dir)
	if !d.folders[dir] {
		return nil, missing("open", dir)
	}
	var names []string
	for path := range d.now {
		if filepath.Dir(path) == dir {
			names = append(names, filepath.Base(path))
		}
	}
	slices.Sort(names)
	return names, nil
}

// SyncDir makes the names in a folder durable.
func (d *Disk) SyncDir(dir string) error {
	dir = filepath.Clean(dir)
	d.mu.Lock()
	d.pending = slices.DeleteFunc(d.pending, func(c change) bool {
		here := c.dir() == dir
		if here {
			c.apply(d.durable)
		}
		return here
	})
	d.mu.Unlock()
	d.after("sync folder", dir)
	return nil
}

// Lock locks a file until the Closer is closed.
func (d *Disk) Lock(path string) (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locked[path] {
		return nil, fmt.Errorf("%s: %w", path, disk.ErrLocked)
	}
	d.locked[path] = true
	return unlock{d, path}, nil
}

type unlock struct {
	d    *Disk
	path string
}

func (u unlock) Close() error {
	u.d.mu.Lock()
	defer u.d.mu.Unlock()
	delete(u.d.locked, u.path)
	return nil
}

// handle is an open file.
type handle struct {
	d    *Disk
	path string
	file *inode
	at   int64
}

func (h *handle) Name() string { return h.path }

func (h *handle) Close() error { return nil }

func (h *handle) Chmod(fs.FileMode) error { return nil }

func (h *handle) Write(p []byte) (int, error) {
	n, err := h.WriteAt(p, h.at)
	h.at += int64(n)
	return n, err
}

func (h *handle) WriteAt(p []byte, at int64) (int, error) {
	n, err := h.write(p, int(at))
	h.d.after("write", h.path)
	return n, err
}

func (h *handle) write(p []byte, at int) (n int, err error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if room := h.d.room; room >= 0 {
		if room < len(p) {
			p, err = p[:room], &fs.PathError{Op: "write", Path: h.path, Err: syscall.ENOSPC}
		}
		h.d.room -= len(p)
	}
	data := slices.Clone(h.file.data)
	if missing := at + len(p) - len(data); missing > 0 {
		data = append(data, make([]byte, missing)...)
	}
	copy(data[at:], p)
	h.file.data = data
	return len(p), err
}

func (h *handle) Truncate(size int64) error {
	h.d.mu.Lock()
	h.file.data = slices.Clone(h.file.data[:min(int(size), len(h.file.data))])
	h.d.mu.Unlock()
	h.d.after("truncate", h.path)
	return nil
}

func (h *handle) Sync() error {
	h.d.mu.Lock()
	h.file.synced = h.file.data
	h.d.mu.Unlock()
	h.d.after("sync", h.path)
	return nil
}
