package main

import (
	"log/slog"
	"time"
)

const remindEvery = 5 * time.Minute // of a source that stays away

// outage says in the log when a source begins to fail, that it still does, and when it is back.
type outage struct {
	name            string
	since, reminded time.Time // zero while it does not fail
}

func (o *outage) report(err error, now time.Time) {
	switch {
	case err == nil && o.since.IsZero():
	case err == nil:
		slog.Info("the source is back", "source", o.name, "away", now.Sub(o.since).Round(time.Second).String())
		o.since = time.Time{}
	case o.since.IsZero():
		slog.Warn("the source fails; what is missed now comes later", "source", o.name, "err", err)
		o.since, o.reminded = now, now
	case now.Sub(o.reminded) >= remindEvery:
		slog.Warn("the source still fails", "source", o.name, "since", o.since, "err", err)
		o.reminded = now
	}
}
