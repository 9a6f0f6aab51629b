package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
)

const (
	// MaxRecord is how many bytes a record may have.
	MaxRecord = 1 << 24
	frameHead = 8 // bytes before a record: its length and its checksum
)

// Recover prepares a log for Read and Append after a restart. It calls f with every record,
// oldest first; f returns the number that the record holds, after which the numbers go on.
// What a dying process or a power failure has left half-written at the end is dropped. An
// error of f, or ErrDamaged, ends it and changes no file.
func (l *Log) Recover(f func(body []byte) (number uint64, err error)) error {
	files, err := l.segments()
	if err != nil {
		return err
	}
	advance := func(body []byte) error {
		number, err := f(body)
		l.Advance(number)
		return err
	}
	last, err := l.lastInUse(files)
	if err != nil {
		return err
	}
	for i, path := range files {
		end, err := l.readFile(path, i >= last, advance)
		if err != nil {
			return err
		}
		if i == last {
			if err := l.truncate(path, end); err != nil {
				return err
			}
		}
		// There may be no record that tells how far the numbers went, and no new file may take the
		// name of one with records.
		if n, ok := firstNumber(path); ok && end > int64(len(l.header)) {
			l.Advance(n)
		} else if ok {
			l.Advance(n - 1)
		}
	}
	return nil
}

// lastInUse returns the index of the last file that holds more than a header. It is where
// records may be torn: a log that could not begin a new file has gone on in the one before.
func (l *Log) lastInUse(files []string) (int, error) {
	for i := len(files) - 1; i >= 0; i-- {
		text, err := l.disk.ReadFile(files[i])
		if err != nil {
			return 0, fmt.Errorf("wal: %w", err)
		}
		if len(text) > len(l.header) {
			return i, nil
		}
	}
	return 0, nil
}

// truncate cuts a file off, and syncs it: other files will follow it.
func (l *Log) truncate(path string, size int64) error {
	f, err := l.disk.Open(path, os.O_RDWR, 0)
	if err == nil {
		if err = f.Truncate(size); err == nil {
			err = f.Sync()
		}
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("wal: %w", err)
	}
	return nil
}

// Read calls f with every record, oldest first. An error of f ends it.
func (l *Log) Read(f func(body []byte) error) error {
	files, err := l.segments()
	if err != nil {
		return err
	}
	for _, path := range files {
		if _, err := l.readFile(path, true, f); err != nil {
			return err
		}
	}
	return nil
}

// readFile calls f with the records of one file and returns where they end. In the last
// file they may end early, where the process died or the power failed while it was written.
// Other damage that a whole record follows, or in an earlier file, is ErrDamaged.
func (l *Log) readFile(path string, last bool, f func(body []byte) error) (int64, error) {
	text, err := l.disk.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("wal: %w", err)
	}
	if len(text) <= len(l.header) && bytes.HasPrefix(l.header, bytes.TrimRight(text, "\x00")) {
		return int64(len(text)), nil // no record is written before the header is on disk
	}
	if !bytes.HasPrefix(text, l.header) {
		return 0, fmt.Errorf("wal: %s: not a log of this version: %w", path, ErrDamaged)
	}
	at := len(l.header)
	for at < len(text) {
		body := frame(text[at:])
		if body == nil && last && (hole(text, at) || !recordIn(text[at+1:])) {
			break
		}
		if body == nil {
			return 0, fmt.Errorf("wal: %s, offset %d: no whole record: %w", path, at, ErrDamaged)
		}
		if err := f(body); err != nil {
			return 0, fmt.Errorf("%s, offset %d: %w", path, at, err)
		}
		at += frameHead + len(body)
	}
	return int64(at), nil
}

// block is the least unit in which a system writes files back to disk.
const block = 512

// hole reports whether the frame at an offset was to lie in a block that has never been
// written. A system writes the blocks of a file in any order: after a power failure some are
// zeros, and later ones are there.
func hole(text []byte, at int) bool {
	end := at + frameHead
	if len(text) >= end {
		if n := binary.LittleEndian.Uint32(text[at:]); n <= MaxRecord {
			end += int(n)
		}
	}
	for from := at; from < min(end, len(text)); {
		to := min((from/block+1)*block, len(text))
		if len(bytes.Trim(text[from:to], "\x00")) == 0 {
			return true
		}
		from = to
	}
	return false
}

// frame returns the record that text begins with; nil where it is not whole.
func frame(text []byte) []byte {
	if len(text) < frameHead {
		return nil
	}
	n := binary.LittleEndian.Uint32(text)
	if n == 0 || n > MaxRecord || int(n) > len(text)-frameHead {
		return nil
	}
	body := text[frameHead : frameHead+n]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(text[4:]) {
		return nil
	}
	return body
}

// recordIn reports whether a whole record begins anywhere in text.
func recordIn(text []byte) bool {
	for i := range text {
		if frame(text[i:]) != nil {
			return true
		}
	}
	return false
}
