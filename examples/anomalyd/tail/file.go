package tail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dataset"
)

const (
	headSize = 16 << 10 // of a file, by which it is known again
	mostBad  = 100      // lines that nobody can read, of a file
	loudBad  = 10       // so many of them are told
)

// identity is the beginning of a file. Another file has another one: it begins at another time.
type identity struct {
	Size int64  `json:"size"`
	Hash string `json:"hash"`
}

// identify returns the identity of a file by its first bytes.
func identify(path string, size int64) (identity, error) {
	f, err := os.Open(path)
	if err != nil {
		return identity{}, err
	}
	defer f.Close()
	return identityOf(f, size)
}

func identityOf(f io.ReaderAt, size int64) (identity, error) {
	hash := sha256.New()
	n, err := io.Copy(hash, io.NewSectionReader(f, 0, size))
	return identity{n, hex.EncodeToString(hash.Sum(nil)[:8])}, err
}

// file is a file that is read.
type file struct {
	path string // under which its rows are given
	text *os.File
	opt  dataset.CSVOptions

	opened time.Time
	lines  *lines
	reader *dataset.Reader // nil until there is a row
	rows   int             // that have been taken
	passed int             // rows that the reader has given; those up to rows were taken before
	held   *dataset.Row    // that was not taken yet
	head   identity
	size   int64 // when it was last looked at
	failed error // nothing can be read until the file changes
	dead   bool  // nor then
}

func openFile(name, path string, opt dataset.CSVOptions, taken int) (*file, error) {
	text, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	f := &file{path: path, text: text, opt: opt, opened: time.Now(), rows: taken}
	f.begin(nil)
	return f, nil
}

func (f *file) close() error { return f.text.Close() }

// begin reads the file from its beginning, without some lines.
func (f *file) begin(without map[int]bool) {
	f.lines = &lines{text: f.text, without: without, plain: !f.starts(gzipMagic, utf16Low, utf16High)}
	f.reader, f.passed, f.held = nil, 0, nil
}

// position returns how far the file has been read.
func (f *file) position() position {
	head, err := identityOf(f.text, min(headSize, f.lines.at))
	if err != nil {
		slog.Warn("a file cannot be read", "file", f.path, "err", err)
	}
	if f.truncated() {
		head = f.head
	}
	return position{head, f.rows, f.opened}
}

// replaced reports whether another file has taken the place of this one, or another text.
func (f *file) replaced(now fs.FileInfo) bool {
	own, err := f.text.Stat()
	return err != nil || !os.SameFile(own, now) || f.truncated()
}

// truncated reports whether the text that was read is not there any more.
func (f *file) truncated() bool {
	info, err := f.text.Stat()
	if err != nil || info.Size() < f.lines.at {
		return true
	}
	if f.head.Size == 0 {
		return false
	}
	head, err := identityOf(f.text, f.head.Size)
	return err != nil || head != f.head
}

// drain gives all rows that are there. What cannot be read is left out and logged.
func (f *file) drain(ctx context.Context, take Take) error {
	info, err := f.text.Stat()
	if err != nil || f.dead || f.failed != nil && info.Size() == f.size {
		return nil
	}
	f.size = info.Size()
	for ctx.Err() == nil {
		row, err := f.next()
		switch {
		case err == nil && row == nil:
			f.remember()
			return nil
		case err != nil:
			if !f.without(err) {
				return nil
			}
			continue
		}
		if f.passed <= f.rows {
			continue
		}
		if row.Time.IsZero() {
			f.dead = true
			f.fail(errors.New("its rows have no times"))
			return nil
		}
		if err := take(f.path, *row); err != nil {
			f.held = row
			return err
		}
		f.rows++
	}
	return ctx.Err()
}

// remember notes how the file begins.
func (f *file) remember() {
	if size := min(headSize, f.lines.at); size > f.head.Size {
		if head, err := identityOf(f.text, size); err == nil {
			f.head = head
		}
	}
}

// next returns the next row; nil where there is none yet.
func (f *file) next() (*dataset.Row, error) {
	if held := f.held; held != nil {
		f.held = nil
		return held, nil
	}
	if f.reader == nil {
		f.lines.rewind()
		reader, err := dataset.NewReader(f.lines, f.opt)
		if errors.Is(err, dataset.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		f.reader, f.failed = reader, nil
		slog.Info("a file is read", "file", f.path, "taken_before", f.rows, "columns", reader.Columns(), "notes", reader.Notes())
	}
	row, err := f.reader.Next()
	if err == io.EOF {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f.passed++
	return &row, nil
}

// without begins anew without the line of an error; false where that is of no use.
func (f *file) without(err error) bool {
	var bad *dataset.CSVError
	if f.reader == nil { // more text may show what it is
		f.fail(err)
		return false
	}
	if !errors.As(err, &bad) || bad.Line == 0 || len(f.lines.without) >= mostBad || f.starts(gzipMagic) {
		f.dead = true
		f.fail(err)
		return false
	}
	line := f.lines.original(bad.Line)
	level := slog.LevelWarn
	if len(f.lines.without) >= loudBad {
		level = slog.LevelDebug
	}
	slog.Log(context.Background(), level, "a line of a file is left out", "file", f.path, "line", line, "column", bad.Column, "problem", bad.Problem)
	without := map[int]bool{line: true}
	for l := range f.lines.without {
		without[l] = true
	}
	f.begin(without)
	return true
}

// What files begin with whose lines are not those of the text, or have zeros.
const gzipMagic, utf16Low, utf16High = "\x1f\x8b", "\xff\xfe", "\xfe\xff"

func (f *file) starts(with ...string) bool {
	two := make([]byte, 2)
	_, err := f.text.ReadAt(two, 0)
	return err == nil && slices.Contains(with, string(two))
}

// cut reports whether the last line has no end.
func (f *file) cut() bool {
	last := make([]byte, 1)
	info, err := f.text.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	_, err = f.text.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}

func (f *file) fail(err error) {
	if f.failed == nil || f.failed.Error() != err.Error() {
		until := "it grows"
		if f.dead {
			until = "it is replaced"
		}
		slog.Error("a file cannot be used until "+until, "file", f.path, "err", err)
	}
	f.failed = err
	if f.reader != nil {
		f.begin(f.lines.without)
	}
}

// lines reads a file from its beginning, without some lines.
type lines struct {
	text    io.ReaderAt
	without map[int]bool // by their number, from 1
	plain   bool         // zeros are no text: a machine that lost its power leaves them behind
	at      int64        // bytes read
	line    int          // lines that have ended before at
}

func (l *lines) rewind() { l.at, l.line = 0, 0 }

// original returns the number that a line has in the file.
func (l *lines) original(line int) int {
	for n := 1; n <= line; n++ {
		if l.without[n] {
			line++
		}
	}
	return line
}

// Read implements io.Reader. At the end of the file it returns io.EOF, and goes on when there
// is more.
func (l *lines) Read(p []byte) (int, error) {
	for {
		n, err := l.text.ReadAt(p, l.at)
		l.at += int64(n)
		if n > 0 {
			if n = l.filter(p[:n]); n > 0 {
				return n, nil
			}
			continue
		}
		if err != nil {
			return 0, err
		}
		return 0, io.EOF
	}
}

// filter moves what is to be read to the beginning of p and returns how long that is.
func (l *lines) filter(p []byte) int {
	if l.plain {
		p = slices.DeleteFunc(p, func(b byte) bool { return b == 0 })
	}
	kept := 0
	for len(p) > kept {
		rest := p[kept:]
		end := bytes.IndexByte(rest, '\n') + 1
		ended := end > 0
		if !ended {
			end = len(rest)
		}
		if l.without[l.line+1] {
			copy(rest, rest[end:])
			p = p[:len(p)-end]
		} else {
			kept += end
		}
		if ended {
			l.line++
		}
	}
	return kept
}
