package watch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// errFenced reports that another worker owns the partition.
var errFenced = errors.New("another worker owns the partition")

// fence writes to a stream on condition that the last message of a subject is still the one
// with which the writer became the owner. The server checks it when it stores, so that a write
// cannot come late.
type fence struct {
	js      jetstream.JetStream
	subject string
	// renew lets a new message of the subject stand for the same owner, and returns its number. It
	// is errFenced where there is another owner.
	renew func(ctx context.Context, seq uint64) (uint64, error)

	mu  sync.Mutex    // one write at a time: a cluster refuses others of the same fence meanwhile
	seq atomic.Uint64 // number of the owner's message
}

// publish writes until the server has acknowledged, ctx is done, or the server refuses because
// of another owner (errFenced).
//
// Where no answer comes the server may have the message, or get it later from a connection
// that is closed by now, after newer ones. So the fence is renewed, which keeps out all that
// was sent before, and then there tells whether the message is there. nil means that it is
// no harm to write it again.
func (f *fence) publish(ctx context.Context, msg *nats.Msg, there func(context.Context) (bool, error)) (ack *jetstream.PubAck, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	unsure := false
	err = again(ctx, func(ctx context.Context) error {
		if unsure {
			seq, err := f.renew(ctx, f.seq.Load())
			if err != nil {
				return err
			}
			f.seq.Store(seq)
			unsure = false
			if there != nil {
				if is, err := there(ctx); is || err != nil {
					unsure = err != nil
					return err
				}
			}
		}
		ack, err = f.js.PublishMsg(ctx, msg, jetstream.WithExpectLastSequenceForSubject(f.seq.Load(), f.subject))
		unsure = err != nil
		return refused(err)
	})
	if err != nil {
		return nil, fmt.Errorf("watch: %s, %d bytes: %w", msg.Subject, len(msg.Data), err)
	}
	return ack, nil
}

// refused makes errFenced of the server's word for it. Where a cluster has another write of
// the same fence under way it says so with another code, and the write is tried again.
func refused(err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return fmt.Errorf("%w: %w", errFenced, err)
	}
	return err
}
