package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// receivers are told of events. Neither alertmanager nor webhook need be there.
type receivers struct {
	exporter     *exporter
	alertmanager *alertmanager
	webhook      *webhook
	maxAge       time.Duration // of an event that somebody is told of; older ones are history
}

// handle takes an event (monitor.Config.Handle): it waits for nobody.
func (r *receivers) handle(e alarm.Event) {
	old := time.Since(e.Time) > r.maxAge
	r.log(e, old)
	r.exporter.happened(e)
	if r.alertmanager != nil {
		r.alertmanager.kick()
	}
	if r.webhook != nil && !old && tells(e.Kind) {
		r.webhook.take(e)
	}
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
