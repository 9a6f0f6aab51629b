package dagmm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// record kinds of the journal.
const (
	recordSample byte = iota + 1
	recordTick
	recordDelivered
	recordIncident
	recordOutcome
	recordSeq
	recordRemove
)

const (
	journalMagic = "dagmm-journal 1\n"
	maxRecord    = 1 << 24
	frameHead    = 8 // bytes before a record: its length and checksum

	segmentPrefix = "journal-"
)

// record is one entry of the journal. Which fields count depends on the kind.
type record struct {
	Kind    byte
	Number  uint64
	Stream  string
	Time    time.Time // sample, tick, beginning of an incident
	Until   time.Time // of an incident
	Values  []float64
	Seq     uint64 // delivered; or after which the events go on
	Outcome outcome
}

// journal is a file to which everything that happens to the streams is appended before
// it takes effect, so that a process that dies loses nothing. Records are written
// unbuffered: they survive the process, though not a power failure in the last seconds.
type journal struct {
	dir       string
	lock      *os.File // nil once closed
	replaying bool     // while a Monitor restores, nothing is written

	mu     sync.Mutex
	f      *os.File
	size   int64
	number uint64 // of the last record
	buf    []byte
}

// ErrInUse reports a folder that another Monitor has open.
var ErrInUse = errors.New("in use")

// openJournal makes the folder, where it is missing, and locks it.
func openJournal(dir string) (*journal, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("dagmm: monitor: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("dagmm: monitor: %w", err)
	}
	if !lockFile(f) {
		return nil, errors.Join(fmt.Errorf("dagmm: monitor: folder %s: %w", dir, ErrInUse), f.Close())
	}
	return &journal{dir: dir, lock: f}, nil
}

func (j *journal) sample(id string, t time.Time, x []float64) (uint64, error) {
	return j.write(record{Kind: recordSample, Stream: id, Time: t, Values: x})
}

func (j *journal) tick(id string, now time.Time) (uint64, error) {
	return j.write(record{Kind: recordTick, Stream: id, Time: now})
}

func (j *journal) delivered(id string, seq uint64) error {
	if j.replaying {
		return nil
	}
	_, err := j.write(record{Kind: recordDelivered, Stream: id, Seq: seq})
	return err
}

func (j *journal) incident(id string, from, to time.Time) (uint64, error) {
	return j.write(record{Kind: recordIncident, Stream: id, Time: from, Until: to})
}

func (j *journal) outcome(id string, o *outcome) (uint64, error) {
	return j.write(record{Kind: recordOutcome, Stream: id, Outcome: *o})
}

func (j *journal) seq(id string, seq uint64) (uint64, error) {
	return j.write(record{Kind: recordSeq, Stream: id, Seq: seq})
}

func (j *journal) remove(id string) (uint64, error) {
	return j.write(record{Kind: recordRemove, Stream: id})
}

func (j *journal) write(r record) (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.f == nil {
		return 0, fmt.Errorf("dagmm: journal: %w", ErrClosed)
	}
	r.Number = j.number + 1
	j.buf = r.append(append(j.buf[:0], 0, 0, 0, 0, 0, 0, 0, 0))
	body := j.buf[8:]
	binary.LittleEndian.PutUint32(j.buf, uint32(len(body)))
	binary.LittleEndian.PutUint32(j.buf[4:], crc32.ChecksumIEEE(body))
	if _, err := j.f.WriteAt(j.buf, j.size); err != nil {
		return 0, errors.Join(fmt.Errorf("dagmm: journal: %w", err), j.f.Truncate(j.size))
	}
	j.size += int64(len(j.buf))
	j.number = r.Number
	return r.Number, nil
}

// next returns a number that no record has, nor will have.
func (j *journal) next() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.number++
	return j.number
}

func (r *record) append(b []byte) []byte {
	str := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = append(b, r.Kind)
	b = binary.AppendUvarint(b, r.Number)
	str(r.Stream)
	switch r.Kind {
	case recordSample:
		b = binary.AppendVarint(b, r.Time.UnixNano())
		for _, v := range r.Values {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	case recordTick:
		b = binary.AppendVarint(b, r.Time.UnixNano())
	case recordDelivered, recordSeq:
		b = binary.AppendUvarint(b, r.Seq)
	case recordIncident:
		b = binary.AppendVarint(b, r.Time.UnixNano())
		b = binary.AppendVarint(b, r.Until.UnixNano())
	case recordOutcome:
		str(string(r.Outcome.Kind))
		str(r.Outcome.Detail)
		str(r.Outcome.File)
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(r.Outcome.Start))
		for _, n := range r.Outcome.Longest {
			b = binary.AppendUvarint(b, uint64(n))
		}
	}
	return b
}

// reader takes a record apart; bad is set where it ends too soon.
type recordReader struct {
	b   []byte
	bad bool
}

func (p *recordReader) uvarint() uint64 {
	v, n := binary.Uvarint(p.b)
	p.skip(n)
	return v
}

func (p *recordReader) time() time.Time {
	v, n := binary.Varint(p.b)
	p.skip(n)
	return time.Unix(0, v).UTC()
}

func (p *recordReader) skip(n int) {
	if n <= 0 || n > len(p.b) {
		p.bad, p.b = true, nil
		return
	}
	p.b = p.b[n:]
}

func (p *recordReader) str() string {
	n := p.uvarint()
	if n > uint64(len(p.b)) {
		p.bad, p.b = true, nil
		return ""
	}
	s := string(p.b[:n])
	p.b = p.b[n:]
	return s
}

func (p *recordReader) float() float64 {
	if len(p.b) < 8 {
		p.bad, p.b = true, nil
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(p.b))
	p.b = p.b[8:]
	return v
}

func parseRecord(body []byte) (r record, ok bool) {
	if len(body) == 0 {
		return r, false
	}
	p := &recordReader{b: body[1:]}
	r.Kind = body[0]
	r.Number = p.uvarint()
	r.Stream = p.str()
	switch r.Kind {
	case recordSample:
		r.Time = p.time()
		for len(p.b) > 0 {
			r.Values = append(r.Values, p.float())
		}
	case recordTick:
		r.Time = p.time()
	case recordDelivered, recordSeq:
		r.Seq = p.uvarint()
	case recordIncident:
		r.Time = p.time()
		r.Until = p.time()
	case recordOutcome:
		r.Outcome.Kind = EventKind(p.str())
		r.Outcome.Detail = p.str()
		r.Outcome.File = p.str()
		r.Outcome.Start = p.float()
		for len(p.b) > 0 {
			r.Outcome.Longest = append(r.Outcome.Longest, int(p.uvarint()))
		}
	case recordRemove:
	default:
		return r, false
	}
	return r, !p.bad && len(p.b) == 0
}

// segments lists the journal's files, oldest first.
func segments(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), segmentPrefix) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(out)
	return out, nil
}

// readSegment calls f with the records of a journal file and returns where they end. In
// the last file that is before its end where the process died while it wrote; damage that
// a whole record follows, or in an earlier file, is an error.
func readSegment(path string, last bool, f func(record) error) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("dagmm: journal: %w", err)
	}
	if last && len(text) < len(journalMagic) {
		return 0, nil
	}
	if !bytes.HasPrefix(text, []byte(journalMagic)) {
		return 0, fmt.Errorf("dagmm: journal: %s: not a journal of this version: %w", path, ErrState)
	}
	at := len(journalMagic)
	for at < len(text) {
		body := frame(text[at:])
		if body == nil && last && !recordIn(text[at+1:]) {
			break
		}
		r, ok := parseRecord(body)
		if !ok {
			return 0, fmt.Errorf("dagmm: journal: %s, offset %d: a record that is damaged or of another version: %w", path, at, ErrState)
		}
		if err := f(r); err != nil {
			return 0, err
		}
		at += frameHead + len(body)
	}
	return int64(at), nil
}

// frame returns the body of the record that text begins with; nil where it is not whole.
func frame(text []byte) []byte {
	if len(text) < frameHead {
		return nil
	}
	n := binary.LittleEndian.Uint32(text)
	if n == 0 || n > maxRecord || int(n) > len(text)-frameHead {
		return nil
	}
	body := text[frameHead : frameHead+n]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(text[4:]) {
		return nil
	}
	return body
}

// recordIn tells whether a whole record begins anywhere in text.
func recordIn(text []byte) bool {
	for i := range text {
		if frame(text[i:]) != nil {
			return true
		}
	}
	return false
}

// past is what the journal's files tell of the streams before they are replayed.
type past struct {
	files     []string
	delivered map[string]uint64 // highest Seq that was handled
	removed   map[string]uint64 // number of the last removal: what came before it is no more
}

// scan reads all files, drops what a dying process left at the end of the last one, and
// sets the number that the next record follows.
func (j *journal) scan() (past, error) {
	p := past{delivered: map[string]uint64{}, removed: map[string]uint64{}}
	var err error
	if p.files, err = segments(j.dir); err != nil {
		return p, fmt.Errorf("dagmm: journal: %w", err)
	}
	for i, path := range p.files {
		last := i == len(p.files)-1
		end, err := readSegment(path, last, func(r record) error {
			p.note(r)
			j.number = max(j.number, r.Number)
			return nil
		})
		if err != nil {
			return p, err
		}
		if last {
			if err := os.Truncate(path, end); err != nil {
				return p, fmt.Errorf("dagmm: journal: %w", err)
			}
		}
		// A file's name counts too: there may be no record that tells how far the numbers went.
		if n, err := strconv.ParseUint(strings.TrimPrefix(filepath.Base(path), segmentPrefix), 10, 64); err == nil && n > 0 {
			j.number = max(j.number, n-1)
		}
	}
	return p, nil
}

func (p *past) note(r record) {
	switch r.Kind {
	case recordDelivered:
		p.delivered[r.Stream] = max(p.delivered[r.Stream], r.Seq)
	case recordRemove:
		p.removed[r.Stream] = r.Number
		delete(p.delivered, r.Stream)
	}
}

// rotate begins a new file and returns those before it.
func (j *journal) rotate() ([]string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.lock == nil {
		return nil, fmt.Errorf("dagmm: journal: %w", ErrClosed)
	}
	old, err := segments(j.dir)
	if err != nil {
		return nil, fmt.Errorf("dagmm: journal: %w", err)
	}
	path := filepath.Join(j.dir, fmt.Sprintf("%s%020d", segmentPrefix, j.number+1))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("dagmm: journal: %w", err)
	}
	if _, err = f.WriteAt([]byte(journalMagic), 0); err == nil {
		err = f.Sync() // a power failure leaves no file without its head
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("dagmm: journal: %w", err), f.Close())
	}
	if j.f != nil {
		err = j.f.Close()
	}
	j.f, j.size = f, int64(len(journalMagic))
	return slices.DeleteFunc(old, func(s string) bool { return s == path }), err
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var errs []error
	for _, f := range []*os.File{j.f, j.lock} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	j.f, j.lock = nil, nil
	return errors.Join(errs...)
}
