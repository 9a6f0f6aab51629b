package monitor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor/internal/wal"
	"github.com/metric-streams/anomaly/internal/disk"
)

// recordKind says what a record of the journal tells.
type recordKind byte

// The numbers are part of the file format.
const (
	recordSample recordKind = iota + 1
	recordTick
	recordDelivered
	recordIncident
	recordOutcomeOld // without the span; read, not written
	recordSeq
	recordRemove
	recordOutcome
	recordVerdict
	recordExpectation
)

// journalHeader begins every file of the journal and names its version.
const journalHeader = "dagmm-journal 1\n"

// record is one entry of the journal. Which fields count depends on the kind.
type record struct {
	kind    recordKind
	number  uint64
	stream  string
	time    time.Time // of a sample or a tick; the beginning of an incident or expectation
	until   time.Time // the end of an incident or expectation
	values  []float64
	seq     uint64 // delivered, judged, or after which the events go on
	real    bool
	outcome outcome
}

// journal is where everything that happens to the streams is written before it takes
// effect.
type journal struct {
	log       *wal.Log
	replaying bool // while a Monitor restores, nothing is written
}

func openJournal(fsys disk.FS, dir string) (*journal, error) {
	log, err := wal.Open(fsys, dir, journalHeader)
	if err != nil {
		return nil, fmt.Errorf("monitor: journal: %w", err)
	}
	return &journal{log: log}, nil
}

func (j *journal) sample(id string, t time.Time, x []float64) (uint64, error) {
	return j.write(record{kind: recordSample, stream: id, time: t, values: x})
}

func (j *journal) tick(id string, now time.Time) (uint64, error) {
	return j.write(record{kind: recordTick, stream: id, time: now})
}

func (j *journal) delivered(id string, seq uint64) error {
	if j.replaying {
		return nil
	}
	_, err := j.write(record{kind: recordDelivered, stream: id, seq: seq})
	return err
}

func (j *journal) incident(id string, from, to time.Time) (uint64, error) {
	return j.write(record{kind: recordIncident, stream: id, time: from, until: to})
}

func (j *journal) outcome(id string, o *outcome) (uint64, error) {
	return j.write(record{kind: recordOutcome, stream: id, outcome: *o})
}

func (j *journal) seq(id string, seq uint64) (uint64, error) {
	return j.write(record{kind: recordSeq, stream: id, seq: seq})
}

func (j *journal) verdict(id string, seq uint64, genuine bool) (uint64, error) {
	return j.synced(record{kind: recordVerdict, stream: id, seq: seq, real: genuine})
}

func (j *journal) expectation(id string, from, until time.Time) (uint64, error) {
	return j.synced(record{kind: recordExpectation, stream: id, time: from, until: until})
}

func (j *journal) remove(id string) (uint64, error) {
	return j.synced(record{kind: recordRemove, stream: id})
}

// synced writes what a person has asked for: it stays, whatever happens to the power, and
// nothing that was written before it is left out.
func (j *journal) synced(r record) (uint64, error) {
	n, err := j.write(r)
	if err != nil {
		return 0, err
	}
	return n, journalError(j.log.Sync())
}

func (j *journal) write(r record) (uint64, error) {
	n, err := j.log.Append(func(b []byte, number uint64) []byte {
		r.number = number
		return r.append(b)
	})
	return n, journalError(err)
}

func (j *journal) close() error { return journalError(j.log.Close()) }

// journalError puts an error of the log into the Monitor's words.
func journalError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, wal.ErrClosed):
		return fmt.Errorf("monitor: journal: %w", ErrClosed)
	case errors.Is(err, wal.ErrDamaged):
		return fmt.Errorf("monitor: journal: %w: %w", ErrState, err)
	}
	return fmt.Errorf("monitor: journal: %w", err)
}

// append writes the record's bytes to b.
func (r *record) append(b []byte) []byte {
	str := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = append(b, byte(r.kind))
	b = binary.AppendUvarint(b, r.number)
	str(r.stream)
	switch r.kind {
	case recordSample:
		b = binary.AppendVarint(b, r.time.UnixNano())
		for _, v := range r.values {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	case recordTick:
		b = binary.AppendVarint(b, r.time.UnixNano())
	case recordDelivered, recordSeq:
		b = binary.AppendUvarint(b, r.seq)
	case recordVerdict:
		b = binary.AppendUvarint(b, r.seq)
		b = append(b, 0)
		if r.real {
			b[len(b)-1] = 1
		}
	case recordIncident, recordExpectation:
		b = binary.AppendVarint(b, r.time.UnixNano())
		b = binary.AppendVarint(b, r.until.UnixNano())
	case recordOutcome:
		str(string(r.outcome.kind))
		str(r.outcome.detail)
		str(r.outcome.model)
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(r.outcome.start))
		b = binary.AppendVarint(b, int64(r.outcome.span))
		for _, m := range r.outcome.metrics {
			b = binary.AppendUvarint(b, m.code())
		}
	}
	return b
}

// code is how a record writes the metric: its longest run, which is at least 1, or 0 where it
// is absent.
func (m metricRun) code() uint64 {
	if m.absent {
		return 0
	}
	return uint64(max(m.longest, 1))
}

func metricRunOf(code uint64) metricRun {
	if code == 0 {
		return metricRun{absent: true}
	}
	return metricRun{longest: int(min(code, math.MaxInt32))}
}

// recordReader takes a record apart. bad is set where it ends too soon.
type recordReader struct {
	b   []byte
	bad bool
}

func (p *recordReader) uvarint() uint64 {
	v, n := binary.Uvarint(p.b)
	p.skip(n)
	return v
}

func (p *recordReader) varint() int64 {
	v, n := binary.Varint(p.b)
	p.skip(n)
	return v
}

func (p *recordReader) time() time.Time { return time.Unix(0, p.varint()).UTC() }

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

// parseRecord reads what record.append wrote.
func parseRecord(body []byte) (r record, err error) {
	bad := fmt.Errorf("record that is damaged or of another version: %w", ErrState)
	if len(body) == 0 {
		return r, bad
	}
	p := &recordReader{b: body[1:]}
	r.kind = recordKind(body[0])
	r.number = p.uvarint()
	r.stream = p.str()
	switch r.kind {
	case recordSample:
		r.time = p.time()
		for len(p.b) > 0 {
			r.values = append(r.values, p.float())
		}
	case recordTick:
		r.time = p.time()
	case recordDelivered, recordSeq:
		r.seq = p.uvarint()
	case recordVerdict:
		r.seq = p.uvarint()
		r.real = p.uvarint() == 1
	case recordIncident, recordExpectation:
		r.time = p.time()
		r.until = p.time()
	case recordOutcome, recordOutcomeOld:
		r.outcome.kind = alarm.Kind(p.str())
		r.outcome.detail = p.str()
		r.outcome.model = p.str()
		r.outcome.start = p.float()
		if r.kind == recordOutcome {
			r.outcome.span = time.Duration(p.varint())
		}
		r.kind = recordOutcome
		for len(p.b) > 0 {
			r.outcome.metrics = append(r.outcome.metrics, metricRunOf(p.uvarint()))
		}
	case recordRemove:
	default:
		return r, bad
	}
	if p.bad || len(p.b) > 0 {
		return r, bad
	}
	return r, nil
}

// past is what the journal tells of the streams before it is replayed.
type past struct {
	delivered map[string]uint64 // highest Seq that was handled
	removed   map[string]uint64 // number of the last removal: what came before it is no more
}

// recover reads the journal once, drops what a dying process left at its end, and sets the
// number that the next record follows.
func (j *journal) recover() (past, error) {
	p := past{delivered: map[string]uint64{}, removed: map[string]uint64{}}
	err := j.log.Recover(func(body []byte) (uint64, error) {
		r, err := parseRecord(body)
		if err != nil {
			return 0, err
		}
		p.note(r)
		return r.number, nil
	})
	return p, journalError(err)
}

func (p *past) note(r record) {
	switch r.kind {
	case recordDelivered:
		p.delivered[r.stream] = max(p.delivered[r.stream], r.seq)
	case recordRemove:
		p.removed[r.stream] = r.number
		delete(p.delivered, r.stream)
	}
}

// read calls f with every record, oldest first.
func (j *journal) read(f func(record) error) error {
	return journalError(j.log.Read(func(body []byte) error {
		r, err := parseRecord(body)
		if err != nil {
			return err
		}
		return f(r)
	}))
}
