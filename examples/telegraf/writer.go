package main

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// writer writes what a Monitor says as line protocol.
type writer struct {
	out io.Writer
	err error // the first
}

// scored writes the result of a row (monitor.Config.Scored).
func (w *writer) scored(host string, t time.Time, r alarm.Result) {
	w.write("anomaly", tags(host), t, []field{
		{"energy", r.Energy}, {"p_value", r.PValue}, {"threshold", r.Threshold}, {"score", r.Score}, {"alarm", bit(r.Open)}, {"expected", bit(r.Expected)},
	})
}

// event writes an event (monitor.Config.Handle). Those of warming up and training are for the log
// only.
func (w *writer) event(e alarm.Event) {
	text := e.Detail
	if e.Explanation != nil {
		text = e.Explanation.String()
	}
	level := slog.LevelInfo
	if e.Kind == alarm.Opened || e.Kind == alarm.Reopened || e.Kind == alarm.RetrainFailed || e.Kind == alarm.NoData {
		level = slog.LevelWarn
	}
	slog.Log(context.Background(), level, "event: "+string(e.Kind), "host", e.Stream, "alarm", e.Alarm, "text", text)
	switch e.Kind {
	case alarm.WarmingUp, alarm.Retrained, alarm.Kept, alarm.RetrainFailed:
		return
	}
	t := append(tags(e.Stream), tag{"kind", string(e.Kind)})
	if e.Severity > 0 {
		t = append(t, tag{"severity", e.Severity.String()})
	}
	metric := e.Metric
	if metric == "" && e.Explanation != nil && len(e.Explanation.Contributions) > 0 {
		metric = e.Explanation.Contributions[0].Metric
	}
	if metric != "" {
		t = append(t, tag{"metric", metric})
	}
	w.write("anomaly_event", t, e.Time, []field{{"seq", int64(e.Seq)}, {"alarm", int64(e.Alarm)}, {"text", oneLine(text)}})
}

type field struct {
	key   string
	value any
}

// write writes a point. Fields that are no number are left out, and so are tags without a value.
func (w *writer) write(measurement string, tags []tag, t time.Time, fields []field) {
	slices.SortFunc(tags, func(a, b tag) int { return cmp.Compare(a.key, b.key) })
	var e lineprotocol.Encoder
	e.StartLine(measurement)
	for _, x := range tags {
		if x.value != "" {
			e.AddTag(x.key, oneLine(x.value))
		}
	}
	for _, f := range fields {
		if v, ok := f.value.(float64); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
			continue
		}
		if v, ok := lineprotocol.NewValue(f.value); ok {
			e.AddField(f.key, v)
		}
	}
	e.EndLine(t)
	if err := e.Err(); err != nil {
		slog.Warn("a point cannot be written", "measurement", measurement, "err", err)
		return
	}
	if _, err := w.out.Write(e.Bytes()); w.err == nil {
		w.err = err
	}
}

// tags returns the tags of a host's points from its name.
func tags(host string) (out []tag) {
	values, err := url.ParseQuery(host)
	if err != nil {
		return []tag{{"stream", host}}
	}
	for key := range values {
		out = append(out, tag{key, values.Get(key)})
	}
	return out
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// oneLine keeps programs that read line by line in step.
func oneLine(s string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(s) }
