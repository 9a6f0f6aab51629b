// Package tail follows CSV files that others append to: through rotation, truncation and lines
// that are half written, and from one process to the next.
package tail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dataset"
)

// Config says what to follow.
type Config struct {
	// Files are names of files, or patterns as filepath.Glob has them. A pattern should not match
	// the names that files get when they are rotated.
	Files []string
	// Options say how to read them. Live and SkipBadRows are always set.
	Options dataset.CSVOptions
	// Position is the file that keeps how far every file has been read.
	Position string
}

// Tailer follows files. It belongs to one goroutine.
type Tailer struct {
	cfg   Config
	files map[string]*file
	known map[string]position // of files that have not been opened yet
	away  map[string]bool     // files that are not there, which the log knows
}

const clockStep = time.Second // by which the clock of a file system may be behind

// position is how far a file has been read.
type position struct {
	Head   identity  `json:"head"`
	Rows   int       `json:"rows"` // that have been taken
	Opened time.Time `json:"opened"`
}

// Open makes a Tailer that goes on where the last one of the same Config.Position stopped.
func Open(cfg Config) (*Tailer, error) {
	cfg.Options.Live, cfg.Options.SkipBadRows = true, true
	t := &Tailer{cfg: cfg, files: map[string]*file{}, known: map[string]position{}, away: map[string]bool{}}
	text, err := os.ReadFile(cfg.Position)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return nil, fmt.Errorf("tail: %w", err)
	}
	if err := json.Unmarshal(text, &t.known); err != nil {
		slog.Warn("the positions are damaged; files are read from their beginning", "file", cfg.Position, "err", err)
		t.known = map[string]position{}
	}
	for path := range t.known {
		if _, err := os.Stat(path); err != nil && !slices.Contains(cfg.Files, path) { // a pattern found it once
			delete(t.known, path)
		}
	}
	return t, nil
}

// Take takes a row of a file. An error means that the row shall come again with the next Poll.
type Take func(path string, row dataset.Row) error

// Poll gives the rows that have come since the last Poll. What is wrong with a file is logged
// and does not keep the others from being read; failed says of how many there is something.
// An error is that of take.
func (t *Tailer) Poll(ctx context.Context, take Take) (failed int, err error) {
	for _, path := range t.paths() {
		ok, err := t.poll(ctx, path, take)
		if err != nil {
			return failed, err
		}
		if !ok {
			failed++
		}
	}
	return failed, ctx.Err()
}

// paths returns the files to read, those that are open too.
func (t *Tailer) paths() []string {
	var out []string
	for _, pattern := range t.cfg.Files {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 && !strings.ContainsAny(pattern, "*?[") {
			found = []string{pattern}
		}
		out = append(out, found...)
	}
	for path := range t.files {
		out = append(out, path)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// poll reads what has come of one file; false where something is wrong with it.
func (t *Tailer) poll(ctx context.Context, path string, take Take) (ok bool, err error) {
	info, err := os.Stat(path)
	f := t.files[path]
	if err != nil {
		wanted := slices.Contains(t.cfg.Files, path)
		if wanted {
			t.report(path, err)
		}
		if f == nil {
			return !wanted, nil
		}
		err := f.drain(ctx, take) // it may have been moved, and still be written
		if err == nil && !wanted && !t.found(f) {
			slog.Info("a file is gone", "file", path, "rows", f.rows)
			delete(t.files, path)
			err = f.close()
		}
		return !wanted, err
	}
	if t.away[path] {
		slog.Info("the file is there", "file", path)
		delete(t.away, path)
	}
	if f != nil && f.replaced(info) {
		if err := t.finish(ctx, f, take); err != nil {
			return false, err
		}
		f = nil
	}
	if f == nil {
		if t.rotated(path, info) {
			return true, nil
		}
		if f, err = t.open(ctx, path, take); err != nil || f == nil {
			return false, err
		}
	}
	err = f.drain(ctx, take)
	return f.failed == nil, err
}

// found reports whether a pattern finds a file under another name than the one it is read by.
func (t *Tailer) found(f *file) bool {
	own, err := f.text.Stat()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(t.paths(), func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && os.SameFile(own, info)
	})
}

// report says once that a file cannot be found.
func (t *Tailer) report(path string, err error) {
	if !t.away[path] {
		t.away[path] = true
		slog.Warn("a file cannot be read; it is looked for again", "file", path, "err", err)
	}
}

// rotated reports whether a file is one that is read under the name it had before.
func (t *Tailer) rotated(path string, info fs.FileInfo) bool {
	for name, f := range t.files {
		if own, err := f.text.Stat(); err == nil && name != path && os.SameFile(own, info) {
			return true
		}
	}
	return false
}

// finish reads a file that was replaced to its end.
func (t *Tailer) finish(ctx context.Context, f *file, take Take) error {
	at := f.position()
	if f.truncated() { // what was not read yet may be in a copy
		if err := t.readCopy(ctx, f.path, at, take); err != nil {
			return err
		}
	} else if err := f.drain(ctx, take); err != nil {
		return err
	}
	slog.Info("a file was replaced; the new one is read", "file", f.path, "rows", f.rows)
	if f.cut() {
		slog.Warn("the last line of the old file has no end and is left out", "file", f.path)
	}
	delete(t.files, f.path)
	return f.close()
}

// open opens a file, and goes on in it where the last process stopped. If that was in another
// one, which has been moved, it is read first. There is none where it cannot be read.
func (t *Tailer) open(ctx context.Context, path string, take Take) (*file, error) {
	at, old := t.known[path]
	skip := 0
	if old {
		switch head, err := identify(path, at.Head.Size); {
		case err != nil:
			t.report(path, err)
			return nil, nil
		case head == at.Head && at.Rows > 0:
			skip = at.Rows
		default: // another file, or one of which only what all begin with is known
			if err := t.readCopy(ctx, path, at, take); err != nil {
				return nil, err
			}
		}
	}
	f, err := openFile(path, path, t.cfg.Options, skip)
	if err != nil {
		t.report(path, err)
		return nil, nil
	}
	delete(t.known, path)
	t.files[path] = f
	return f, nil
}

// readCopy reads the rest of a file that is now beside its old place, under a name that begins
// with the old one or is alike but for its end.
func (t *Tailer) readCopy(ctx context.Context, path string, at position, take Take) error {
	base := strings.TrimSuffix(path, filepath.Ext(path))
	found, err := filepath.Glob(escape(base) + "*")
	if err != nil || at.Head.Size == 0 {
		return nil
	}
	for _, other := range found {
		if other == path || !at.is(other) {
			continue
		}
		f, err := openFile(other, path, t.cfg.Options, at.Rows)
		if err != nil {
			continue
		}
		slog.Info("the file was moved; its rest is read", "file", path, "now", other)
		return errors.Join(f.drain(ctx, take), f.close())
	}
	if at.Rows > 0 {
		slog.Warn("the file was replaced, and what was not read of the old one is not to be found", "file", path)
	}
	return nil
}

// is reports whether a file is the one that the position is of. Where all files begin alike, it
// is one that was written since.
func (p position) is(path string) bool {
	head, err := identify(path, p.Head.Size)
	if err != nil || head != p.Head {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && (p.Rows > 0 || info.Size() > p.Head.Size && info.ModTime().After(p.Opened.Add(-clockStep)))
}

// escape keeps a name from being taken for a pattern.
func escape(name string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}

// Save keeps how far every file has been read.
func (t *Tailer) Save() error {
	out := map[string]position{}
	for path, at := range t.known {
		out[path] = at
	}
	for path, f := range t.files {
		out[path] = f.position()
	}
	text, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("tail: %w", err)
	}
	if err := os.WriteFile(t.cfg.Position+".tmp", text, 0o600); err != nil {
		return fmt.Errorf("tail: %w", err)
	}
	return os.Rename(t.cfg.Position+".tmp", t.cfg.Position)
}

// Close saves and closes the files.
func (t *Tailer) Close() error {
	err := t.Save()
	for _, f := range t.files {
		err = errors.Join(err, f.close())
	}
	return err
}
