package ingest

import (
	"math"
	"slices"
	"time"
)

// The clocks of hosts go wrong. This file is how an Input tells a wrong time from an outage.

const (
	leastJump   = time.Hour
	leastBehind = 6 * time.Hour
	manySteps   = 10
	maxAhead    = 16 // samples held back
)

// limit returns a setting, or its default where it is 0: least, or many usual steps.
func (in *Input) limit(setting, least time.Duration) time.Duration {
	switch {
	case setting < 0:
		return math.MaxInt64
	case setting > 0:
		return setting
	}
	// The shorter of two steps: one outage does not make a step usual.
	return max(least, manySteps*min(in.steps[0], in.steps[1]))
}

func (in *Input) jump() time.Duration {
	return max(in.limit(in.cfg.Jump, leastJump), in.cfg.Lateness)
}

// step remembers that the sample of time t is passed on.
func (in *Input) step(t time.Time) {
	if d := t.Sub(in.passed); d > 0 && !in.passed.IsZero() {
		if in.steps[0] == 0 {
			in.steps[0] = d
		}
		in.steps[0], in.steps[1] = d, in.steps[0]
	}
	in.passed = t
}

// jumps reports whether t is too far ahead to be believed at once.
func (in *Input) jumps(t time.Time) bool {
	return !in.newest.IsZero() && t.Sub(in.newest) > in.jump()
}

// confirms reports whether t, which is far ahead, supports the time of a sample that is held
// back. It does where it is near that time, or follows it by no more than the step that led
// there, as where samples are rare.
func (in *Input) confirms(t time.Time) bool {
	jump := in.jump()
	return slices.ContainsFunc(in.ahead, func(h Sample) bool {
		d := t.Sub(h.Time)
		return d != 0 && -d <= jump && d <= max(jump, h.Time.Sub(in.newest))
	})
}

// hold keeps a sample back until another one decides.
func (in *Input) hold(t time.Time, x []float64) {
	for _, h := range in.ahead {
		if h.Time.Equal(t) {
			in.merge(h, x)
			return
		}
	}
	if len(in.ahead) == maxAhead {
		in.ahead = slices.Delete(in.ahead, 0, 1)
		in.stats.Outliers++
	}
	in.ahead = append(in.ahead, Sample{t, slices.Clone(x)})
}

// settle decides on the samples that are held back when the sample of time t is taken. If t
// is far ahead too, those up to it or near it pass. Otherwise time goes on as before and
// only those pass that t may have followed by Config.Lateness. A t that is not new decides
// nothing.
func (in *Input) settle(t time.Time) {
	if len(in.ahead) == 0 || !t.After(in.newest) {
		return
	}
	until := t.Add(in.jump())
	if !in.jumps(t) {
		until = t.Add(in.cfg.Lateness)
	}
	for _, h := range in.ahead {
		if h.Time.After(until) {
			in.stats.Outliers++
			continue
		}
		in.insert(h.Time, h.Values)
		in.newest = later(in.newest, h.Time)
	}
	in.ahead = nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// wasSetBack reports whether samples have come from before the newest one for so long that
// the host's clock must have been set back.
func (in *Input) wasSetBack(t time.Time) bool {
	r := &in.late
	if in.newest.IsZero() || !t.Before(in.newest.Add(-in.cfg.Lateness)) {
		*r = span{}
		return false
	}
	switch d := t.Sub(r.to); {
	case r.to.IsZero() || d < -in.cfg.Lateness || d > in.jump():
		*r = span{t, t}
	case d > 0:
		r.to = t
	}
	return r.to.Sub(r.from) >= in.limit(in.cfg.Behind, leastBehind)
}

// rewind lets the stream go on from t. Samples that wait are dropped: by the right clock
// their time has not come.
func (in *Input) rewind(t time.Time) {
	in.stats.Outliers += uint64(len(in.waiting) + len(in.ahead))
	in.stats.Rewinds++
	in.waiting, in.ahead, in.late, in.newest = nil, nil, span{}, t
	if !in.passed.Before(t) {
		in.passed = t.Add(-in.cfg.Lateness - 1)
	}
	for j := range in.counters {
		in.counters[j].Rewind(t)
	}
}
