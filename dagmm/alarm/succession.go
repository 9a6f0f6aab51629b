package alarm

import (
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
)

// Succeed lets the detector, made for a newer model of the same stream, go on where old
// stands: it takes over the open alarm, the counts, the numbers of the events, and what
// operators have said. With a Budget the threshold keeps the distance from its start that the old
// one has come to, or its energy (Training.Recalibrated). Call Prime afterwards so that it also knows the
// samples before the next one. Detectors of other metrics are ErrConfig, and one that New has
// not made is ErrNotMade.
func (d *Detector) Succeed(old *Detector) error {
	if d.m == nil || old == nil || old.m == nil {
		return fmt.Errorf("alarm: succession: %w", ErrNotMade)
	}
	if !slices.Equal(d.columns, old.columns) {
		return fmt.Errorf("alarm: detector of %q cannot succeed one of %q: %w", d.columns, old.columns, ErrConfig)
	}
	d.samples, d.last, d.scores, d.scored, d.silent, d.flagged = old.samples, old.last, old.scores, old.scored, old.silent, old.flagged
	d.flags, d.closed, d.seq, d.events = old.flags, old.closed, old.seq, old.events
	d.values.length, d.values.value, d.values.stuck = old.values.length, old.values.value, old.values.stuck
	d.absences = old.absences
	d.records, d.expected, d.excused = old.records, old.expected, old.excused
	if d.cfg.budgeted() && old.cfg.budgeted() {
		d.inherit(old)
	}
	d.alarm = old.alarm
	d.alarm.blame = copyOf(old.alarm.blame)
	if b := &d.alarm.blame; b.Rows > 0 {
		b.Rows = dagmm.BlameRows // the new model came after the onset
	}
	if old.alarm.past != nil {
		d.alarm.explained, d.alarm.past = old.explainPeak(), nil
	}
	// Energies of different models do not compare: the next flagged sample is judged by its
	// height, and the peak so far stays unless that one is more severe.
	d.alarm.reseason(old.m, d.m, d.columns)
	return nil
}

// inherit takes over where the threshold of an older detector stands: at the same energy where
// energies compare, and otherwise at the same distance from the start.
func (d *Detector) inherit(old *Detector) {
	if !d.recalibrated {
		d.budget.succeed(old.budget, old.alarm.open)
		return
	}
	from := old.budget
	to := func(height float64) float64 { return d.heights.of(old.heights.energy(height)) }
	level := to(from.level())
	from.threshold, from.start = to(from.threshold), d.budget.start
	from.absorbed = level - from.threshold
	d.budget.succeed(from, old.alarm.open)
}

// contextRows is how many samples make a context: the weights of older ones in the slowest
// of the usual levels are below 1e-4.
const contextRows = 200

// Prime gives a new detector the context and the recent energies of the samples before the
// next one: the last rows of x (rows × metrics), taken at times, in order. It opens no alarm
// and raises no event. As many rows count as the detector remembers.
func (d *Detector) Prime(times []time.Time, x mat.Matrix) error {
	if d.m == nil {
		return fmt.Errorf("alarm: detector: %w", ErrNotMade)
	}
	n, width := x.Dims()
	if n == 0 && len(times) == 0 {
		return nil
	}
	if n != len(times) || width != len(d.columns) {
		return fmt.Errorf("alarm: %d times for %d rows of width %d, model of %d columns: %w", len(times), n, width, len(d.columns), dagmm.ErrWidth)
	}
	for i := max(0, n-max(contextRows, d.recent.span())); i < n; i++ {
		if i > 0 && times[i].Sub(times[i-1]) > dagmm.ContextWarmUp*d.cfg.Interval {
			d.stream.Reset()
		}
		if err := d.prime(times[i], mat.Row(nil, i, x)); err != nil {
			return err
		}
	}
	if d.scored.IsZero() {
		d.scored = times[n-1].UTC()
	}
	return nil
}

func (d *Detector) prime(t time.Time, row []float64) error {
	row = d.m.Season().Deseasonalised(t, row)
	energy := noEnergy
	if d.recent.due() && slices.ContainsFunc(row, func(v float64) bool { return v == v }) {
		var err error
		if energy, err = d.stream.Peek(row); err != nil {
			return fmt.Errorf("alarm: %w", err)
		}
	}
	d.recent.observe(energy)
	if err := d.stream.Skip(row); err != nil {
		return fmt.Errorf("alarm: %w", err)
	}
	return nil
}
