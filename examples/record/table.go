package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
)

const (
	header     = "time,cpu,mem,disk,net_in"
	timeLayout = "2006-01-02T15:04:05.000Z07:00" // RFC 3339 with milliseconds
)

// table writes samples as CSV, each row in one write, so that a row is there
// in full or not at all.
type table struct {
	w        io.Writer
	labelled bool
	buf      []byte
}

func (t *table) header() string {
	if t.labelled {
		return header + ",label\n"
	}
	return header + "\n"
}

func (t *table) writeHeader() error {
	_, err := io.WriteString(t.w, t.header())
	return err
}

// write appends a row; an unknown value is an empty cell.
func (t *table) write(s Sample, label bool) error {
	b := s.Time.AppendFormat(t.buf[:0], timeLayout)
	b = appendCell(b, s.CPU, 3)
	b = appendCell(b, s.Mem, 3)
	b = appendCell(b, s.Disk, 3)
	b = appendCell(b, s.NetIn, 0)
	if t.labelled {
		b = append(b, ',', '0')
		if label {
			b[len(b)-1] = '1'
		}
	}
	t.buf = append(b, '\n')
	_, err := t.w.Write(t.buf)
	return err
}

func appendCell(b []byte, v float64, decimals int) []byte {
	b = append(b, ',')
	if math.IsNaN(v) {
		return b
	}
	return strconv.AppendFloat(b, v, 'f', decimals, 64)
}

// openOut opens the file to record into. It never overwrites: path must be
// new, or, with extend, a recording with the same header and whole lines. The
// result reports whether the header is still to be written.
func openOut(path, header string, extend bool) (f *os.File, fresh bool, err error) {
	if !extend {
		f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, os.ErrExist) {
			err = fmt.Errorf("record: %s exists: name another file or add -append", path)
		}
		return f, true, err
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, false, fmt.Errorf("record: %w", err)
	}
	if len(old) > 0 && (!bytes.HasPrefix(old, []byte(header)) || old[len(old)-1] != '\n') {
		return nil, false, fmt.Errorf("record: %s can't be extended: it doesn't start with %q or ends in half a line", path, header)
	}
	f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	return f, len(old) == 0, err
}
