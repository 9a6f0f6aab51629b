package wal

import (
	"bytes"
	"encoding/binary"
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
// What a dying process left half-written at the end of the last file is dropped. An error of
// f, or ErrDamaged, ends it and changes no file.
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
	for i, path := range files {
		last := i == len(files)-1
		end, err := l.readFile(path, last, advance)
		if err != nil {
			return err
		}
		if last {
			if err := os.Truncate(path, end); err != nil {
				return fmt.Errorf("wal: %w", err)
			}
		}
		// There may be no record that tells how far the numbers went.
		if n, ok := firstNumber(path); ok {
			l.Advance(n - 1)
		}
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
// file they may end early, where the process died while it wrote. Damage that a whole
// record follows, or in an earlier file, is ErrDamaged.
func (l *Log) readFile(path string, last bool, f func(body []byte) error) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("wal: %w", err)
	}
	if len(text) < len(l.header) && (last || bytes.HasPrefix(l.header, text)) {
		return 0, nil // no record is written before the header is on disk
	}
	if !bytes.HasPrefix(text, l.header) {
		return 0, fmt.Errorf("wal: %s: not a log of this version: %w", path, ErrDamaged)
	}
	at := len(l.header)
	for at < len(text) {
		body := frame(text[at:])
		if body == nil && last && !recordIn(text[at+1:]) {
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
