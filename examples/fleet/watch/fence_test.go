package watch

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// Two workers believe that they own a partition: the server takes what the later one writes and
// refuses the other.
func TestSlowOwnerIsRefused(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	slow := own(t, worker(t, f, Config{}), 2)
	_, err := slow.writes.publish(t.Context(), bucketPrefix+"state.2.x", []byte("slow"), "")
	require.NoError(t, err)
	_, err = slow.marks.publish(t.Context(), "fleet.alarms.2.x", []byte("slow"), "x:1")
	require.NoError(t, err)

	fast := own(t, worker(t, f, Config{}), 2)
	require.Greater(t, fast.epoch, slow.epoch)
	_, err = slow.writes.publish(t.Context(), bucketPrefix+"state.2.x", []byte("slow again"), "")
	require.ErrorIs(t, err, errFenced)
	_, err = slow.marks.publish(t.Context(), "fleet.alarms.2.x", []byte("slow again"), "x:2")
	require.ErrorIs(t, err, errFenced)
	_, err = fast.writes.publish(t.Context(), bucketPrefix+"state.2.x", []byte("fast"), "")
	require.NoError(t, err)
	_, err = fast.marks.publish(t.Context(), "fleet.alarms.2.x", []byte("fast"), "x:2")
	require.NoError(t, err)

	entry, err := f.bucket.Get(t.Context(), "state.2.x")
	require.NoError(t, err)
	require.Equal(t, "fast", string(entry.Value()))
	alarms, err := f.Alarms(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"x": {"slow", "fast"}}, alarms)
	// Other partitions are of no concern.
	other := own(t, worker(t, f, Config{}), 3)
	_, err = fast.writes.publish(t.Context(), bucketPrefix+"state.2.x", []byte("fast"), "")
	require.NoError(t, err)
	_, err = other.writes.publish(t.Context(), bucketPrefix+"state.3.y", []byte("other"), "")
	require.NoError(t, err)
}

// A worker that falls asleep between becoming the owner and saying so in the stream of alarms
// does not push a later owner out.
func TestLateMarkIsRefused(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	w := worker(t, f, Config{})
	slow := own(t, w, 0)
	fast := own(t, worker(t, f, Config{}), 0)
	require.ErrorIs(t, slow.markAlarms(), errFenced)
	_, err := fast.marks.publish(t.Context(), "fleet.alarms.0.x", nil, "")
	require.NoError(t, err)
	// And one that has seen an old owner does not become the new one.
	_, err = w.own(t.Context(), 0, slow.epoch)
	require.Error(t, err)
	_, err = fast.writes.publish(t.Context(), bucketPrefix+"state.0.x", nil, "")
	require.NoError(t, err)
}

// An event that comes again is left out, whether or not the server still remembers its id.
func TestEventsComeOnce(t *testing.T) {
	const dedup = 100 * time.Millisecond
	f := open(t, serve(t), settings(), Storage{Dedup: dedup})
	hosted := func() *host {
		p := own(t, worker(t, f, Config{}), 1)
		h := &host{p: p, name: "x", token: "x"}
		require.NoError(t, h.open())
		return h
	}
	h := hosted()
	for seq := range uint64(3) {
		h.handle(alarm.Event{Kind: alarm.WarmingUp, Stream: "x", Seq: seq + 1})
	}
	h = hosted()
	time.Sleep(2 * dedup)
	require.Equal(t, uint64(3), h.told)
	for seq := range uint64(4) {
		h.handle(alarm.Event{Kind: alarm.WarmingUp, Stream: "x", Seq: seq + 1})
	}
	require.NoError(t, context.Cause(h.p.ctx))
	require.Equal(t, uint64(3), h.p.counts.repeated.Load())
	alarms, err := f.Alarms(t.Context())
	require.NoError(t, err)
	require.Len(t, alarms["x"], 4)
}

// A write whose acknowledgement is lost is tried again and stored once.
func TestRetryIsStoredOnce(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	p := own(t, worker(t, f, Config{}), 1)
	for range 3 {
		_, err := p.marks.publish(t.Context(), "fleet.alarms.1.x", []byte("{}"), "x:1")
		require.NoError(t, err)
	}
	alarms, err := f.Alarms(t.Context())
	require.NoError(t, err)
	require.Len(t, alarms["x"], 1)
	// What is too large for the server does not pass, and is an error at once.
	_, err = p.writes.publish(t.Context(), bucketPrefix+"state.1.x", make([]byte, 9<<20), "")
	require.ErrorContains(t, err, "maximum payload exceeded")
}

func TestSettingsOfTheFleet(t *testing.T) {
	url := serve(t)
	open(t, url, settings(), Storage{})
	open(t, url, settings(), Storage{})
	nc, err := Dial(url, "other")
	require.NoError(t, err)
	defer nc.Close()
	for name, change := range map[string]func(*Settings){
		"partitions": func(s *Settings) { s.Partitions++ },
		"seed":       func(s *Settings) { s.Seed++ },
		"range":      func(s *Settings) { s.Partitions = 0 },
		"preset":     func(s *Settings) { s.Preset = "magic" },
		"interval":   func(s *Settings) { s.Interval = 0 },
	} {
		s := settings()
		change(&s)
		_, err := Open(t.Context(), nc, s, Storage{})
		require.ErrorIs(t, err, ErrSettings, name)
	}
}

// The server gives every host a partition, always the same.
func TestPartitionsOfSamples(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	publish(t, f, names(40), 0, 2)
	info, err := f.samples.Info(t.Context(), jetstream.WithSubjectFilter(">"))
	require.NoError(t, err)
	require.Len(t, info.State.Subjects, 40)
	used := map[string]bool{}
	for subject, n := range info.State.Subjects {
		require.Equal(t, uint64(2), n)
		require.Regexp(t, `^fleet\.samples\.[0-3]\.host_20[0-9]+$`, subject)
		used[subject[:len("fleet.samples.0")]] = true
	}
	require.Len(t, used, 4)
	// A second copy of a sample is not stored.
	publish(t, f, names(40), 1, 2)
	last, err := f.LastSample(t.Context())
	require.NoError(t, err)
	require.Equal(t, uint64(80), last)
}
