package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/metric-streams/anomaly/dagmm/monitor"
)

const (
	chunkSteps   = 250             // of a query: bounds the size of an answer
	remindEvery  = 5 * time.Minute // of a source that stays away
	noteEvery    = 10 * time.Second
	saveEvery    = 5 * time.Minute
	forgetsEvery = time.Hour
)

// follower reads the source, first what it has of the past and then step by step, and gives
// every sample to the Monitor. What cannot be read now is read later.
type follower struct {
	cfg      *config
	source   *source
	monitor  *monitor.Monitor
	exporter *exporter
	position *position

	interval, delay, lookback time.Duration

	noted, saved, forgot time.Time // when the last time was
	failing, reminded    time.Time // since when the source fails; zero while it does not
}

func newFollower(cfg *config, src *source, m *monitor.Monitor, e *exporter, p *position) *follower {
	return &follower{cfg: cfg, source: src, monitor: m, exporter: e, position: p,
		interval: time.Duration(cfg.Source.Interval), delay: time.Duration(*cfg.Source.Delay), lookback: time.Duration(cfg.Source.Lookback)}
}

// run follows until ctx ends.
func (f *follower) run(ctx context.Context) {
	ticker := time.NewTicker(f.interval)
	defer ticker.Stop()
	for {
		err := f.poll(ctx, time.Now())
		if ctx.Err() != nil {
			break
		}
		f.report(err, time.Now())
		f.upkeep(time.Now())
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	if err := f.position.save(); err != nil {
		slog.Error("the position is not saved", "err", err)
	}
}

// poll reads what has come since the last poll.
func (f *follower) poll(ctx context.Context, now time.Time) error {
	end := now.Add(-f.delay).Truncate(f.interval)
	from := f.position.Until.Add(f.interval)
	if earliest := end.Add(-f.lookback); from.Before(earliest) {
		if !f.position.Until.IsZero() {
			slog.Warn("what is older than the lookback is left out", "from", from, "to", earliest)
		}
		from = earliest
	}
	for !from.After(end) {
		to := from.Add((chunkSteps - 1) * f.interval)
		if to.After(end) {
			to = end
		}
		set, err := f.source.query(ctx, from, to, f.interval)
		if err != nil {
			return err
		}
		if err := f.take(set, to, to.Equal(end)); err != nil {
			return err
		}
		from = to.Add(f.interval)
	}
	return nil
}

// take gives a set of rows to the Monitor, which end with time to. With the last set comes
// what is exported of each stream.
func (f *follower) take(set *rowSet, to time.Time, last bool) error {
	f.exporter.ambiguous.Add(float64(set.ambiguous))
	if set.ambiguous > 0 {
		slog.Debug("series with the same labels: aggregate them in the query, or name more labels in by", "series", set.ambiguous)
	}
	touched := map[string]bool{}
	for _, r := range set.rows() {
		known := f.admit(r.stream, set.streams[r.stream].labels)
		if known == nil {
			f.exporter.refused.Inc()
			continue
		}
		if err := f.monitor.Push(r.stream, r.time, r.values); err != nil {
			return err
		}
		known.Last = r.time
		touched[r.stream] = true
	}
	if err := f.monitor.Tick(to); err != nil {
		return err
	}
	f.position.Until = to
	if last {
		for name := range touched {
			if e, err := f.monitor.Explain(name); err == nil {
				f.exporter.explained(name, e)
			}
		}
	}
	return nil
}

// admit returns what is known of a stream; nil for one that is too many.
func (f *follower) admit(name string, labels []string) *seen {
	if s := f.position.Streams[name]; s != nil {
		return s
	}
	if len(f.position.Streams) >= f.cfg.MaxStreams {
		return nil
	}
	s := &seen{Labels: labels}
	f.position.Streams[name] = s
	f.exporter.know(name, labels)
	return s
}

// report says when the source begins to fail, that it still does, and when it is back.
func (f *follower) report(err error, now time.Time) {
	f.exporter.polled(err, now)
	switch {
	case err == nil && f.failing.IsZero():
	case err == nil:
		slog.Info("the source is back; what was missed has been read", "away", now.Sub(f.failing).Round(time.Second).String())
		f.failing = time.Time{}
	case f.failing.IsZero():
		slog.Warn("the source fails; what is missed now is read later", "err", err)
		f.failing, f.reminded = now, now
	case now.Sub(f.reminded) >= remindEvery:
		slog.Warn("the source still fails", "since", f.failing, "err", err)
		f.reminded = now
	}
}

// upkeep does what is due now and then.
func (f *follower) upkeep(now time.Time) {
	if now.Sub(f.noted) >= noteEvery {
		f.noted = now
		if err := f.position.save(); err != nil {
			slog.Error("the position is not saved", "err", err)
		}
	}
	if f.saved.IsZero() {
		f.saved = now
	}
	if now.Sub(f.saved) >= saveEvery {
		f.saved = now
		if err := f.monitor.Save(); err != nil {
			slog.Error("the state is not saved; nothing is lost", "err", err)
		}
	}
	if now.Sub(f.forgot) >= forgetsEvery {
		f.forgot = now
		f.forget()
	}
}

// forget removes streams that have been gone for long, by the samples' clock.
func (f *follower) forget() {
	for name, s := range f.position.Streams {
		if f.position.Until.Sub(s.Last) < time.Duration(f.cfg.Forget) {
			continue
		}
		if err := f.monitor.Remove(name); err != nil {
			slog.Error("a stream is not removed", "stream", name, "err", err)
			continue
		}
		slog.Info("a stream is forgotten", "stream", name, "last", s.Last)
		delete(f.position.Streams, name)
		f.exporter.forget(name)
	}
}
