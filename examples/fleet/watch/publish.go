package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Outgoing is a sample to be published.
type Outgoing struct {
	Token string // of the host
	Sample
	Again bool // without a message id, so that the stream takes it though it has it
}

// ID returns the message id of a sample: a second copy of it is the same sample.
func (o Outgoing) ID() string {
	return o.Token + ":" + o.Time.UTC().Format(time.RFC3339Nano)
}

// Publish publishes samples, of which each host has at most one, and returns when the stream has
// acknowledged all of them. It tries again until ctx is done.
func (f *Fleet) Publish(ctx context.Context, samples []Outgoing) error {
	msgs := make([]*nats.Msg, len(samples))
	for i, s := range samples {
		text, err := s.Encode()
		if err != nil {
			return fmt.Errorf("watch: host %s: %w", s.Token, err)
		}
		msgs[i] = &nats.Msg{Subject: SampleSubject(s.Token), Data: text, Header: nats.Header{}}
		if !s.Again {
			msgs[i].Header.Set(jetstream.MsgIDHeader, s.ID())
		}
	}
	return f.publishAll(ctx, msgs)
}

// publishAll publishes messages until all are acknowledged or ctx is done.
func (f *Fleet) publishAll(ctx context.Context, msgs []*nats.Msg) error {
	return again(ctx, func(ctx context.Context) (err error) {
		msgs, err = f.publishOnce(ctx, msgs)
		return err
	})
}

// publishOnce publishes messages and returns those that have not been acknowledged.
func (f *Fleet) publishOnce(ctx context.Context, msgs []*nats.Msg) (left []*nats.Msg, err error) {
	futures := make([]jetstream.PubAckFuture, len(msgs))
	var errs error
	for i, m := range msgs {
		m.Reply = "" // of a try before
		if futures[i], err = f.js.PublishMsgAsync(m); err != nil {
			errs = err
			break
		}
	}
	for i, m := range msgs {
		if futures[i] == nil {
			left = append(left, m)
			continue
		}
		select {
		case <-futures[i].Ok():
		case err := <-futures[i].Err():
			left, errs = append(left, m), err
		case <-ctx.Done():
			left, errs = append(left, m), ctx.Err()
		}
	}
	if errs != nil {
		return left, fmt.Errorf("watch: %d of %d samples are not acknowledged: %w", len(left), len(msgs), errs)
	}
	return nil, nil
}
