package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/report/live"
)

const (
	noteEvery   = 10 * time.Second
	saveEvery   = 5 * time.Minute
	forgetEvery = time.Hour
)

// source is where samples come from. Each gives its rows to the intake.
type source interface {
	run(ctx context.Context) // until ctx ends
	ready() error            // says what is missing
	save() error             // what must survive the process
	forget(labels []string)  // a stream
	close() error            // after run has returned
}

// intake takes the rows of all sources. It knows the streams, and keeps the Monitor's house.
type intake struct {
	cfg      *config
	monitor  *monitor.Monitor
	exporter *exporter
	page     *live.Page
	streams  *streams
	sources  []source

	mu     sync.Mutex
	clocks map[string]time.Time // how far each source has come

	noted, saved, forgot time.Time // when the last time was
}

func newIntake(cfg *config, m *monitor.Monitor, e *exporter, page *live.Page, s *streams) *intake {
	return &intake{cfg: cfg, monitor: m, exporter: e, page: page, streams: s, clocks: map[string]time.Time{}}
}

// open opens the sources that are configured.
func (in *intake) open() error {
	add := func(there bool, open func() (source, error)) error {
		if !there {
			return nil
		}
		s, err := open()
		if err == nil {
			in.sources = append(in.sources, s)
		}
		return err
	}
	c := in.cfg.Sources
	return errors.Join(
		add(c.Prometheus != nil, func() (source, error) { return newFollower(in) }),
		add(c.RemoteWrite != nil, func() (source, error) { return newReceiver(in, remoteWriteSource) }),
		add(c.OTLP != nil, func() (source, error) { return newReceiver(in, otlpSource) }),
		add(c.CSV != nil, func() (source, error) { return newCSVFiles(in) }))
}

// parts are to be run until the program ends.
func (in *intake) parts() []func(context.Context) {
	out := []func(context.Context){in.run}
	for _, s := range in.sources {
		out = append(out, s.run)
	}
	return out
}

// close closes the sources, once nobody gives them anything any more.
func (in *intake) close() (err error) {
	for _, s := range in.sources {
		err = errors.Join(err, s.close())
	}
	return errors.Join(err, in.streams.save())
}

const longestLabel = 1024 // bytes

// admit returns the stream with these labels; nil for one that is too many, or whose labels are
// too long.
func (in *intake) admit(labels []string) *seen {
	for i, l := range labels {
		if len(l) > longestLabel {
			in.exporter.refused.Inc()
			return nil
		}
		if !utf8.ValidString(l) { // it cannot be exported
			labels = slices.Clone(labels)
			labels[i] = strings.ToValidUTF8(l, "\uFFFD")
		}
	}
	one, isNew := in.streams.get(labels, in.cfg.MaxStreams)
	if isNew {
		in.exporter.know(one.name, labels)
	}
	if one == nil {
		in.exporter.refused.Inc()
	}
	return one
}

// push takes a row of a stream. When it returns without an error, the row is in the Monitor's
// journal, or there are too many streams.
func (in *intake) push(labels []string, t time.Time, values []float64) error {
	one := in.admit(labels)
	if one == nil {
		return nil
	}
	if err := in.monitor.Push(one.name, t, values); err != nil {
		return err
	}
	in.streams.took(one, t)
	if time.Since(t) > in.exporter.stale { // nobody will see it
		return nil
	}
	if e, err := in.monitor.Explain(one.name); err == nil {
		in.exporter.explained(one.name, e)
	}
	return nil
}

// tick says that a source has given all it has until t. Streams are missed by the clock of the
// source that is behind the others: what it has missed may still come.
func (in *intake) tick(name string, t time.Time) error {
	in.mu.Lock()
	if t.After(in.clocks[name]) {
		in.clocks[name] = t
	}
	now := in.now()
	in.mu.Unlock()
	return in.monitor.Tick(now)
}

// now is the time of the source that is behind the others.
func (in *intake) now() (now time.Time) {
	for _, t := range in.clocks {
		if now.IsZero() || t.Before(now) {
			now = t
		}
	}
	return now
}

// run does what is due now and then, until ctx ends.
func (in *intake) run(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for ctx.Err() == nil {
		in.upkeep(time.Now())
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

func (in *intake) upkeep(now time.Time) {
	if now.Sub(in.noted) >= noteEvery {
		in.noted = now
		in.note()
	}
	if in.saved.IsZero() {
		in.saved = now
	}
	if now.Sub(in.saved) >= saveEvery {
		in.saved = now
		if err := in.monitor.Save(); err != nil {
			slog.Error("the state is not saved; nothing is lost", "err", err)
		}
		for _, s := range in.sources {
			if err := s.save(); err != nil {
				slog.Error("the state of a source is not saved; nothing is lost", "err", err)
			}
		}
	}
	if now.Sub(in.forgot) >= forgetEvery {
		in.forgot = now
		in.forget()
	}
}

func (in *intake) note() {
	if err := in.streams.save(); err != nil {
		slog.Error("the list of streams is not saved", "err", err)
	}
}

// forget removes streams that have been gone for long, by the samples' clock.
func (in *intake) forget() {
	in.mu.Lock()
	now := in.now()
	in.mu.Unlock()
	if now.IsZero() {
		return
	}
	for _, one := range in.streams.gone(now.Add(-time.Duration(in.cfg.Forget))) {
		if err := in.monitor.Remove(one.name); err != nil {
			slog.Error("a stream is not removed", "stream", one.name, "err", err)
			continue
		}
		slog.Info("a stream is forgotten", "stream", one.name, "last", one.Last)
		in.streams.remove(one)
		in.exporter.forget(one.name)
		in.page.Forget(one.name)
		for _, s := range in.sources {
			s.forget(one.Labels)
		}
	}
}
