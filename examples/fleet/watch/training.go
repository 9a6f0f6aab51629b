package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// A result of a training begins with one of these; the error's text or the model follows.
const (
	resultError = 'e'
	resultModel = 'm'
)

const (
	askAgain  = 3 * time.Second  // for a result whose announcement may be lost, and later more rarely
	askRarely = 12 * time.Second // but at least so often
	sendAgain = 2 * time.Minute  // a job that may be lost
)

// fit is the TrainFunc of a partition's Monitors: it lets some worker train, and waits for the
// result. A training that was under way when the owner before died is found by the hash of its
// window.
func (p *partition) fit(_ context.Context, w *monitor.Window) (*dagmm.Model, error) {
	job, key, err := encodeJob(w)
	if err != nil {
		return nil, err
	}
	arrived, done := p.results.expect(key)
	defer done()
	var sent time.Time
	var connection uint64
	tries := 0
	for wait := askAgain; ; wait = min(2*wait, askRarely) {
		result, err := p.result(key)
		if err != nil {
			p.fail(err)
			return nil, err
		}
		if result != nil {
			return readResult(result)
		}
		// A server that was killed may come back without the job, or pass it over.
		if now := p.fleet.nc.Stats().Reconnects; tries == 0 || now != connection || time.Since(sent) > sendAgain {
			if err := p.fleet.sendJob(p.ctx, key, tries, job); err != nil {
				p.fail(err)
				return nil, err
			}
			connection, sent = now, time.Now()
			tries++
		}
		select {
		case <-p.ctx.Done():
			return nil, context.Cause(p.ctx)
		case <-arrived:
		case <-time.After(wait):
		}
	}
}

// result returns the result of a job; nil where there is none yet.
func (p *partition) result(key string) (result []byte, err error) {
	err = again(p.ctx, func(ctx context.Context) error {
		entry, err := p.fleet.results.Get(ctx, key)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			return nil
		}
		if err == nil {
			result = entry.Value()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("watch: result of training %s: %w", key, err)
	}
	return result, nil
}

// readResult returns the model of a training, or the error that it ended with.
func readResult(result []byte) (*dagmm.Model, error) {
	if len(result) > 0 && result[0] == resultError {
		return nil, errors.New(string(result[1:]))
	}
	return dagmm.Load(bytes.NewReader(result[min(1, len(result)):]))
}

// sendJob puts a job into the queue. That it is there twice is no harm, as the second one finds
// the result of the first.
func (f *Fleet) sendJob(ctx context.Context, key string, try int, job []byte) error {
	err := again(ctx, func(ctx context.Context) error {
		_, err := f.js.Publish(ctx, jobsPrefix+key, job, jetstream.WithMsgID(fmt.Sprintf("%s:%d", key, try)))
		return err
	})
	if err != nil {
		return fmt.Errorf("watch: training %s of %d bytes: %w", key, len(job), err)
	}
	return nil
}

// arrivals tells those who wait that a result is there.
type arrivals struct {
	mu sync.Mutex
	of map[string]chan struct{}
}

// expect returns a channel that is told when the result of a key arrives. Call done when it
// is no longer of interest.
func (a *arrivals) expect(key string) (arrived <-chan struct{}, done func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := make(chan struct{}, 1)
	a.of[key] = c
	return c, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.of[key] == c {
			delete(a.of, key)
		}
	}
}

// tellAll lets all who wait look, because announcements may have been missed.
func (a *arrivals) tellAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.of {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (a *arrivals) tell(msg *nats.Msg) {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case a.of[string(msg.Data)] <- struct{}{}: // a nil channel is never ready
	default:
	}
}

// Train takes jobs from the queue until ctx is done, one after the other, and tells of each that it
// has done, or failed to do.
func (f *Fleet) Train(ctx context.Context, trained func(key string, err error)) error {
	const (
		longest = 10 * time.Second // until a job whose trainer is silent goes to another one
		tries   = 10               // for a job that kills its trainers
	)
	for ctx.Err() == nil {
		err := again(ctx, func(once context.Context) error {
			c, err := f.js.CreateOrUpdateConsumer(once, jobsStream, jetstream.ConsumerConfig{Durable: "trainers", AckPolicy: jetstream.AckExplicitPolicy,
				AckWait: longest, MaxDeliver: tries, MaxAckPending: -1})
			if err != nil {
				return err
			}
			for ctx.Err() == nil {
				msg, err := next(ctx, c)
				if err != nil {
					return err
				}
				if msg == nil {
					continue
				}
				key := msg.Subject()[len(jobsPrefix):]
				if is, err := f.do(ctx, key, msg, longest/3); is || err != nil {
					trained(key, err)
				}
			}
			return nil
		})
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("watch: trainer: %w", err)
		}
	}
	return nil
}

// next waits for a job; nil where none comes for a while.
func next(ctx context.Context, c jetstream.Consumer) (jetstream.Msg, error) {
	once, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	msg, err := c.Next(jetstream.FetchContext(once), jetstream.FetchHeartbeat(patience/4))
	if once.Err() != nil || errors.Is(err, nats.ErrTimeout) || errors.Is(err, jetstream.ErrNoMessages) {
		return msg, nil
	}
	return msg, err
}

// do does a job unless its result is there, and reports whether it has trained. The result is
// stored before the job is acknowledged.
func (f *Fleet) do(ctx context.Context, key string, msg jetstream.Msg, alive time.Duration) (trained bool, err error) {
	defer keepAlive(msg, alive)()
	_, err = f.results.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		var result []byte
		if result, err = f.train(ctx, msg.Data()); err != nil {
			if errors.Is(err, errJob) {
				err = errors.Join(err, msg.Term()) // nobody else can read it either
			}
			return false, err
		}
		trained = true
		err = again(ctx, func(ctx context.Context) error {
			_, err := f.results.Create(ctx, key, result)
			if errors.Is(err, jetstream.ErrKeyExists) {
				return nil // somebody else did it too, and the first result counts
			}
			return err
		})
	}
	if err == nil {
		err = f.nc.Publish(trainedSubject, []byte(key))
	}
	if err != nil {
		return trained, err
	}
	return trained, msg.Ack()
}

// train returns the result of a job. An error means that there is none, and that the job should
// be done by somebody else.
func (f *Fleet) train(ctx context.Context, job []byte) ([]byte, error) {
	w, err := decodeJob(job)
	if err != nil {
		return nil, err
	}
	model, err := fitted(ctx, f.Settings.Train(), w)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var out bytes.Buffer
	if err == nil {
		out.WriteByte(resultModel)
		err = model.Save(&out)
	}
	if err != nil {
		return append([]byte{resultError}, err.Error()...), nil
	}
	return out.Bytes(), nil
}

// fitted calls the training. A panic is an error, in the words of a Monitor.
func fitted(ctx context.Context, train monitor.TrainFunc, w *monitor.Window) (m *dagmm.Model, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("training panicked: %v", p)
		}
	}()
	return train(ctx, w)
}

// keepAlive tells the server every so often that the job is being done, until stop is called.
func keepAlive(msg jetstream.Msg, every time.Duration) (stop func()) {
	done := make(chan struct{})
	go func() {
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				_ = msg.InProgress() // if it fails, somebody else does the job too
			}
		}
	}()
	return func() { close(done) }
}
