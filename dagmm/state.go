package dagmm

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrState reports a file of a Monitor's folder that cannot be used.
var ErrState = errors.New("unusable state")

// errDamaged reports a file that is not as it was written.
var errDamaged = errors.New("damaged")

const (
	stateFamily = "dagmm-stream "
	stateMagic  = stateFamily + "1"
	setAside    = ".damaged" // follows the name of a state file that cannot be used
)

// savedStream is version 1 of a stream's state file.
type savedStream struct {
	ID        string
	Columns   []string
	Delivered uint64
	Stream    streamState
	Input     inputState
	Detector  *savedDetector // nil while it warms up
}

type savedDetector struct {
	State   detectorState
	Usual   [2]float64 // of State.Alarm.Explained
	Context savedHistory
	Last    []float64
	Missing []int
	Warm    int
	Peak    *savedHistory
	Longest []int
	Adapter *savedAdapter // nil unless the detector adapts
}

type savedHistory struct {
	Seen             []bool
	Levels, Previous []float64
}

func (h *history) saved() savedHistory {
	c := h.clone()
	return savedHistory{c.seen, c.levels, c.previous}
}

func (s savedHistory) restore(m *Model) (*history, error) {
	h := newHistory(m.p.Context, len(m.p.Columns))
	if len(s.Seen) != len(h.seen) || len(s.Levels) != len(h.levels) || len(s.Previous) != len(h.previous) {
		return nil, fmt.Errorf("context of another model: %w", ErrState)
	}
	h.seen, h.levels, h.previous = s.Seen, s.Levels, s.Previous
	return h, nil
}

func (d *Detector) saved() (*savedDetector, error) {
	out := &savedDetector{State: d.s, Context: d.fill.s.h.saved(), Last: d.fill.last, Missing: d.fill.missing, Warm: d.fill.warm, Longest: d.longest}
	if e := d.s.Alarm.Explained; e != nil {
		out.Usual = e.usual
	}
	if d.peak != nil {
		h := d.peak.saved()
		out.Peak = &h
	}
	var err error
	out.Adapter, err = d.savedAdapter()
	return out, err
}

func (s *savedDetector) restore(m *Model, cfg DetectorConfig) (*Detector, error) {
	d, err := newDetector(m, nil, s.Longest, cfg)
	if err != nil {
		return nil, err
	}
	width := len(m.p.Columns)
	if len(s.Last) != width || len(s.Missing) != width || len(s.State.Runs) != width || len(s.State.Values) != width ||
		s.State.StuckNow != nil && len(s.State.StuckNow) != width || s.Longest != nil && len(s.Longest) != width {
		return nil, fmt.Errorf("rows of another width: %w", ErrState)
	}
	d.s = s.State
	d.s.Baseline.follow(m.p.Calibration, d.cfg.Interval)
	if e := d.s.Alarm.Explained; e != nil {
		e.usual = s.Usual
	}
	if d.fill.s.h, err = s.Context.restore(m); err != nil {
		return nil, err
	}
	if s.Peak != nil {
		if d.peak, err = s.Peak.restore(m); err != nil {
			return nil, err
		}
	}
	d.fill.last, d.fill.missing, d.fill.warm = s.Last, s.Missing, s.Warm
	return d, d.restoreAdapter(s.Adapter)
}

// fileOf names the files of a stream; its id may hold anything.
func (m *Monitor) fileOf(kind, id, rest string) string {
	sum := sha256.Sum256([]byte(id))
	return filepath.Join(m.cfg.Dir, kind+"-"+hex.EncodeToString(sum[:16])+rest)
}

func (m *Monitor) stateFile(id string) string { return m.fileOf("stream", id, ".state") }

// saveModel writes what a training has made, under a number above all earlier ones of the
// stream. It is an error once the training is not wanted any more.
func (m *Monitor) saveModel(t *training, model *Model) (string, error) {
	t.file.Lock()
	defer t.file.Unlock()
	if err := t.ctx.Err(); err != nil {
		return "", err
	}
	path := m.fileOf("model", t.id, fmt.Sprintf("-%010d.json", m.journal.next()))
	return filepath.Base(path), model.SaveFile(path)
}

// modelNumber returns the number in the name of a model's file.
func modelNumber(path string) (uint64, error) {
	base := filepath.Base(path)
	return strconv.ParseUint(strings.TrimSuffix(base[strings.LastIndexByte(base, '-')+1:], ".json"), 10, 64)
}

// removeModels removes the stream's models that come before a number.
func (m *Monitor) removeModels(id string, before uint64) error {
	models, err := filepath.Glob(m.fileOf("model", id, "-*.json"))
	if err != nil {
		return err
	}
	for _, f := range models {
		if n, err := modelNumber(f); err != nil || n >= before {
			continue
		}
		if err := os.Remove(f); err != nil {
			return fmt.Errorf("dagmm: monitor: %w", err)
		}
	}
	return nil
}

// Save writes the state of all streams to MonitorConfig.Dir and shortens the journal.
// Each stream is held only while its state is copied; one Save waits for another. Nothing
// is lost without it, but the journal grows and the next start takes longer: call it every
// few minutes.
func (m *Monitor) Save() error {
	if m.journal == nil {
		return fmt.Errorf("dagmm: monitor: no folder to save to: %w", ErrDetector)
	}
	m.saving.Lock()
	defer m.saving.Unlock()
	old, err := m.journal.rotate()
	if err != nil {
		return err
	}
	for _, s := range m.all() {
		if err := m.save(s); err != nil {
			return err
		}
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("dagmm: monitor: %w", err)
		}
	}
	return nil
}

// save writes the state of a stream, which goes on meanwhile.
func (m *Monitor) save(s *stream) error {
	text, model, err := m.snapshot(s)
	if err != nil {
		return err
	}
	return m.writeSnapshot(s, text, model)
}

func (m *Monitor) snapshot(s *stream) (text []byte, model string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err = m.encode(s)
	return text, s.ModelFile, err
}

// writeSnapshot writes what snapshot has returned. What an eviction has written since is
// newer and stays.
func (m *Monitor) writeSnapshot(s *stream, text []byte, model string) error {
	s.file.Lock()
	defer s.file.Unlock()
	if s.gone {
		return nil
	}
	return m.write(s.id, text, model)
}

// store writes the state of a stream that is held with both locks.
func (m *Monitor) store(s *stream) error {
	text, err := m.encode(s)
	if err != nil {
		return err
	}
	return m.write(s.id, text, s.ModelFile)
}

func (m *Monitor) encode(s *stream) ([]byte, error) {
	out := savedStream{ID: s.id, Columns: m.cfg.Columns, Delivered: s.delivered, Stream: s.streamState, Input: s.input.s}
	if s.detector != nil {
		var err error
		if out.Detector, err = s.detector.saved(); err != nil {
			return nil, fmt.Errorf("dagmm: monitor: stream %q: %w", s.id, err)
		}
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(out); err != nil {
		return nil, fmt.Errorf("dagmm: monitor: stream %q: %w", s.id, err)
	}
	return b.Bytes(), nil
}

// write replaces a stream's state file, whose lock is held, and removes models older than
// the one it names.
func (m *Monitor) write(id string, body []byte, modelFile string) error {
	path := m.stateFile(id)
	head := fmt.Sprintf("%s %08x\n", stateMagic, crc32.ChecksumIEEE(body))
	write := func(w io.Writer) error {
		_, err := w.Write(append([]byte(head), body...))
		return err
	}
	if err := replaceFile(path, ".tmp-*", 0o600, write); err != nil {
		return fmt.Errorf("dagmm: monitor: %w", err)
	}
	if modelFile == "" {
		return nil
	}
	number, err := modelNumber(modelFile)
	if err != nil {
		return fmt.Errorf("dagmm: monitor: model file %q: %w", modelFile, err)
	}
	return m.removeModels(id, number)
}

// load makes a stream, from its state file where there is one that can be used.
func (m *Monitor) load(id string) (*stream, error) {
	s, err := m.stored(m.stateFile(id))
	if err != nil {
		return nil, err
	}
	if s == nil {
		return m.fresh(id)
	}
	m.ask(s)
	return s, m.number(s)
}

// fresh makes a stream without a past. Where its state was damaged, what the journal still
// has of it is no beginning: the new state file says that it is done with.
func (m *Monitor) fresh(id string) (*stream, error) {
	in, err := NewInput(m.cfg.Columns, m.cfg.Input)
	if err != nil {
		return nil, err
	}
	m.trainings.forget(id) // of an earlier stream of this name
	s := &stream{id: id, input: in}
	m.ask(s)
	if err := m.number(s); err != nil || m.cfg.Dir == "" {
		return s, err
	}
	aside := m.stateFile(id) + setAside
	if _, err := os.Stat(aside); err != nil {
		return s, nil
	}
	s.Lost, s.Applied = filepath.Base(aside), m.journal.next()
	return s, m.store(s)
}

// stored reads a state file; nil without one. One that is damaged is set aside: the other
// streams need not wait for its repair, and there may be no other copy.
func (m *Monitor) stored(path string) (*stream, error) {
	if m.cfg.Dir == "" {
		return nil, nil
	}
	s, err := m.read(path)
	switch {
	case errors.Is(err, errDamaged):
		m.damaged.Add(1)
		if err := os.Rename(path, path+setAside); err != nil {
			return nil, fmt.Errorf("dagmm: monitor: %w", err)
		}
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	}
	return s, err
}

// ask lets the receiver of events say what it has.
func (m *Monitor) ask(s *stream) {
	if m.cfg.Delivered != nil {
		s.delivered = max(s.delivered, m.cfg.Delivered(s.id))
	}
	s.noted = s.delivered
}

// number lets the events of a stream whose state is lost, or older than what the receiver
// has, go on after those: it would take them for the same ones. A replay will raise them
// again and numbers them as they were.
func (m *Monitor) number(s *stream) error {
	if s.Seq >= s.delivered || m.journal != nil && m.journal.replaying {
		return nil
	}
	s.Seq = s.delivered
	if m.journal == nil {
		return nil
	}
	n, err := m.journal.seq(s.id, s.Seq)
	s.Applied = n
	return err
}

func (m *Monitor) read(path string) (*stream, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	bad := func(err error) error { return fmt.Errorf("dagmm: monitor: %s: %w: %w", path, ErrState, err) }
	head, body, _ := bytes.Cut(text, []byte("\n"))
	switch whole := fmt.Sprintf("%s %08x", stateMagic, crc32.ChecksumIEEE(body)); {
	case !bytes.HasPrefix(head, []byte(stateFamily)):
		return nil, bad(errDamaged)
	case !bytes.HasPrefix(head, []byte(stateMagic+" ")):
		return nil, bad(errors.New("of another version"))
	case string(head) != whole:
		return nil, bad(errDamaged)
	}
	var saved savedStream
	if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&saved); err != nil {
		return nil, bad(err)
	}
	if !slices.Equal(saved.Columns, m.cfg.Columns) {
		return nil, bad(fmt.Errorf("it is of columns %q, the configuration has %q", saved.Columns, m.cfg.Columns))
	}
	in, err := NewInput(m.cfg.Columns, m.cfg.Input)
	if err != nil {
		return nil, err
	}
	in.s = saved.Input
	s := &stream{id: saved.ID, input: in, delivered: saved.Delivered, streamState: saved.Stream}
	if saved.Detector != nil {
		model, err := m.loadModel(s.ModelFile)
		if err != nil {
			return nil, bad(err)
		}
		if s.detector, err = saved.Detector.restore(model, m.cfg.Detector); err != nil {
			return nil, bad(err)
		}
	}
	return s, nil
}

// loadModel reads a model that a training has left. One that is gone or damaged is
// errDamaged.
func (m *Monitor) loadModel(file string) (*Model, error) {
	model, err := LoadFile(filepath.Join(m.cfg.Dir, file))
	if errors.Is(err, ErrModel) || errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return model, err
}

// restore reads the folder and replays the journal.
func (m *Monitor) restore() (err error) {
	if m.journal, err = openJournal(m.cfg.Dir); err != nil {
		return err
	}
	restored := false
	defer func() { // also where the receiver of events panics
		if !restored {
			m.cancel()
			err = errors.Join(err, m.journal.close())
		}
	}()
	m.journal.replaying = true
	past, err := m.journal.scan()
	if err != nil {
		return err
	}
	if err := m.readAll(past); err != nil {
		return err
	}
	for id, number := range past.removed { // the process may have died while it removed them
		if err := m.removeModels(id, number); err != nil {
			return err
		}
	}
	for _, path := range past.files {
		if _, err := readSegment(path, true, func(r record) error { return m.replay(r, past) }); err != nil {
			return err
		}
	}
	m.journal.replaying = false
	for _, s := range m.all() {
		s.Seq = max(s.Seq, s.delivered) // what the journal has lost with a power failure
	}
	err = m.Save()
	restored = err == nil
	return err
}

// readAll reads the streams' states, as many as may be in memory.
func (m *Monitor) readAll(past past) error {
	entries, err := os.ReadDir(m.cfg.Dir)
	if err != nil {
		return fmt.Errorf("dagmm: monitor: %w", err)
	}
	for _, e := range entries {
		name := filepath.Join(m.cfg.Dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), ".tmp-"):
			if err := os.Remove(name); err != nil {
				return fmt.Errorf("dagmm: monitor: %w", err)
			}
		case strings.HasSuffix(e.Name(), ".state"):
			if err := m.readOne(name, past); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *Monitor) readOne(path string, past past) error {
	s, err := m.stored(path)
	if s == nil {
		return err
	}
	if number, ok := past.removed[s.id]; ok && s.Applied <= number {
		return remove(path)
	}
	m.ask(s)
	m.journal.number = max(m.journal.number, s.Applied)
	if len(m.streams) < m.cfg.MaxStreams {
		m.streams[s.id] = s
	}
	return nil
}

// remove removes a file, if it is there.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("dagmm: monitor: %w", err)
	}
	return nil
}

// erase removes a stream's files, of its models those before a number.
func (m *Monitor) erase(id string, number uint64) error {
	path := m.stateFile(id)
	return errors.Join(remove(path), remove(path+setAside), m.removeModels(id, number))
}

// replay applies a record that the stream's state does not have yet.
func (m *Monitor) replay(r record, past past) error {
	if r.Number <= past.removed[r.Stream] {
		return nil
	}
	s, err := m.stream(r.Stream)
	if err != nil {
		return err
	}
	_, err = m.do(s, func(s *stream) error { return m.apply(s, r, past) })
	return err
}

func (m *Monitor) apply(s *stream, r record, past past) error {
	s.delivered = max(s.delivered, past.delivered[r.Stream])
	if r.Kind == recordDelivered || r.Number <= s.Applied {
		return nil
	}
	s.Applied = r.Number
	switch r.Kind {
	case recordSample:
		if len(r.Values) != len(m.cfg.Columns) {
			return fmt.Errorf("dagmm: monitor: journal: row of width %d, want %d: %w", len(r.Values), len(m.cfg.Columns), ErrState)
		}
		_ = m.take(s, r.Time, r.Values) // what the input refuses, Push has refused
		return nil
	case recordTick:
		m.takeTick(s, r.Time)
		return nil
	case recordIncident:
		s.exclude(r.Time, r.Until)
		return nil
	case recordSeq:
		s.Seq = max(s.Seq, r.Seq)
		return nil
	}
	err := m.revive(&r.Outcome)
	switch {
	case errors.Is(err, errDamaged):
		r.Outcome = outcome{Kind: RetrainFailed, Detail: err.Error()}
	case err != nil:
		return fmt.Errorf("dagmm: monitor: journal: %w: %w", ErrState, err)
	}
	m.applyOutcome(s, &r.Outcome)
	return nil
}

// wants tells whether a tick would change anything.
func (s *stream) wants(now time.Time, cfg MonitorConfig) bool {
	if w := s.input.s.Waiting; len(w) > 0 && !w[0].Time.After(now.Add(-cfg.Input.Lateness)) {
		return true
	}
	if s.detector == nil {
		return false
	}
	d := &s.detector.s
	return !d.Scored.IsZero() && !d.Silent && now.Sub(d.Scored) >= s.detector.cfg.NoData+s.detector.cfg.Interval
}
