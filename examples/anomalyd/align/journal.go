package align

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// The journal is a file of JSON lines: first the state, then an entry for everything that has
// changed it since. Its version changes when old readers would misread it.
const (
	journalFormat  = "anomalyd-align"
	journalVersion = 1
)

// state is what an Aligner remembers, as it is stored.
type state struct {
	Format   string        `json:"format"`
	Version  int           `json:"version"`
	Settings string        `json:"settings"` // hash of what the numbers of columns and slots mean
	Streams  []streamState `json:"streams"`

	since []entry
}

// entry is what has changed the state: samples that were taken, or rows that were given on.
type entry struct {
	Add    []Sample `json:"add,omitempty"`
	Passed []mark   `json:"passed,omitempty"`
}

// mark names a row.
type mark struct {
	Stream []string `json:"s"`
	Slot   int64    `json:"n"`
}

type streamState struct {
	Labels  []string      `json:"labels"`
	Passed  *int64        `json:"passed,omitempty"`
	Series  []seriesState `json:"series"`
	Waiting []Sample      `json:"waiting,omitempty"`
}

type seriesState struct {
	Column  int     `json:"column"`
	Divisor bool    `json:"divisor,omitempty"`
	Name    string  `json:"name"`
	Kind    Kind    `json:"kind,omitempty"`
	Seen    bool    `json:"seen,omitempty"`
	At      int64   `json:"at,omitempty"`
	Value   float64 `json:"value,omitempty"`
	Missed  int     `json:"missed,omitempty"`
	Gone    int64   `json:"gone,omitempty"`
}

// identity is the same for settings with which a stored state means the same.
func (c *Config) identity() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v %s %s", c.Columns, c.Interval, c.Meaning))
	return hex.EncodeToString(sum[:8])
}

// state returns what is remembered.
func (a *Aligner) state() *state {
	out := &state{Format: journalFormat, Version: journalVersion, Settings: a.cfg.identity()}
	for _, s := range a.streams {
		one := streamState{Labels: s.labels}
		if s.passed != never {
			one.Passed = &s.passed
		}
		for _, of := range s.series {
			one.Series = append(one.Series, seriesState{of.column, of.divisor, of.name, of.kind, of.seen, of.last.at, of.last.value, of.missed, of.gone})
			for _, in := range s.slots {
				if p, ok := in.points[of]; ok {
					one.Waiting = append(one.Waiting, Sample{s.labels, of.column, of.divisor, of.name, of.kind, p.at, p.value})
				}
			}
		}
		out.Streams = append(out.Streams, one)
	}
	return out
}

// restore takes over what is remembered. What waits begins to wait anew.
func (a *Aligner) restore(from *state, now time.Time) {
	var counts Counts
	for _, one := range from.Streams {
		s := a.stream(one.Labels)
		for _, of := range one.Series {
			known := a.begin(s, Sample{Column: of.Column, Divisor: of.Divisor, Series: of.Name, Kind: of.Kind})
			known.seen, known.last, known.missed, known.gone = of.Seen, point{of.At, of.Value}, of.Missed, of.Gone
		}
		if one.Passed != nil {
			s.passed = *one.Passed
		}
		for _, w := range one.Waiting {
			a.apply(&counts, w, now)
		}
	}
	for _, e := range from.since {
		a.replay(e, now)
	}
	a.counts = Counts{}
}

// journal is the file, open for appending.
type journal struct {
	path  string
	file  *os.File
	size  int64
	saved int64 // size of the state at its beginning
}

// openJournal opens a journal and returns what is in it. A file that cannot be used is
// discarded: what it holds has been given on but for the last seconds.
func openJournal(path, settings string) (j *journal, s *state, discarded, err error) {
	j = &journal{path: path}
	if j.file, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, nil, nil, err
	}
	s, discarded = j.read(settings)
	if discarded != nil || s == nil {
		s = &state{Format: journalFormat, Version: journalVersion, Settings: settings}
		if err := j.replace(s); err != nil {
			return nil, nil, nil, errors.Join(err, j.close())
		}
	} else if err := j.file.Truncate(j.size); err != nil {
		return nil, nil, nil, errors.Join(err, j.close())
	}
	return j, s, discarded, nil
}

// read reads the file.
func (j *journal) read(settings string) (*state, error) {
	s, size, err := readState(j.file, settings)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", j.path, err)
	}
	j.size = size
	return s, nil
}

// readState reads a journal, up to what a dying process has left unfinished at its end, and how
// long that is; nil where it is empty.
func readState(text io.Reader, settings string) (s *state, size int64, err error) {
	lines := bufio.NewReader(text)
	line, err := lines.ReadBytes('\n')
	if len(line) == 0 && errors.Is(err, io.EOF) {
		return nil, 0, nil
	}
	s = new(state)
	if err := json.Unmarshal(line, s); err != nil {
		return nil, 0, fmt.Errorf("it is damaged: %w", err)
	}
	if s.Format != journalFormat || s.Version != journalVersion || s.Settings != settings {
		return nil, 0, fmt.Errorf("it is of format %q, version %d, for other settings", s.Format, s.Version)
	}
	for size = int64(len(line)); ; size += int64(len(line)) {
		if line, err = lines.ReadBytes('\n'); err != nil {
			return s, size, nil
		}
		var e entry
		if json.Unmarshal(line, &e) != nil {
			return s, size, nil
		}
		s.since = append(s.since, e)
	}
}

// append writes an entry. What a failure leaves behind is overwritten by the next one.
func (j *journal) append(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if _, err := j.file.WriteAt(line, j.size); err != nil {
		return errors.Join(err, j.file.Truncate(j.size))
	}
	j.size += int64(len(line))
	return nil
}

// replace writes the journal anew, all or nothing.
func (j *journal) replace(s *state) error {
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(s); err != nil {
		return err
	}
	temporary := j.path + ".tmp"
	if err := writeSynced(temporary, text.Bytes()); err != nil {
		return errors.Join(err, remove(temporary))
	}
	if err := j.file.Close(); err != nil { // Windows replaces no open file
		return err
	}
	renamed := os.Rename(temporary, j.path)
	file, err := os.OpenFile(j.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return errors.Join(renamed, err)
	}
	j.file = file
	if renamed == nil {
		j.size, j.saved = int64(text.Len()), int64(text.Len())
	}
	return renamed
}

func writeSynced(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (j *journal) close() error { return j.file.Close() }
