package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
)

const maxOutbox = 10_000 // records that wait

// outbox keeps log records until the next component has taken them, in their order. With a file
// they survive the process.
type outbox struct {
	path string // "" means no file

	sending sync.Mutex
	mu      sync.Mutex
	waiting plog.ResourceLogsSlice
	saved   bool // the file is there
	lost    int  // records
}

// openOutbox opens an outbox. After an error it is empty.
func openOutbox(path string) (*outbox, error) {
	o := &outbox{path: path, waiting: plog.NewResourceLogsSlice()}
	if path == "" {
		return o, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	if err != nil {
		return o, err
	}
	in, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(text)
	if err != nil {
		return o, fmt.Errorf("%s: %w", path, err)
	}
	in.ResourceLogs().MoveAndAppendTo(o.waiting)
	o.saved = true
	return o, nil
}

// add takes records, one for each resource.
func (o *outbox) add(l plog.Logs) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	l.ResourceLogs().MoveAndAppendTo(o.waiting)
	o.drop(max(0, o.waiting.Len()-maxOutbox))
	return o.save()
}

// drop removes the oldest records.
func (o *outbox) drop(n int) {
	i := 0
	o.waiting.RemoveIf(func(plog.ResourceLogs) bool { i++; return i <= n })
	o.lost += n
}

// save makes the file hold what waits.
func (o *outbox) save() error {
	if o.path == "" {
		return nil
	}
	if o.waiting.Len() == 0 {
		if !o.saved {
			return nil
		}
		o.saved = false
		return os.Remove(o.path)
	}
	text, err := new(plog.ProtoMarshaler).MarshalLogs(o.copy())
	if err != nil {
		return err
	}
	o.saved = true
	return writeFile(o.path, text)
}

func (o *outbox) copy() plog.Logs {
	out := plog.NewLogs()
	o.waiting.CopyTo(out.ResourceLogs())
	return out
}

// send gives what waits to the next component. What it refuses for good is lost; the rest waits.
func (o *outbox) send(ctx context.Context, next consumer.Logs) error {
	if !o.sending.TryLock() {
		return nil // somebody else does
	}
	defer o.sending.Unlock()
	o.mu.Lock()
	n := o.waiting.Len()
	if n == 0 {
		o.mu.Unlock()
		return nil
	}
	out := o.copy()
	lost := o.lost
	o.mu.Unlock()
	err := next.ConsumeLogs(ctx, out)
	if err != nil && !consumererror.IsPermanent(err) {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	n -= o.lost - lost // some had to go meanwhile
	before := o.lost
	o.drop(max(0, n))
	if err == nil {
		o.lost = before
	}
	return errors.Join(err, o.save())
}

// losses returns how many records have been lost.
func (o *outbox) losses() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lost
}
