package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// receivers are told of events. Neither alertmanager nor couriers need be there.
type receivers struct {
	exporter     *exporter
	alertmanager *alertmanager
	couriers     []*courier
	maxAge       time.Duration // of an event that somebody is told of; older ones are history
}

func newReceivers(cfg *config, e *exporter, stdout io.Writer) (r *receivers, err error) {
	r = &receivers{exporter: e, maxAge: time.Duration(cfg.Alarms.MaxAge)}
	if cfg.Alertmanager != nil {
		if r.alertmanager, err = newAlertmanager(cfg, e); err != nil {
			return nil, err
		}
	}
	add := func(w *courier, err error) error {
		if err == nil {
			r.couriers = append(r.couriers, w)
		}
		return err
	}
	if cfg.Webhook != nil {
		err = add(newWebhook(cfg, e))
	}
	if cfg.Stdout && err == nil {
		err = add(newStdout(cfg, e, stdout))
	}
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// parts are to be run until the program ends.
func (r *receivers) parts(m *monitor.Monitor) (out []func(context.Context)) {
	if r.alertmanager != nil {
		out = append(out, func(ctx context.Context) { r.alertmanager.run(ctx, m) })
	}
	for _, w := range r.couriers {
		out = append(out, w.run)
	}
	return out
}

func (r *receivers) close() (err error) {
	for _, w := range r.couriers {
		err = errors.Join(err, w.outbox.close())
	}
	return err
}

// handle takes an event (monitor.Config.Handle): it waits for nobody.
func (r *receivers) handle(e alarm.Event) {
	old := time.Since(e.Time) > r.maxAge
	r.log(e, old)
	r.exporter.happened(e)
	if r.alertmanager != nil {
		r.alertmanager.kick()
	}
	if old || !tells(e.Kind) {
		return
	}
	for _, w := range r.couriers {
		w.take(e)
	}
}

// delivered returns the number of the last event of a stream that all couriers have
// (monitor.Config.Delivered).
func (r *receivers) delivered(stream string) uint64 {
	last := r.couriers[0].outbox.last(stream)
	for _, w := range r.couriers[1:] {
		last = min(last, w.outbox.last(stream))
	}
	return last
}

// tells reports whether people are told of events of a kind. The others are in the log.
func tells(k alarm.Kind) bool {
	switch k {
	case alarm.WarmingUp, alarm.Retrained, alarm.Kept, alarm.RetrainFailed:
		return false
	}
	return true
}

func (r *receivers) log(e alarm.Event, old bool) {
	level := slog.LevelInfo
	switch {
	case old:
		level = slog.LevelDebug
	case e.Kind == alarm.Opened, e.Kind == alarm.Reopened, e.Kind == alarm.RetrainFailed, e.Kind == alarm.NoData:
		level = slog.LevelWarn
	}
	text := e.Detail
	if text == "" && e.Explanation != nil {
		text = e.Explanation.String()
	}
	slog.Log(context.Background(), level, "event: "+string(e.Kind), "stream", e.Stream, "seq", e.Seq, "at", e.Time, "metric", cause(e), "text", text)
}
