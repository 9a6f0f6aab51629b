package monitor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/metric-streams/anomaly/internal/atomicfile"
	"github.com/metric-streams/anomaly/internal/disk"
)

// Store keeps what a Monitor wants to find again after a restart: named strings of bytes.
// Each stream has one with its state and one or two with models. Their names hold only
// letters, digits, dots and hyphens, and what they hold carries a checksum, so that a Store
// may be anything that keeps bytes by name: a folder, a map, the bucket of a cluster. Its
// methods are called from many goroutines, never at the same time for the same name.
type Store interface {
	// Load returns what Save kept under a name, at any time. Where there is nothing the error is
	// fs.ErrNotExist.
	Load(name string) ([]byte, error)
	// Save keeps data under a name, instead of what was there. It must be all or nothing: if the
	// process dies or the power fails, Load returns the old data or the new, and the new once
	// Save has returned. Save must not keep the slice.
	Save(name string, data []byte) error
	// Remove forgets a name. A name that is not known is no error. After a power failure the name
	// may be there again.
	Remove(name string) error
	// Names returns the names that begin with prefix, in any order.
	Names(prefix string) ([]string, error)
}

// folder is a Store of files.
type folder struct {
	disk disk.FS
	dir  string
}

const temporary = ".tmp-" // prefix of files that are being written

// Folder returns a Store that keeps a file for each name in the folder dir, which it makes
// where it is missing. A file is synced, and so is its name. It removes the temporary files that a dying process may have left:
// one Store at a time may use a folder.
func Folder(dir string) (Store, error) { return folderOn(disk.System, dir) }

func folderOn(fsys disk.FS, dir string) (Store, error) {
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("monitor: folder: %w", err)
	}
	f := folder{fsys, dir}
	left, err := f.Names(temporary)
	if err != nil {
		return nil, err
	}
	for _, name := range left {
		if err := f.Remove(name); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f folder) Load(name string) ([]byte, error) {
	data, err := f.disk.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		return nil, fmt.Errorf("monitor: folder: %w", err)
	}
	return data, nil
}

func (f folder) Save(name string, data []byte) error {
	write := func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
	if err := atomicfile.Write(f.disk, filepath.Join(f.dir, name), temporary+"*", 0o600, write); err != nil {
		return fmt.Errorf("monitor: folder: %w", err)
	}
	return nil
}

func (f folder) Remove(name string) error {
	if err := f.disk.Remove(filepath.Join(f.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("monitor: folder: %w", err)
	}
	return nil
}

func (f folder) Names(prefix string) ([]string, error) {
	names, err := f.disk.ReadDir(f.dir)
	if err != nil {
		return nil, fmt.Errorf("monitor: folder: %w", err)
	}
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) }), nil
}

// memoryStore is a Store in memory.
type memoryStore struct {
	mu   sync.Mutex
	data map[string][]byte
}

// InMemory returns a Store that lasts as long as the process: for tests, and for a Monitor
// that is opened anew with other settings.
func InMemory() Store { return &memoryStore{data: map[string][]byte{}} }

func (m *memoryStore) Load(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.data[name]
	if !ok {
		return nil, fmt.Errorf("monitor: store in memory: %s: %w", name, fs.ErrNotExist)
	}
	return slices.Clone(data), nil
}

func (m *memoryStore) Save(name string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data[name] = slices.Clone(data)
	return nil
}

func (m *memoryStore) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.data, name)
	return nil
}

func (m *memoryStore) Names(prefix string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for name := range m.data {
		if strings.HasPrefix(name, prefix) {
			out = append(out, name)
		}
	}
	return out, nil
}
