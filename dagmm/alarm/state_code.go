package alarm

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/gmm"
)

// State returns a copy of what the detector remembers.
func (d *Detector) State() (State, error) {
	if d.m == nil {
		return State{}, fmt.Errorf("alarm: detector: %w", ErrNotMade)
	}
	s := State{Version: StateVersion, Start: d.budget.start, Threshold: d.budget.threshold,
		Absorbed: d.budget.absorbed, Quiet: d.budget.quiet, Span: d.span, Calm: d.calm,
		Energies: slices.Clone(d.recent.ring), OldestEnergy: d.recent.oldest, EnergiesWaited: d.recent.waited,
		Samples: d.samples, Last: d.last, Scores: d.scores, Scored: d.scored, Silent: d.silent, Flagged: d.flagged, Closed: d.closed, Seq: d.seq,
		Alarm:   d.alarm.state(),
		Longest: slices.Clone(d.values.longest), Runs: slices.Clone(d.values.length), Values: slices.Clone(d.values.value), Stuck: slices.Clone(d.values.stuck),
		Excused: d.excused,
		Stream:  d.stream.State()}
	for j := range d.columns {
		s.Absences = append(s.Absences, AbsenceState{d.absences.seen[j], d.absences.since[j], d.absences.told[j]})
	}
	for _, f := range d.flags {
		s.Flags = append(s.Flags, FlagState{f.score, f.time})
	}
	for _, r := range d.records {
		s.Alarms = append(s.Alarms, RecordState{r.number, r.start, r.end, r.closed, r.cost, r.refunded, r.judged, r.real})
	}
	for _, e := range d.expected {
		s.Expected = append(s.Expected, SpanState{e.from, e.until})
	}
	for _, e := range d.events {
		s.Waiting = append(s.Waiting, e.State())
	}
	var err error
	s.Adapted, err = d.adapted()
	return s, err
}

// Resume makes a Detector that goes on from a State of the same model. With Config.Adapt it
// is the model as it was trained, not as Detector.Model returned it. A State of another
// model or version is ErrState; other errors are those of New.
func Resume(m *dagmm.Model, s State, cfg Config) (*Detector, error) {
	if s.Version != StateVersion {
		return nil, fmt.Errorf("alarm: state of version %d, this library reads %d: %w", s.Version, StateVersion, ErrState)
	}
	d, err := NewTrained(m, Training{Start: &s.Start, Longest: s.Longest}, cfg)
	if err != nil {
		return nil, err
	}
	if err := s.check(d.columns); err != nil {
		return nil, err
	}
	d.budget.threshold, d.budget.absorbed, d.budget.quiet, d.span = s.Threshold, s.Absorbed, s.Quiet, s.Span
	d.calm = s.Calm
	d.recent.ring, d.recent.oldest, d.recent.waited = slices.Clone(s.Energies), s.OldestEnergy, s.EnergiesWaited
	d.recent.follow(m.Calibration(), d.cfg.Interval)
	d.samples, d.last, d.scores, d.scored, d.silent, d.flagged = s.Samples, s.Last, s.Scores, s.Scored, s.Silent, s.Flagged
	d.closed, d.seq = s.Closed, s.Seq
	d.alarm = s.Alarm.episode()
	copy(d.values.length, s.Runs)
	copy(d.values.value, s.Values)
	copy(d.values.stuck, s.Stuck)
	for j, a := range s.Absences {
		d.absences.seen[j], d.absences.since[j], d.absences.told[j] = a.Seen, a.Since, a.Told
	}
	for _, f := range s.Flags {
		d.flags = append(d.flags, flag{f.Score, f.Time})
	}
	for _, r := range s.Alarms {
		d.records = append(d.records, record{r.Number, r.Start, r.End, r.Closed, r.Cost, r.Refunded, r.Judged, r.Real})
	}
	if len(d.records) == 0 && d.alarm.number > 0 {
		d.keep() // the state is from before there were records
	}
	for _, e := range s.Expected {
		d.expected = append(d.expected, span{e.From, e.Until})
	}
	d.excused = s.Excused
	for _, e := range s.Waiting {
		d.events = append(d.events, e.Event())
	}
	if d.stream, err = m.Resume(s.Stream); err != nil {
		return nil, fmt.Errorf("alarm: %w: %w", ErrState, err)
	}
	for _, past := range []*dagmm.Past{s.Alarm.Past, s.Calm} {
		if past == nil {
			continue
		}
		if _, err := m.Resume(dagmm.StreamState{Past: *past, Known: s.Stream.Known, Missing: s.Stream.Missing}); err != nil {
			return nil, fmt.Errorf("alarm: peak: %w: %w", ErrState, err)
		}
	}
	return d, d.resumeAdapting(s.Adapted)
}

// check reports what does not fit a model of the given columns.
func (s *State) check(columns []string) error {
	width := len(columns)
	if len(s.Runs) != width || len(s.Values) != width || s.Stuck != nil && len(s.Stuck) != width || s.Longest != nil && len(s.Longest) != width {
		return fmt.Errorf("alarm: state of %d metrics, model of %d columns: %w", len(s.Runs), width, ErrState)
	}
	if s.Absences != nil && len(s.Absences) != width {
		return fmt.Errorf("alarm: state with absences of %d metrics, model of %d columns: %w", len(s.Absences), width, ErrState)
	}
	if s.OldestEnergy < 0 || s.OldestEnergy >= max(1, len(s.Energies)) {
		return fmt.Errorf("alarm: state with energy %d of %d the oldest: %w", s.OldestEnergy, len(s.Energies), ErrState)
	}
	for _, n := range s.Runs {
		if n < 0 {
			return fmt.Errorf("alarm: state with a run of %d samples: %w", n, ErrState)
		}
	}
	if n := len(s.Alarm.Peak.Values); n != width && (n != 0 || s.Alarm.Number > 0 && s.Alarm.Samples > 0) {
		return fmt.Errorf("alarm: state with a peak of %d values, model of %d columns: %w", n, width, ErrState)
	}
	if n := len(s.Alarms); n > 0 && s.Alarms[n-1].Number != s.Alarm.Number {
		return fmt.Errorf("alarm: state whose last of %d alarms is number %d, not %d: %w", n, s.Alarms[n-1].Number, s.Alarm.Number, ErrState)
	}
	if s.Alarm.Open && s.Alarm.Number == 0 {
		return fmt.Errorf("alarm: state with an open alarm without a number: %w", ErrState)
	}
	for _, a := range s.Alarms {
		if !(a.Cost >= 0) || math.IsInf(a.Cost, 0) {
			return fmt.Errorf("alarm: state with an alarm that cost %g: %w", a.Cost, ErrState)
		}
	}
	if err := s.Alarm.Blame.Check(width); err != nil {
		return fmt.Errorf("alarm: %w: %w", ErrState, err)
	}
	if e := s.Alarm.Explained; e != nil {
		return e.check(columns)
	}
	return nil
}

// check reports an explanation of metrics that the model does not have.
func (s *ExplanationState) check(columns []string) error {
	if len(s.Contributions) == 0 {
		return fmt.Errorf("alarm: state with an explanation of nothing: %w", ErrState)
	}
	for _, c := range s.Contributions {
		if !slices.Contains(columns, c.Metric) {
			return fmt.Errorf("alarm: state with an explanation of %q, which is not a column of the model: %w", c.Metric, ErrState)
		}
	}
	if b := s.Beside.Metric; b != "" && !slices.Contains(columns, b) {
		return fmt.Errorf("alarm: state with an explanation beside %q, which is not a column of the model: %w", b, ErrState)
	}
	return nil
}

func (a *episode) state() EpisodeState {
	return EpisodeState{Open: a.open, Accepted: a.accepted, Number: a.number, Start: a.start, End: a.end, Samples: a.samples, Severity: int(a.severity),
		Told: a.told, Peak: a.peak.state(), PeakHeight: a.peakHeight, Past: a.past, Before: a.before, Blame: copyOf(a.blame), Explained: explanationState(a.explained)}
}

func (s *EpisodeState) episode() episode {
	return episode{open: s.Open, accepted: s.Accepted, number: s.Number, start: s.Start, end: s.End, samples: s.Samples, severity: Severity(s.Severity),
		told: s.Told, peak: s.Peak.peak(), peakHeight: s.PeakHeight, past: s.Past, before: s.Before, blame: copyOf(s.Blame), explained: s.Explained.explanation()}
}

func copyOf(b dagmm.Blame) dagmm.Blame {
	return dagmm.Blame{Rows: b.Rows, Alone: slices.Clone(b.Alone), Shared: slices.Clone(b.Shared), Moved: slices.Clone(b.Moved)}
}

func (p Peak) state() PeakState {
	return PeakState{Time: p.Time, Energy: p.Energy, Threshold: p.Threshold, PValue: p.PValue, Values: slices.Clone(p.Values)}
}

func (s PeakState) peak() Peak {
	return Peak{Time: s.Time, Energy: s.Energy, Threshold: s.Threshold, PValue: s.PValue, Values: slices.Clone(s.Values)}
}

// State returns the event in the form in which it is stored.
func (e Event) State() EventState {
	return EventState{Kind: string(e.Kind), Stream: e.Stream, Seq: e.Seq, Time: e.Time, Alarm: e.Alarm, Start: e.Start, End: e.End,
		Samples: e.Samples, Severity: int(e.Severity), Peak: e.Peak.state(), Explanation: explanationState(e.Explanation), Metric: e.Metric, Detail: e.Detail}
}

// Event returns the event that was stored.
func (s EventState) Event() Event {
	return Event{Kind: Kind(s.Kind), Stream: s.Stream, Seq: s.Seq, Time: s.Time, Alarm: s.Alarm, Start: s.Start, End: s.End,
		Samples: s.Samples, Severity: Severity(s.Severity), Peak: s.Peak.peak(), Explanation: s.Explanation.explanation(), Metric: s.Metric, Detail: s.Detail}
}

func explanationState(e *dagmm.Explanation) *ExplanationState {
	if e == nil {
		return nil
	}
	v := e.Verdict
	s := &ExplanationState{Energy: v.Energy, Threshold: v.Threshold, PValue: v.PValue, Anomalous: v.Anomalous, Pair: e.Pair, Beside: e.Beside, Fits: e.Fits, Clears: e.Clears, Before: e.Before, Usual: e.Usual}
	for _, c := range e.Contributions {
		s.Contributions = append(s.Contributions, ContributionState{Metric: c.Metric, Share: c.Share, Value: c.Value, Low: c.Low, High: c.High,
			Level: c.Level, Samples: c.Samples, Conditional: c.Conditional, Constant: c.Constant, Joint: c.Joint})
	}
	return s
}

func (s *ExplanationState) explanation() *dagmm.Explanation {
	if s == nil {
		return nil
	}
	e := &dagmm.Explanation{Verdict: dagmm.Verdict{Energy: s.Energy, Threshold: s.Threshold, PValue: s.PValue, Anomalous: s.Anomalous},
		Pair: s.Pair, Beside: s.Beside, Fits: s.Fits, Clears: s.Clears, Before: s.Before, Usual: s.Usual}
	for _, c := range s.Contributions {
		e.Contributions = append(e.Contributions, dagmm.Contribution{Metric: c.Metric, Share: c.Share, Value: c.Value, Low: c.Low, High: c.High,
			Level: c.Level, Samples: c.Samples, Conditional: c.Conditional, Constant: c.Constant, Joint: c.Joint})
	}
	return e
}

// adapted returns what the adapter remembers; nil without one.
func (d *Detector) adapted() (*AdaptedState, error) {
	if d.adapter == nil {
		return nil, nil
	}
	out := &AdaptedState{Taken: d.adapter.taken}
	mixtures := d.m.Mixtures()
	for i, list := range d.adapter.online {
		var texts [][]byte
		var running []RunningState
		for k, o := range list {
			text, err := json.Marshal(mixtures[i][k])
			if err != nil {
				return nil, fmt.Errorf("alarm: adapted mixture %d of member %d: %w", k, i, err)
			}
			texts, running = append(texts, text), append(running, RunningState(o.State().Clone()))
		}
		out.Mixtures, out.Running = append(out.Mixtures, texts), append(out.Running, running)
	}
	return out, nil
}

// resumeAdapting goes on with the mixtures of a state. Without them, or where adapting is
// not wanted, it starts from the model's.
func (d *Detector) resumeAdapting(s *AdaptedState) error {
	if s == nil || d.adapter == nil {
		return nil
	}
	online := d.adapter.online
	if len(s.Mixtures) != len(online) || len(s.Running) != len(online) {
		return fmt.Errorf("alarm: adapted mixtures of %d members, not %d: %w", len(s.Mixtures), len(online), ErrState)
	}
	var mixtures [][]*gmm.Mixture
	for i, texts := range s.Mixtures {
		if len(texts) != len(online[i]) || len(s.Running[i]) != len(texts) {
			return fmt.Errorf("alarm: %d adapted mixtures of member %d, not %d: %w", len(texts), i, len(online[i]), ErrState)
		}
		var row []*gmm.Mixture
		for _, text := range texts {
			mix := new(gmm.Mixture)
			if err := json.Unmarshal(text, mix); err != nil {
				return fmt.Errorf("alarm: adapted mixture of member %d: %w: %w", i, ErrState, err)
			}
			row = append(row, mix)
		}
		mixtures = append(mixtures, row)
	}
	m, err := d.m.WithMixtures(mixtures)
	if err != nil {
		return fmt.Errorf("alarm: %w: %w", ErrState, err)
	}
	for i, list := range online {
		for k, o := range list {
			if err := o.Continue(mixtures[i][k], gmm.OnlineState(s.Running[i][k])); err != nil {
				return fmt.Errorf("alarm: %w: %w", ErrState, err)
			}
		}
	}
	d.adapter.taken, d.m = s.Taken, m
	d.stream.Use(m)
	return nil
}
