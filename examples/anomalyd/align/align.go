// Package align makes rows of series. Collectors send every metric of a host on its own, often
// in several series and several requests; a model wants a row with all metrics of a moment. An
// [Aligner] collects the samples of each stream by intervals, turns counters into rates, joins
// the series of a metric to one value, and gives a row for each interval.
//
// What an Aligner has taken, and not yet given on as a row, is in its journal: it survives the
// process.
package align

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

var (
	// ErrFull reports that more samples wait than may. Those of the call were not taken: they
	// may come again later.
	ErrFull = errors.New("too many samples wait for others")
	// ErrConfig reports a setting that is out of its range.
	ErrConfig = errors.New("invalid setting")
)

// Kind says what the values of a series mean.
type Kind uint8

// Kinds of series.
const (
	Gauge   Kind = iota // the value itself
	Counter             // a running total, of which the increase per second counts
	Gone                // no value: the series has ended
)

// Sample is one value of a series.
type Sample struct {
	Stream  []string `json:"s"`           // values of the labels that name the stream
	Column  int      `json:"c"`           // metric, by its index in Config.Columns
	Divisor bool     `json:"d,omitempty"` // the metric is divided by it
	Series  string   `json:"n"`           // tells the series of a stream and column apart
	Kind    Kind     `json:"k,omitempty"`
	Time    int64    `json:"t"` // in milliseconds since 1970
	Value   float64  `json:"v"`
}

// Column says how the series of a metric become one value.
type Column struct {
	// Aggregate is sum, mean, max or min. Without it, "", a metric with several series has no
	// value.
	Aggregate string
	Scale     float64 // the value is multiplied by it; 0 means 1
	Offset    float64 // added after Scale
	Divided   bool    // there is a divisor
}

// Aggregates are the values of Column.Aggregate.
var Aggregates = []string{"", "sum", "mean", "max", "min"}

// Config sets up an Aligner. Columns and Interval are required.
type Config struct {
	Columns  []Column
	Interval time.Duration // between rows; a whole number of milliseconds
	// Wait is how long a row waits for what is missing, from its first sample on. 0 means
	// Interval.
	Wait time.Duration
	// MaxPending bounds the samples that wait in all streams, and the series of all streams; 0
	// means a million.
	MaxPending int
	// Ahead is how far after the present the time of a sample may be; 0 means 10 minutes.
	Ahead time.Duration
	// Meaning is what else the samples depend on, such as the names of the labels. A journal of
	// another one is discarded.
	Meaning string
}

// Row is what a stream's series make of an interval.
type Row struct {
	Stream []string
	Time   time.Time // of the interval's beginning
	Values []float64 // one per column; NaN is missing
}

// Counts says what became of samples.
type Counts struct {
	Taken     uint64 // they are, or will be, part of a row
	Extra     uint64 // their row has gone with another sample of the same series
	Late      uint64 // their row has gone without them
	Ahead     uint64 // their time is too far after the present
	Invalid   uint64 // no number, infinite, or of a time before 1970
	Refused   uint64 // of more series than MaxPending
	Ambiguous uint64 // values that several series of a metric have, which has no Aggregate
}

func (c *Counts) add(o Counts) {
	c.Taken += o.Taken
	c.Extra += o.Extra
	c.Late += o.Late
	c.Ahead += o.Ahead
	c.Invalid += o.Invalid
	c.Refused += o.Refused
	c.Ambiguous += o.Ambiguous
}

// missesAllowed is in how many rows a series may be missing before it is forgotten. Until then
// its metric has no value: part of a sum is no sum.
const missesAllowed = 3

const shortJournal = 32 << 20 // bytes; there is no use in shortening it

// Aligner makes rows of series. Its methods may be called from many goroutines.
type Aligner struct {
	cfg Config

	mu      sync.Mutex
	streams map[string]*stream
	touched map[*stream]struct{} // those that Add has given samples since Complete
	pending int                  // points in all slots
	series  int                  // of all streams
	counts  Counts
	journal *journal
}

// stream is what is known of one stream.
type stream struct {
	labels []string
	series []*series
	index  map[key]*series
	slots  []*slot // those that wait, in order of time
	passed int64   // number of the last row's slot
}

const never = math.MinInt64 // no row has passed

type key struct {
	column  int
	divisor bool
	name    string
}

type series struct {
	key
	kind   Kind
	last   point // of the last row
	seen   bool  // there is a last point
	missed int   // rows without it since
	gone   int64 // slot from which on it is not expected; 0 while it is
}

type point struct {
	at    int64
	value float64
}

// slot collects the points of an interval.
type slot struct {
	number int64
	since  time.Time // when its first sample came
	points map[*series]point
}

// Open makes an Aligner that keeps its journal in a file. It goes on from that file where it is
// there and of the same settings; discarded says why it does not.
func Open(path string, cfg Config) (a *Aligner, discarded, err error) {
	if err := cfg.fill(); err != nil {
		return nil, nil, err
	}
	a = newAligner(cfg)
	var s *state
	a.journal, s, discarded, err = openJournal(path, cfg.identity())
	if err != nil {
		return nil, nil, fmt.Errorf("align: %w", err)
	}
	a.restore(s, time.Now())
	return a, discarded, nil
}

func newAligner(cfg Config) *Aligner {
	return &Aligner{cfg: cfg, streams: map[string]*stream{}, touched: map[*stream]struct{}{}}
}

func (c *Config) fill() error {
	if c.Interval < time.Millisecond || c.Interval%time.Millisecond != 0 {
		return fmt.Errorf("align: interval %s, want whole milliseconds: %w", c.Interval, ErrConfig)
	}
	if len(c.Columns) == 0 || c.Wait < 0 || c.MaxPending < 0 || c.Ahead < 0 {
		return fmt.Errorf("align: %d columns, wait %s, %d pending, %s ahead: %w", len(c.Columns), c.Wait, c.MaxPending, c.Ahead, ErrConfig)
	}
	for j, column := range c.Columns {
		if !slices.Contains(Aggregates, column.Aggregate) {
			return fmt.Errorf("align: column %d: aggregate %q: %w", j, column.Aggregate, ErrConfig)
		}
	}
	if c.Wait == 0 {
		c.Wait = c.Interval
	}
	if c.MaxPending == 0 {
		c.MaxPending = 1_000_000
	}
	if c.Ahead == 0 {
		c.Ahead = 10 * time.Minute
	}
	return nil
}

// Add takes samples and reports what became of them. When it returns without an error, those
// taken are in the journal. ErrFull, or a journal that cannot be written, means that none was
// taken. Rows that are now ready are given by Complete and Flush.
func (a *Aligner) Add(samples []Sample, now time.Time) (Counts, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pending+len(samples) > a.cfg.MaxPending {
		return Counts{}, fmt.Errorf("align: %d wait, %d more have come, %d may: %w", a.pending, len(samples), a.cfg.MaxPending, ErrFull)
	}
	var counts Counts
	valid, latest := samples[:0:0], now.Add(a.cfg.Ahead).UnixMilli()
	for _, s := range samples {
		switch {
		case s.Time <= 0, s.Kind != Gone && (math.IsNaN(s.Value) || math.IsInf(s.Value, 0)):
			counts.Invalid++
		case s.Time > latest:
			counts.Ahead++
		default:
			valid = append(valid, s)
		}
	}
	if len(valid) > 0 {
		if err := a.journal.append(entry{Add: valid}); err != nil {
			return Counts{}, fmt.Errorf("align: %w", err)
		}
	}
	for _, s := range valid {
		a.apply(&counts, s, now)
	}
	a.counts.add(counts)
	return counts, nil
}

// apply puts a sample into its slot.
func (a *Aligner) apply(counts *Counts, s Sample, now time.Time) {
	to := a.stream(s.Stream)
	number := floorDiv(s.Time, a.cfg.Interval.Milliseconds())
	of := to.index[key{s.Column, s.Divisor, s.Series}]
	if s.Kind == Gone {
		if of != nil {
			of.gone = number
		}
		return
	}
	if of == nil {
		if a.series >= a.cfg.MaxPending {
			counts.Refused++
			return
		}
		of = a.begin(to, s)
	}
	of.kind = s.Kind
	if number > of.gone {
		of.gone = 0
	}
	p := point{s.Time, s.Value}
	if number <= to.passed {
		if number == to.passed && of.seen && floorDiv(of.last.at, a.cfg.Interval.Milliseconds()) == number {
			counts.Extra++
		} else {
			counts.Late++
		}
		if !of.seen || p.at > of.last.at { // the next rate is since then
			of.last, of.seen = p, true
		}
		return
	}
	counts.Taken++
	a.touched[to] = struct{}{}
	in := to.slot(number, now)
	old, again := in.points[of]
	if !again {
		a.pending++
	}
	if !again || p.at >= old.at {
		in.points[of] = p
	}
}

func (a *Aligner) stream(labels []string) *stream {
	name := join(labels)
	s := a.streams[name]
	if s == nil {
		s = &stream{labels: labels, index: map[key]*series{}, passed: never}
		a.streams[name] = s
	}
	return s
}

// join makes a key of texts.
func join(texts []string) string {
	if len(texts) == 1 {
		return texts[0]
	}
	var b strings.Builder
	for _, t := range texts {
		fmt.Fprintf(&b, "%d:%s", len(t), t)
	}
	return b.String()
}

// begin makes a series of a stream known.
func (a *Aligner) begin(to *stream, one Sample) *series {
	of := &series{key: key{one.Column, one.Divisor, one.Series}, kind: one.Kind}
	to.series = append(to.series, of)
	to.index[of.key] = of
	a.series++
	return of
}

// slot returns the slot of a number.
func (s *stream) slot(number int64, now time.Time) *slot {
	at, found := slices.BinarySearchFunc(s.slots, number, func(one *slot, n int64) int { return compare(one.number, n) })
	if !found {
		s.slots = slices.Insert(s.slots, at, &slot{number, now, map[*series]point{}})
	}
	return s.slots[at]
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

// Flush gives the rows that are ready to push: those that have all series of the row before,
// and those that have waited long enough. The rows of a stream come in the order of time. A row
// that push returns an error for stays, and Flush returns that error. Call it a few times an
// interval.
func (a *Aligner) Flush(now time.Time, push func(Row) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.touched)
	return a.flush(maps.Values(a.streams), now.Add(-a.cfg.Wait), push)
}

// Complete is Flush for the streams that Add has given samples since the last call, and for
// complete rows only. Call it after Add: rows then wait for nothing else.
func (a *Aligner) Complete(push func(Row) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.flush(maps.Keys(a.touched), time.Time{}, push)
	clear(a.touched) // what is left is Flush's
	return err
}

// flush gives the rows of some streams that are complete, or began to wait until overdue.
func (a *Aligner) flush(streams iter.Seq[*stream], overdue time.Time, push func(Row) error) (err error) {
	var passed []mark
	for s := range streams {
		for err == nil && len(s.slots) > 0 && (s.complete(s.slots[0]) || !s.slots[0].since.After(overdue)) {
			if err = a.pass(s, push); err == nil {
				passed = append(passed, mark{s.labels, s.passed})
			}
		}
	}
	if len(passed) == 0 {
		return err
	}
	if failed := a.journal.append(entry{Passed: passed}); failed != nil {
		err = errors.Join(err, fmt.Errorf("align: %w", failed))
	}
	return err
}

// replay does again what an entry of the journal says.
func (a *Aligner) replay(e entry, now time.Time) {
	for _, one := range e.Add {
		a.apply(&a.counts, one, now)
	}
	for _, m := range e.Passed {
		s := a.streams[join(m.Stream)]
		if s == nil || len(s.slots) == 0 || s.slots[0].number != m.Slot {
			continue // the journal was written by hand
		}
		_ = a.pass(s, func(Row) error { return nil })
	}
}

// complete reports whether a slot has all that is expected of it. Nobody knows what to expect
// of the first row.
func (s *stream) complete(one *slot) bool {
	if s.passed == never {
		return false
	}
	for _, of := range s.series {
		if _, ok := one.points[of]; !ok && of.expected(one.number) {
			return false
		}
	}
	return true
}

func (s *series) expected(number int64) bool { return s.gone == 0 || number < s.gone }

// pass gives the first slot of a stream as a row.
func (a *Aligner) pass(s *stream, push func(Row) error) error {
	one := s.slots[0]
	row := Row{s.labels, time.UnixMilli(one.number * a.cfg.Interval.Milliseconds()).UTC(), make([]float64, len(a.cfg.Columns))}
	ambiguous, some := uint64(0), false
	for j := range row.Values {
		v, twice := a.value(s, one, j)
		row.Values[j] = v
		some = some || !math.IsNaN(v)
		if twice {
			ambiguous++
		}
	}
	if some {
		if err := push(row); err != nil {
			return err
		}
	}
	a.counts.Ambiguous += ambiguous
	s.passed = one.number
	s.slots = slices.Delete(s.slots, 0, 1)
	a.pending -= len(one.points)
	s.series = slices.DeleteFunc(s.series, func(of *series) bool {
		p, ok := one.points[of]
		switch {
		case ok:
			of.last, of.seen, of.missed = p, true, 0
		case of.expected(one.number):
			of.missed++
		}
		if !ok && (of.missed > missesAllowed || !of.expected(one.number)) && !s.waits(of) {
			delete(s.index, of.key)
			a.series--
			return true
		}
		return false
	})
	return nil
}

// waits reports whether a point of a series waits.
func (s *stream) waits(of *series) bool {
	return slices.ContainsFunc(s.slots, func(one *slot) bool {
		_, ok := one.points[of]
		return ok
	})
}

// value returns what a slot has for a column; NaN where it is missing. It is twice there where
// several series have it and nothing says what to make of them.
func (a *Aligner) value(s *stream, one *slot, column int) (v float64, twice bool) {
	c := a.cfg.Columns[column]
	v, twice = s.joined(one, column, false, c.Aggregate)
	if c.Divided {
		by, alsoTwice := s.joined(one, column, true, c.Aggregate)
		twice = twice || alsoTwice
		v /= by
		if by == 0 {
			v = math.NaN()
		}
	}
	if c.Scale != 0 {
		v *= c.Scale
	}
	return v + c.Offset, twice
}

// joined returns the value of all series of a column.
func (s *stream) joined(one *slot, column int, divisor bool, aggregate string) (v float64, twice bool) {
	n := 0
	for _, of := range s.series {
		if of.column != column || of.divisor != divisor {
			continue
		}
		p, ok := one.points[of]
		if !ok && !of.expected(one.number) || of.kind == Counter && !of.seen { // it adds nothing yet
			continue
		}
		next := math.NaN()
		if ok {
			next = of.value(p)
		}
		if n++; n == 1 {
			v = next
			continue
		}
		v = combine(v, next, aggregate)
	}
	switch {
	case n == 0:
		return math.NaN(), false
	case n > 1 && aggregate == "":
		return math.NaN(), true
	case aggregate == "mean":
		v /= float64(n)
	}
	return v, false
}

// combine joins two values; NaN where one is.
func combine(v, next float64, aggregate string) float64 {
	switch aggregate {
	case "max":
		return math.Max(v, next)
	case "min":
		return math.Min(v, next)
	}
	return v + next
}

// value returns what a point says: of a counter the increase per second since the last row. One
// that has fallen started anew, and says nothing.
func (s *series) value(p point) float64 {
	if s.kind != Counter {
		return p.value
	}
	if p.at <= s.last.at || p.value < s.last.value {
		return math.NaN()
	}
	return (p.value - s.last.value) / (float64(p.at-s.last.at) / 1000)
}

// Forget forgets a stream.
func (a *Aligner) Forget(labels []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := join(labels)
	if s := a.streams[name]; s != nil {
		for _, one := range s.slots {
			a.pending -= len(one.points)
		}
		a.series -= len(s.series)
		delete(a.streams, name)
		delete(a.touched, s)
	}
}

// Counts returns what became of all samples so far.
func (a *Aligner) Counts() Counts {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.counts
}

// Pending returns how many samples wait.
func (a *Aligner) Pending() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pending
}

// Save writes the journal anew, without what has passed. Call it every few minutes: the journal
// grows with every Add.
func (a *Aligner) Save() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.journal.replace(a.state()); err != nil {
		return fmt.Errorf("align: %w", err)
	}
	return nil
}

// Grown reports whether the journal has become so long that Save is due.
func (a *Aligner) Grown() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.journal.size > max(shortJournal, 2*a.journal.saved)
}

// Close saves and closes the journal. What waits goes on waiting after the next Open.
func (a *Aligner) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.journal.replace(a.state())
	return errors.Join(err, a.journal.close())
}
