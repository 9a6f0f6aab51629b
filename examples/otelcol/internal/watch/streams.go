package watch

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/metric-streams/anomaly/internal/atomicfile"
	"github.com/metric-streams/anomaly/internal/disk"
)

// The streams are kept in a file, so that those that have gone are forgotten in the end, and an
// event of one that has not come back yet carries its attributes. The file is OTLP in JSON, with a
// resource for each stream, and in it a record whose time is when the stream was last seen.

// saveStreams writes the streams to a file.
func (b *rowBuilder) saveStreams(path string) error {
	out := plog.NewLogs()
	for _, st := range b.streams {
		r := out.ResourceLogs().AppendEmpty()
		st.attributes.CopyTo(r.Resource().Attributes())
		r.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().SetTimestamp(pcommon.NewTimestampFromTime(st.seen))
	}
	text, err := new(plog.JSONMarshaler).MarshalLogs(out)
	if err != nil {
		return err
	}
	return writeFile(path, text)
}

// loadStreams makes the streams of a file known.
func (b *rowBuilder) loadStreams(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	in, err := new(plog.JSONUnmarshaler).UnmarshalLogs(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, r := range in.ResourceLogs().All() {
		for _, s := range r.ScopeLogs().All() {
			for _, record := range s.LogRecords().All() {
				b.learn(r.Resource().Attributes(), record.Timestamp().AsTime())
			}
		}
	}
	return nil
}

// writeFile writes a file, all or nothing.
func writeFile(path string, text []byte) error {
	return atomicfile.Write(disk.System, path, ".tmp-*", 0o600, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// gone returns the streams of which nothing has come for a time.
func (b *rowBuilder) gone(after time.Duration, now time.Time) (out []*stream) {
	for _, st := range b.streams {
		if now.Sub(st.seen) >= after {
			out = append(out, st)
		}
	}
	return out
}
