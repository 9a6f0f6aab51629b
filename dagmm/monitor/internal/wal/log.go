package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
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
	dir    string
	header []byte
	lock   *os.File // nil once closed

	mu     sync.Mutex
	f      *os.File // nil before the first Rotate
	size   int64
	number uint64 // of the last record
	buf    []byte
}

// Open makes the folder, where it is missing, and locks it: one Log at a time may have it
// open (ErrInUse). Every file of the log begins with header, which names its format and
// version.
func Open(dir, header string) (*Log, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("wal: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("wal: %w", err)
	}
	if !lockFile(f) {
		return nil, errors.Join(fmt.Errorf("wal: folder %s: %w", dir, ErrInUse), f.Close())
	}
	return &Log{dir: dir, header: []byte(header), lock: f}, nil
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
		return 0, errors.Join(fmt.Errorf("wal: %w", err), l.f.Truncate(l.size))
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

// Rotate begins a new file and returns those before it, which the caller removes with Drop
// as soon as what they tell is stored elsewhere.
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
		if err := l.f.Sync(); err != nil {
			return nil, fmt.Errorf("wal: %w", err)
		}
	}
	path := filepath.Join(l.dir, fmt.Sprintf("%s%020d", segmentPrefix, l.number+1))
	f, err := l.create(path)
	if err != nil {
		return nil, err
	}
	if l.f != nil {
		err = l.f.Close()
	}
	l.f, l.size = f, int64(len(l.header))
	return slices.DeleteFunc(old, func(s string) bool { return s == path }), err
}

// create makes a file of the log with nothing but its header.
func (l *Log) create(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("wal: %w", err)
	}
	if _, err = f.WriteAt(l.header, 0); err == nil {
		err = f.Sync() // a power failure leaves no file without its header
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("wal: %w", err), f.Close())
	}
	return f, nil
}

// Drop removes files that Rotate returned.
func (l *Log) Drop(old []string) error {
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("wal: %w", err)
		}
	}
	return nil
}

// segments lists the log's files, oldest first.
func (l *Log) segments() ([]string, error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, fmt.Errorf("wal: %w", err)
	}
	var out []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), segmentPrefix) {
			out = append(out, filepath.Join(l.dir, e.Name()))
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
	for _, f := range []*os.File{l.f, l.lock} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	l.f, l.lock = nil, nil
	return errors.Join(errs...)
}
