package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

func event(stream string, seq uint64) message {
	return message{map[string]string{"instance": stream}, alarm.Event{Kind: alarm.Opened, Stream: stream, Seq: seq}}
}

func box(t *testing.T, dir string) *outbox {
	o, err := openOutbox(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = o.close() })
	return o
}

func takeNext(t *testing.T, o *outbox) (stream string, seq uint64) {
	m, n, err := o.next()
	require.NoError(t, err)
	if n > 0 {
		require.NoError(t, o.done(n))
	}
	return m.Event.Stream, m.Event.Seq
}

// Events come in their order, once, however often the process dies.
func TestOutbox(t *testing.T) {
	dir := t.TempDir()
	o := box(t, dir)
	for seq := range uint64(3) {
		require.NoError(t, o.add(event("a", seq+1)))
	}
	for want := range uint64(3) {
		stream, seq := takeNext(t, o)
		require.Equal(t, "a", stream)
		require.Equal(t, want+1, seq)
		require.Equal(t, uint64(3), o.last("a"))
		o = box(t, dir) // the process was killed
	}
	_, n, err := o.next()
	require.NoError(t, err)
	require.Zero(t, n)
	require.Equal(t, uint64(3), o.last("a"), "also when the file is empty")
	require.Zero(t, o.last("b"))
	info, err := os.Stat(o.path())
	require.NoError(t, err)
	require.Zero(t, info.Size())

	require.NoError(t, o.add(event("b", 7)))
	require.NoError(t, o.add(event("b", 8)))
	text, err := os.ReadFile(o.path())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(o.path(), text[:len(text)-5], 0o600)) // it died while it wrote
	o = box(t, dir)
	require.Equal(t, uint64(7), o.last("b"))
	_, seq := takeNext(t, o)
	require.Equal(t, uint64(7), seq)
	_, seq = takeNext(t, o)
	require.Zero(t, seq)
}

// What was sent when the file was emptied does not hide what comes after.
func TestOutboxDiesWhileItIsEmptied(t *testing.T) {
	dir := t.TempDir()
	o := box(t, dir)
	require.NoError(t, o.add(event("a", 1)))
	takeNext(t, o)
	require.NoError(t, os.WriteFile(o.sentPath(), []byte(`{"offset":100,"last":{"a":1}}`), 0o600))
	o = box(t, dir)
	require.NoError(t, o.add(event("a", 2)))
	o = box(t, dir)
	_, seq := takeNext(t, o)
	require.Equal(t, uint64(2), seq)
}

func TestOutboxIsBounded(t *testing.T) {
	o := box(t, t.TempDir())
	o.size = maxOutbox
	require.ErrorIs(t, o.add(event("a", 1)), errFull)
}

func TestDamagedOutbox(t *testing.T) {
	dir := t.TempDir()
	o := box(t, dir)
	require.NoError(t, o.add(event("a", 1)))
	require.NoError(t, os.WriteFile(o.path(), append([]byte("\x00\x00\n"), '\n'), 0o600))
	o = box(t, dir)
	_, n, err := o.next()
	require.NoError(t, err)
	require.Zero(t, n)
}
