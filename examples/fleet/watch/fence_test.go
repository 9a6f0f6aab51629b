package watch

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// Two workers believe that they own a partition: the server takes what the later one writes and
// refuses the other.
func TestSlowOwnerIsRefused(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	slow := own(t, worker(t, f, Config{}), 2)
	_, err := slow.writes.publish(t.Context(), message(bucketPrefix+"state.2.x", []byte("slow")), nil)
	require.NoError(t, err)
	_, err = slow.marks.publish(t.Context(), message("fleet.alarms.2.x", []byte("slow")), nil)
	require.NoError(t, err)

	fast := own(t, worker(t, f, Config{}), 2)
	require.Greater(t, fast.epoch(), slow.epoch())
	_, err = slow.writes.publish(t.Context(), message(bucketPrefix+"state.2.x", []byte("slow again")), nil)
	require.ErrorIs(t, err, errFenced)
	_, err = slow.marks.publish(t.Context(), message("fleet.alarms.2.x", []byte("slow again")), nil)
	require.ErrorIs(t, err, errFenced)
	_, err = fast.writes.publish(t.Context(), message(bucketPrefix+"state.2.x", []byte("fast")), nil)
	require.NoError(t, err)
	_, err = fast.marks.publish(t.Context(), message("fleet.alarms.2.x", []byte("fast")), nil)
	require.NoError(t, err)

	entry, err := f.bucket.Get(t.Context(), "state.2.x")
	require.NoError(t, err)
	require.Equal(t, "fast", string(entry.Value()))
	alarms, err := f.Alarms(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"x": {"slow", "fast"}}, alarms)
	// Other partitions are of no concern.
	other := own(t, worker(t, f, Config{}), 3)
	_, err = fast.writes.publish(t.Context(), message(bucketPrefix+"state.2.x", []byte("fast")), nil)
	require.NoError(t, err)
	_, err = other.writes.publish(t.Context(), message(bucketPrefix+"state.3.y", []byte("other")), nil)
	require.NoError(t, err)
}

// A worker that falls asleep between becoming the owner and saying so in the stream of alarms
// does not push a later owner out.
func TestLateMarkIsRefused(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	w := worker(t, f, Config{})
	slow := own(t, w, 0)
	fast := own(t, worker(t, f, Config{}), 0)
	_, err := slow.markAlarms(t.Context())
	require.ErrorIs(t, err, errFenced)
	_, err = fast.marks.publish(t.Context(), message("fleet.alarms.0.x", nil), nil)
	require.NoError(t, err)
	// And one that has seen an old owner does not become the new one.
	_, err = w.own(t.Context(), 0, slow.epoch())
	require.Error(t, err)
	_, err = fast.writes.publish(t.Context(), message(bucketPrefix+"state.0.x", nil), nil)
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

func message(subject string, data []byte) *nats.Msg { return &nats.Msg{Subject: subject, Data: data} }

// losing is a connection that loses answers, or keeps back messages.
type losing struct {
	jetstream.JetStream
	answers int         // to lose
	keep    int         // messages to keep back
	kept    []*nats.Msg // with the headers of their condition
	seqs    []uint64
	fence   *fence
}

func (l *losing) PublishMsg(ctx context.Context, m *nats.Msg, opts ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	if l.keep > 0 {
		l.keep--
		l.kept, l.seqs = append(l.kept, message(m.Subject, m.Data)), append(l.seqs, l.fence.seq.Load())
		return nil, nats.ErrTimeout
	}
	ack, err := l.JetStream.PublishMsg(ctx, m, opts...)
	if l.answers > 0 {
		l.answers--
		return nil, nats.ErrTimeout
	}
	return ack, err
}

// An event whose acknowledgement is lost is there once, though the server has forgotten its id
// when it is tried again.
func TestLostAnswer(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{Dedup: 100 * time.Millisecond})
	p := own(t, worker(t, f, Config{}), 1)
	h := &host{p: p, name: "x", token: "x"}
	require.NoError(t, h.open())
	p.marks.js = &losing{JetStream: f.js, answers: 1}
	h.handle(alarm.Event{Kind: alarm.WarmingUp, Stream: "x", Seq: 1})
	h.handle(alarm.Event{Kind: alarm.Retrained, Stream: "x", Seq: 2})
	require.NoError(t, context.Cause(p.ctx))
	alarms, err := f.Alarms(t.Context())
	require.NoError(t, err)
	require.Len(t, alarms["x"], 2)
}

// What was sent and not answered may arrive much later, from a connection that is closed. It
// does not replace what has been written since.
func TestLateWrite(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	p := own(t, worker(t, f, Config{}), 1)
	for name, fence := range map[string]*fence{bucketPrefix + "state.1.x": p.writes, "fleet.alarms.1.x": p.marks} {
		l := &losing{JetStream: f.js, keep: 2, fence: fence}
		fence.js = l
		_, err := fence.publish(t.Context(), message(name, []byte("once")), nil)
		require.NoError(t, err)
		_, err = fence.publish(t.Context(), message(name, []byte("newer")), nil)
		require.NoError(t, err)
		require.Len(t, l.kept, 2)
		for i, late := range l.kept {
			_, err = f.js.PublishMsg(t.Context(), late, jetstream.WithExpectLastSequenceForSubject(l.seqs[i], fence.subject))
			require.ErrorIs(t, refused(err), errFenced)
		}
	}
	entry, err := f.bucket.Get(t.Context(), "state.1.x")
	require.NoError(t, err)
	require.Equal(t, "newer", string(entry.Value()))
}

// An owner that is unsure and finds another one lets go.
func TestUnsureAndFenced(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	slow := own(t, worker(t, f, Config{}), 1)
	own(t, worker(t, f, Config{}), 1)
	for _, fence := range []*fence{slow.writes, slow.marks} {
		fence.js = &losing{JetStream: f.js, answers: 1}
		_, err := fence.publish(t.Context(), message(bucketPrefix+"state.1.x", nil), nil)
		require.ErrorIs(t, err, errFenced)
	}
}

func TestLargeMessage(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	p := own(t, worker(t, f, Config{}), 1)
	// It does not pass, and is an error at once.
	_, err := p.writes.publish(t.Context(), message(bucketPrefix+"state.1.x", make([]byte, 9<<20)), nil)
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
