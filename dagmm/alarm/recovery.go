package alarm

import "time"

// recovered returns the energy of the sample just scored. While a fault lasts, the recent
// levels of a model with context move towards it, and the host's return to what it was would
// look like the next fault. So a sample above the threshold is also judged by the context
// from before the fault. Where that makes it ordinary the fault is over, and the stream goes
// on from that context.
func (d *Detector) recovered(t time.Time, energy float64) float64 {
	if !d.m.HasContext() {
		return energy
	}
	if d.calm != nil && !d.alarm.open && !d.flagged && t.Sub(later(d.alarm.end, d.excused)) > max(d.cfg.Gap, d.cfg.Merge) {
		d.calm = nil
	}
	if !d.exceeds(energy) {
		return energy
	}
	if d.calm == nil {
		d.calm = d.stream.Past()
		return energy
	}
	row := d.stream.Row()
	before, err := d.stream.PeekAt(d.calm, row)
	if err != nil || d.exceeds(before) || d.stream.Return(d.calm) != nil || d.stream.Skip(row) != nil {
		return energy
	}
	d.calm = nil
	return before
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// exceeds reports whether an energy lies above the threshold.
func (d *Detector) exceeds(energy float64) bool { return d.heights.of(energy-d.shift()) > d.level() }
