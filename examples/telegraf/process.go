package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// plugin is what stands between standard input and standard output. Only one goroutine uses it,
// which is also the one that the Monitor calls.
type plugin struct {
	cfg     *config
	monitor *monitor.Monitor
	joiner  *joiner
	out     *bufio.Writer
	writer  *writer
	garbage int  // lines that are no line protocol
	failing bool // the Monitor took no samples when it was last asked to
}

// process copies stdin to stdout until it ends, and adds what the Monitor makes of it.
func process(ctx context.Context, cfg *config, stdin io.Reader, stdout io.Writer) error {
	p, err := newPlugin(cfg, stdout)
	if err != nil {
		return err
	}
	slog.Info("watching", "metrics", len(cfg.Metrics), "hosts", p.monitor.Stats().Streams, "dir", cfg.Dir)
	err = p.follow(ctx, stdin)
	if err == nil {
		p.push(p.joiner.due(time.Now(), true))
		err = p.writer.err
	}
	return errors.Join(err, p.out.Flush(), p.monitor.Close())
}

func newPlugin(cfg *config, stdout io.Writer) (*plugin, error) {
	p := &plugin{cfg: cfg, joiner: newJoiner(cfg), out: bufio.NewWriterSize(stdout, 64<<10)}
	p.writer = &writer{out: p.out}
	mc := cfg.monitor()
	mc.Scored, mc.Handle = p.writer.scored, p.writer.event
	var err error
	p.monitor, err = monitor.Open(mc)
	return p, err
}

// points sends what comes in, and at the end closes the first channel. A failure to read is then in
// the second.
func points(ctx context.Context, in io.Reader) (<-chan []byte, <-chan error) {
	lines, end := make(chan []byte, 64), make(chan error, 1)
	go func() {
		defer close(lines)
		s := bufio.NewScanner(in)
		s.Buffer(make([]byte, 64<<10), 2*longestPoint)
		s.Split(splitPoints)
		for s.Scan() {
			select {
			case lines <- append([]byte(nil), s.Bytes()...):
			case <-ctx.Done():
				return
			}
		}
		if err := s.Err(); err != nil {
			end <- fmt.Errorf("standard input: %w", err)
		}
	}()
	return lines, end
}

// follow takes points and the time until standard input ends, or ctx does.
func (p *plugin) follow(ctx context.Context, in io.Reader) error {
	lines, failed := points(ctx, in)
	tick := time.NewTicker(max(p.cfg.Interval/4, time.Millisecond))
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			p.push(p.joiner.due(now, false))
			p.tell(p.monitor.Tick(now))
			err = p.writer.err
		case line, more := <-lines:
			if !more {
				select {
				case err := <-failed:
					return err
				default:
					return nil
				}
			}
			err = p.take(line)
		}
		if err == nil && len(lines) == 0 {
			err = p.out.Flush()
		}
		if err != nil {
			return err
		}
	}
}

// take passes a point on and learns what it says.
func (p *plugin) take(line []byte) error {
	if _, err := p.out.Write(line); err != nil {
		return err
	}
	now := time.Now()
	x, found, err := read(line, now)
	switch {
	case err != nil:
		p.garbage++
		slog.Debug("passed on what is no line protocol", "err", err, "lines", p.garbage)
		return nil
	case !found:
		return nil
	}
	p.push(p.joiner.add(x, now))
	return p.writer.err
}

// push hands rows to the Monitor. What it does not take, as where the disk is full, is not learned.
// Metrics pass all the same.
func (p *plugin) push(rows []row) {
	for _, r := range rows {
		p.tell(p.monitor.Push(r.host, r.at, r.values))
	}
}

// tell logs when the Monitor begins to fail, and when it is well again.
func (p *plugin) tell(err error) {
	switch {
	case err != nil && !p.failing:
		slog.Error("samples are not learned; metrics pass", "err", err)
	case err == nil && p.failing:
		slog.Info("samples are learned again")
	}
	p.failing = err != nil
}
