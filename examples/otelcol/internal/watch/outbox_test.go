package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
)

func records(names ...string) plog.Logs {
	l := plog.NewLogs()
	for _, name := range names {
		l.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(name)
	}
	return l
}

func bodies(all []plog.Logs) (out []string) {
	for _, l := range all {
		for _, rl := range l.ResourceLogs().All() {
			out = append(out, rl.ScopeLogs().At(0).LogRecords().At(0).Body().Str())
		}
	}
	return out
}

func TestOutbox(t *testing.T) {
	path := filepath.Join(t.TempDir(), "waiting.otlp")
	o, err := openOutbox(path)
	require.NoError(t, err)
	sink := new(consumertest.LogsSink)
	require.NoError(t, o.send(t.Context(), sink))
	require.Empty(t, sink.AllLogs())
	require.NoError(t, o.add(records("a")))
	require.NoError(t, o.add(records("b", "c")))
	require.Error(t, o.send(t.Context(), consumertest.NewErr(errors.New("not now"))))
	require.NoError(t, o.add(records("d")))

	o, err = openOutbox(path) // the process has died
	require.NoError(t, err)
	require.NoError(t, o.send(t.Context(), sink))
	require.Equal(t, []string{"a", "b", "c", "d"}, bodies(sink.AllLogs()))
	require.NoFileExists(t, path)
	require.Zero(t, o.losses())

	require.NoError(t, o.add(records("e")))
	require.Error(t, o.send(t.Context(), consumertest.NewErr(consumererror.NewPermanent(errors.New("never")))))
	require.Equal(t, 1, o.losses())
	require.NoError(t, o.send(t.Context(), sink))
	require.Len(t, bodies(sink.AllLogs()), 4)

	require.NoError(t, os.WriteFile(path, []byte("not protobuf"), 0o600))
	_, err = openOutbox(path)
	require.ErrorContains(t, err, path)
}

// What comes while records are being sent is neither lost nor sent twice, and the number of those
// that wait is bounded.
func TestOutboxWhileSending(t *testing.T) {
	o, err := openOutbox("")
	require.NoError(t, err)
	require.NoError(t, o.add(records("a")))
	sink := new(consumertest.LogsSink)
	slow, err := consumer.NewLogs(func(ctx context.Context, l plog.Logs) error {
		require.NoError(t, o.add(records("b")))
		require.NoError(t, o.send(ctx, sink)) // is left to the one that sends
		return sink.ConsumeLogs(ctx, l)
	})
	require.NoError(t, err)
	require.NoError(t, o.send(t.Context(), slow))
	require.Equal(t, []string{"a"}, bodies(sink.AllLogs()))
	require.NoError(t, o.send(t.Context(), sink))
	require.Equal(t, []string{"a", "b"}, bodies(sink.AllLogs()))

	many := make([]string, maxOutbox+7)
	many[7] = "first that stays"
	require.NoError(t, o.add(records(many...)))
	require.Equal(t, 7, o.losses())
	sink.Reset()
	require.NoError(t, o.send(t.Context(), sink))
	require.Len(t, bodies(sink.AllLogs()), maxOutbox)
	require.Equal(t, "first that stays", bodies(sink.AllLogs())[0])
	require.Equal(t, 7, o.losses())
}
