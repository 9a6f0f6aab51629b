package watch

import (
	"context"
	"errors"
	"fmt"
	"sync"

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
	seq     uint64
	mu      sync.Mutex // a cluster checks one write of a fence at a time, and refuses others
}

// publish writes until the server has acknowledged, ctx is done, or the server refuses because
// of another owner (errFenced). id makes that a try whose acknowledgement was lost is not stored
// again; "" where that is no harm.
func (f *fence) publish(ctx context.Context, subject string, data []byte, id string) (*jetstream.PubAck, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ack *jetstream.PubAck
	err := again(ctx, func(ctx context.Context) error {
		opts := []jetstream.PublishOpt{jetstream.WithExpectLastSequenceForSubject(f.seq, f.subject)}
		if id != "" {
			opts = append(opts, jetstream.WithMsgID(id))
		}
		var err error
		ack, err = f.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: data}, opts...)
		return refused(err)
	})
	if err != nil {
		return nil, fmt.Errorf("watch: %s, %d bytes: %w", subject, len(data), err)
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
