package dagmm

import (
	"math"
	"slices"
	"time"
)

// Clocks of hosts go wrong. What follows is how Input tells a wrong time from an outage.

const (
	leastJump   = time.Hour
	leastBehind = 6 * time.Hour
	manySteps   = 10
	maxAhead    = 16 // samples held back
)

// bound is a setting, or by default least or many usual steps.
func (in *Input) bound(setting, least time.Duration) time.Duration {
	switch {
	case setting < 0:
		return math.MaxInt64
	case setting > 0:
		return setting
	}
	// The lesser of two: one outage makes no step usual.
	return max(least, manySteps*min(in.s.Steps[0], in.s.Steps[1]))
}

func (in *Input) jump() time.Duration {
	return max(in.bound(in.cfg.Jump, leastJump), in.cfg.Lateness)
}

// step takes note that the sample of time t is passed on.
func (in *Input) step(t time.Time) {
	s := &in.s
	if d := t.Sub(s.Passed); d > 0 && !s.Passed.IsZero() {
		if s.Steps[0] == 0 {
			s.Steps[0] = d
		}
		s.Steps[0], s.Steps[1] = d, s.Steps[0]
	}
	s.Passed = t
}

// jumps tells whether t is too far ahead to be believed at once.
func (in *Input) jumps(t time.Time) bool {
	return !in.s.Newest.IsZero() && t.Sub(in.s.Newest) > in.jump()
}

// confirms tells whether t, far ahead, bears out the time of a sample held back: it is
// near it, or goes on from there by no more than the jump, as where samples are rare.
func (in *Input) confirms(t time.Time) bool {
	jump := in.jump()
	return slices.ContainsFunc(in.s.Ahead, func(h Sample) bool {
		d := t.Sub(h.Time)
		return d != 0 && -d <= jump && d <= max(jump, h.Time.Sub(in.s.Newest))
	})
}

// hold keeps a sample back.
func (in *Input) hold(t time.Time, x []float64) {
	s := &in.s
	for _, h := range s.Ahead {
		if h.Time.Equal(t) {
			in.merge(h, x)
			return
		}
	}
	if len(s.Ahead) == maxAhead {
		s.Ahead = slices.Delete(s.Ahead, 0, 1)
		s.Stats.Outliers++
	}
	s.Ahead = append(s.Ahead, Sample{t, slices.Clone(x)})
}

// settle decides on the samples held back when that of time t is taken. Where it is ahead
// itself, those up to it or near it pass; otherwise time goes on as before, and none does.
// An old sample says nothing.
func (in *Input) settle(t time.Time) {
	s := &in.s
	if len(s.Ahead) == 0 || !t.After(s.Newest) {
		return
	}
	until := t.Add(in.jump())
	if !in.jumps(t) {
		until = s.Newest
	}
	for _, h := range s.Ahead {
		if h.Time.After(until) {
			s.Stats.Outliers++
			continue
		}
		in.insert(h.Time, h.Values)
		s.Newest = later(s.Newest, h.Time)
	}
	s.Ahead = nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// returns tells whether so many samples have come from far behind the newest that the
// clock must have been set back.
func (in *Input) returns(t time.Time) bool {
	s := &in.s
	r := &s.Run
	if s.Newest.IsZero() || !t.Before(s.Newest.Add(-in.cfg.Lateness)) {
		*r = timeRange{}
		return false
	}
	switch d := t.Sub(r.To); {
	case r.To.IsZero() || d < -in.cfg.Lateness || d > in.jump():
		*r = timeRange{t, t}
	case d > 0:
		r.To = t
	}
	return r.To.Sub(r.From) >= in.bound(in.cfg.Behind, leastBehind)
}

// rewind lets the stream go on from t. What waits has a time that it never reached.
func (in *Input) rewind(t time.Time) {
	s := &in.s
	s.Stats.Outliers += uint64(len(s.Waiting) + len(s.Ahead))
	s.Stats.Returns++
	s.Waiting, s.Ahead, s.Run, s.Newest = nil, nil, timeRange{}, t
	if !s.Passed.Before(t) {
		s.Passed = t.Add(-in.cfg.Lateness - 1)
	}
	for j := range s.Counters {
		if c := &s.Counters[j]; !c.At.Before(t) {
			c.Seen = false
		}
	}
}
