package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Message is a message of the stream of samples: a sample of a host, or the time in a partition
// (Host is "").
type Message struct {
	Seq       uint64 // number in the stream
	Partition int
	Host      string
	Sample
}

// Follow reads the stream of samples from its beginning, without a gap, and calls f for each
// message until ctx is done.
func (f *Fleet) Follow(ctx context.Context, take func(Message)) error {
	last := uint64(0)
	for ctx.Err() == nil {
		err := f.followOn(ctx, samplesStream, "", &last, func(subject string, data []byte) error {
			m, err := decodeMessage(subject, data)
			if err == nil {
				m.Seq = last
				take(m)
			}
			return err
		})
		if lasting(err) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return nil
}

func decodeMessage(subject string, data []byte) (m Message, err error) {
	if m.Partition, err = partitionOf(subject); err != nil {
		return m, err
	}
	if isTick(subject) {
		m.Time, err = decodeTick(data)
		return m, err
	}
	if _, m.Host, err = hostOf(subject); err != nil {
		return m, err
	}
	m.Sample, err = DecodeSample(data)
	return m, err
}

// followOn reads a stream after the message last, until ctx is done or the connection breaks.
func (f *Fleet) followOn(ctx context.Context, stream, filter string, last *uint64, take func(subject string, data []byte) error) error {
	once, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cfg := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: *last + 1, MaxResetAttempts: 1}
	if filter != "" {
		cfg.FilterSubjects = []string{filter}
	}
	c, err := f.js.OrderedConsumer(once, stream, cfg)
	if err != nil {
		return err
	}
	messages, err := c.Messages(jetstream.PullMaxMessages(512), jetstream.PullExpiry(10*time.Second), jetstream.PullHeartbeat(time.Second))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		meta, err := msg.Metadata()
		if err != nil {
			return err
		}
		*last = meta.Sequence.Stream
		if err := take(msg.Subject(), msg.Data()); err != nil {
			return fmt.Errorf("watch: %s, message %d: %w", stream, *last, err)
		}
	}
}

// Alarms returns the events in the stream of alarms, as JSON, by host and in the order of the
// stream.
func (f *Fleet) Alarms(ctx context.Context) (map[string][]string, error) {
	info, err := f.alarms.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("watch: %s: %w", alarmsStream, err)
	}
	out := map[string][]string{}
	for seq := info.State.FirstSeq; seq <= info.State.LastSeq && info.State.Msgs > 0; seq++ {
		msg, err := f.alarms.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("watch: %s, message %d: %w", alarmsStream, seq, err)
		}
		if len(msg.Subject) <= len(alarmsPrefix) || msg.Subject[:len(alarmsPrefix)] != alarmsPrefix {
			continue // the mark of an owner
		}
		_, host, err := hostOf(msg.Subject)
		if err != nil {
			return nil, err
		}
		out[host] = append(out[host], string(msg.Data))
	}
	return out, nil
}

// LastSample returns the number of the last message in the stream of samples. It waits for the
// server until ctx is done.
func (f *Fleet) LastSample(ctx context.Context) (last uint64, err error) {
	err = again(ctx, func(ctx context.Context) error {
		info, err := f.samples.Info(ctx)
		if err == nil {
			last = info.State.LastSeq
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("watch: %s: %w", samplesStream, err)
	}
	return last, nil
}

// Low returns the number of the message up to which the stored states of all hosts go.
func (f *Fleet) Low(ctx context.Context) (low uint64, err error) {
	err = again(ctx, func(ctx context.Context) error {
		low, err = f.low(ctx)
		return err
	})
	return low, err
}

// Beats calls f with what the workers say of themselves, until stop is called.
func (f *Fleet) Beats(take func(Beat)) (stop func(), err error) {
	sub, err := f.nc.Subscribe(beatSubject, func(m *nats.Msg) {
		var b Beat
		if json.Unmarshal(m.Data, &b) == nil {
			take(b)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	return func() { _ = sub.Unsubscribe() }, nil
}
