package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/metric-streams/anomaly/internal/disk"
)

var (
	// ErrInUse reports a folder that another process, or another Log, has open.
	ErrInUse = errors.New("in use")
	// ErrClosed reports a call of a Log after Close.
	ErrClosed = errors.New("closed")
	// ErrDamaged reports a file that is not as the log wrote it, or of another version.
	ErrDamaged = errors.New("damaged")
)

const segmentPrefix = "journal-"

// Log appends records to the files of a folder. Its methods may be called from many
// goroutines, but Read only before the first Append.
type Log struct {
	disk   disk.FS
	dir    string
	header []byte
	lock   io.Closer // nil once closed

	mu     sync.Mutex
	f      disk.File // nil before the first Rotate
	size   int64     // of the file up to its last whole record
	torn   bool      // there may be more in the file than that
	number uint64    // of the last record
	buf    []byte
}

// Open makes the folder, where it is missing, and locks it: one Log at a time may have it
// open (ErrInUse). Every file of the log begins with header, which names its format and
// version.
func Open(fsys disk.FS, dir, header string) (*Log, error) {
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("wal: %w", err)
	}
	lock, err := fsys.Lock(filepath.Join(dir, "lock"))
	if errors.Is(err, disk.ErrLocked) {
		return nil, fmt.Errorf("wal: folder %s: %w", dir, ErrInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("wal: %w", err)
	}
	return &Log{disk: fsys, dir: dir, header: []byte(header), lock: lock}, nil
}

// Append writes a record and returns its number. encode appends the record's bytes, which
// may hold the number, to dst. A record of more than MaxRecord bytes is an error, and
// nothing is written. Numbers rise by 1, except where Reserve has taken some.
func (l *Log) Append(encode func(dst []byte, number uint64) []byte) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return 0, fmt.Errorf("wal: %w", ErrClosed)
	}
	number := l.number + 1
	l.buf = encode(append(l.buf[:0], make([]byte, frameHead)...), number)
	body := l.buf[frameHead:]
	if len(body) > MaxRecord {
		return 0, fmt.Errorf("wal: record of %d bytes, at most %d can be read again", len(body), MaxRecord)
	}
	binary.LittleEndian.PutUint32(l.buf, uint32(len(body)))
	binary.LittleEndian.PutUint32(l.buf[4:], crc32.ChecksumIEEE(body))
	if _, err := l.f.WriteAt(l.buf, l.size); err != nil {
		l.torn = true
		return 0, errors.Join(fmt.Errorf("wal: %w", err), l.mend())
	}
	l.size += int64(len(l.buf))
	l.number = number
	return number, nil
}

// Reserve returns a number that no record has, nor will have.
func (l *Log) Reserve() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number++
	return l.number
}

// Advance lets the next number be greater than n.
func (l *Log) Advance(n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number = max(l.number, n)
}

// mend drops what a failed Append has left of its record. l.mu is held.
func (l *Log) mend() error {
	if !l.torn {
		return nil
	}
	if err := l.f.Truncate(l.size); err != nil {
		return fmt.Errorf("wal: %w", err)
	}
	l.torn = false
	return nil
}

// Sync returns when all records are on disk.
func (l *Log) Sync() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return fmt.Errorf("wal: %w", ErrClosed)
	}
	return l.sync()
}

// sync syncs the last file, without what a failed Append has left in it. l.mu is held.
func (l *Log) sync() error {
	if err := l.mend(); err != nil {
		return err
	}
	if err := l.f.Sync(); err != nil {
		return fmt.Errorf("wal: %w", err)
	}
	return nil
}

// Rotate begins a new file and returns those before it, which the caller removes with Drop
// as soon as what they tell is stored elsewhere. On error the log goes on in the file that
// it had.
func (l *Log) Rotate() (old []string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lock == nil {
		return nil, fmt.Errorf("wal: %w", ErrClosed)
	}
	if old, err = l.segments(); err != nil {
		return nil, err
	}
	if l.f != nil {
		// Only the last file may end early: what is in this one must be there before another is.
		if err := l.sync(); err != nil {
			return nil, err
		}
	}
	path := filepath.Join(l.dir, fmt.Sprintf("%s%020d", segmentPrefix, l.number+1))
	old = slices.DeleteFunc(old, func(s string) bool { return s == path })
	if l.f != nil && l.f.Name() == path {
		return old, nil // it has no record yet
	}
	f, err := l.create(path)
	if err != nil {
		return nil, err
	}
	if l.f != nil {
		err = l.f.Close()
	}
	l.f, l.size, l.torn = f, int64(len(l.header)), false
	return old, err
}

// create makes a file of the log with nothing but its header, which no power failure takes.
func (l *Log) create(path string) (disk.File, error) {
	f, err := l.disk.Open(path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("wal: %w", err)
	}
	if _, err = f.WriteAt(l.header, 0); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = l.disk.SyncDir(l.dir)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("wal: %w", err), f.Close())
	}
	return f, nil
}

// Drop removes files that Rotate returned, for good. They go one after the other, oldest
// first: a later record may take back what an earlier one tells.
func (l *Log) Drop(old []string) error {
	for _, path := range old {
		if err := l.disk.Remove(path); err != nil {
			return fmt.Errorf("wal: %w", err)
		}
		if err := l.disk.SyncDir(l.dir); err != nil {
			return fmt.Errorf("wal: %w", err)
		}
	}
	return nil
}

// segments lists the log's files, oldest first.
func (l *Log) segments() ([]string, error) {
	names, err := l.disk.ReadDir(l.dir)
	if err != nil {
		return nil, fmt.Errorf("wal: %w", err)
	}
	var out []string
	for _, name := range names {
		if strings.HasPrefix(name, segmentPrefix) {
			out = append(out, filepath.Join(l.dir, name))
		}
	}
	slices.Sort(out)
	return out, nil
}

// firstNumber returns the number in the name of a file, which is that of its first record.
func firstNumber(path string) (uint64, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(filepath.Base(path), segmentPrefix), 10, 64)
	return n, err == nil && n > 0
}

// Close closes the files and gives the folder free. What was appended stays.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	if l.f != nil {
		errs = append(errs, l.mend(), l.f.Close())
	}
	if l.lock != nil {
		errs = append(errs, l.lock.Close())
	}
	l.f, l.lock = nil, nil
	return errors.Join(errs...)
}
