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

// Storage says how the streams of a fleet are kept. It matters to the first process, which
// makes them.
type Storage struct {
	Replicas int           // of each stream, in a cluster
	MaxBytes int64         // of samples; those that do not fit are not acknowledged
	Dedup    time.Duration // how long the server remembers message ids; 0 means 2 minutes
	// Adopt takes the settings that the fleet has in place of the own ones.
	Adopt bool
}

// Fleet is a connection to a fleet.
type Fleet struct {
	Settings Settings

	nc      *nats.Conn
	js      jetstream.JetStream
	samples jetstream.Stream
	alarms  jetstream.Stream
	jobs    jetstream.Stream
	bucket  jetstream.KeyValue
	states  jetstream.Stream // of the bucket
	results jetstream.KeyValue
}

const (
	patience   = 5 * time.Second        // for one request to the server
	pause      = 100 * time.Millisecond // between tries, at first
	longPause  = 2 * time.Second        // and at most
	resultsAge = time.Hour              // how long results of trainings can be found
)

// Dial connects to the servers of a URL. The connection looks for the server again for ever,
// and notices within some seconds that it does not answer. What is published while there is
// no connection fails at once, and is not sent later.
func Dial(url, name string, more ...nats.Option) (*nats.Conn, error) {
	nc, err := nats.Connect(url, append([]nats.Option{nats.Name(name), nats.MaxReconnects(-1), nats.ReconnectWait(200 * time.Millisecond),
		nats.RetryOnFailedConnect(true), nats.ReconnectBufSize(-1), nats.PingInterval(time.Second), nats.MaxPingsOutstanding(3),
		nats.Timeout(2 * time.Second)}, more...)...)
	if err != nil {
		return nil, fmt.Errorf("watch: %s: %w", url, err)
	}
	return nc, nil
}

// Open makes the streams of a fleet where they are missing, and checks that the fleet has these
// settings. It waits for the server until ctx is done.
func Open(ctx context.Context, nc *nats.Conn, s Settings, storage Storage) (*Fleet, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(4096), jetstream.WithPublishAsyncTimeout(patience))
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	f := &Fleet{Settings: s, nc: nc, js: js}
	err = again(ctx, func(ctx context.Context) error { return f.make(ctx, storage) })
	return f, err
}

// make creates what is missing. Streams that are there stay as they are.
func (f *Fleet) make(ctx context.Context, storage Storage) error {
	// The bucket comes first, as its settings decide on the rest. Reads go to the leader: a
	// replica may lag behind the writes of the owner before. Clients' own buckets read from
	// replicas, so this one is made as a stream.
	var err error
	replicas := max(storage.Replicas, 1)
	f.states, err = f.stream(ctx, jetstream.StreamConfig{Name: "KV_" + bucketName, Subjects: []string{bucketPrefix + ">"}, MaxMsgsPerSubject: 1,
		AllowRollup: true, Discard: jetstream.DiscardNew, Replicas: replicas, Duplicates: storage.Dedup})
	if err != nil {
		return err
	}
	if f.bucket, err = f.js.KeyValue(ctx, bucketName); err != nil {
		return fmt.Errorf("watch: bucket %s: %w", bucketName, err)
	}
	if err := f.agree(ctx, storage.Adopt); err != nil {
		return err
	}
	n := f.Settings.Partitions
	f.samples, err = f.stream(ctx, jetstream.StreamConfig{Name: samplesStream, Subjects: []string{samplesPrefix + "*", samplesPrefix + "*." + tickToken},
		Discard: jetstream.DiscardNew, MaxBytes: storage.MaxBytes, Replicas: replicas, Duplicates: storage.Dedup,
		SubjectTransform: &jetstream.SubjectTransformConfig{Source: samplesPrefix + "*",
			Destination: fmt.Sprintf("%s{{partition(%d,1)}}.{{wildcard(1)}}", samplesPrefix, n)}})
	if err != nil {
		return err
	}
	f.alarms, err = f.stream(ctx, jetstream.StreamConfig{Name: alarmsStream, Subjects: []string{alarmsPrefix + "*.*", ownersPrefix + "*"},
		Replicas: replicas, Duplicates: storage.Dedup})
	if err != nil {
		return err
	}
	f.jobs, err = f.stream(ctx, jetstream.StreamConfig{Name: jobsStream, Subjects: []string{jobsPrefix + "*"}, Retention: jetstream.WorkQueuePolicy,
		Replicas: replicas, MaxAge: resultsAge, Duplicates: storage.Dedup})
	if err != nil {
		return err
	}
	f.results, err = f.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: resultsName, TTL: resultsAge, Replicas: replicas})
	if err != nil {
		return fmt.Errorf("watch: bucket %s: %w", resultsName, err)
	}
	return nil
}

// stream returns a stream, which it makes where there is none.
func (f *Fleet) stream(ctx context.Context, cfg jetstream.StreamConfig) (jetstream.Stream, error) {
	s, err := f.js.Stream(ctx, cfg.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		s, err = f.js.CreateStream(ctx, cfg)
	}
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another process was faster
		s, err = f.js.Stream(ctx, cfg.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("watch: stream %s: %w", cfg.Name, err)
	}
	return s, nil
}

// agree stores the settings where there are none, and compares them with those that are there, or
// takes those.
func (f *Fleet) agree(ctx context.Context, adopt bool) error {
	own, err := f.Settings.encode()
	if err != nil {
		return fmt.Errorf("watch: settings: %w", err)
	}
	_, err = f.bucket.Create(ctx, settingsKey, own)
	if err == nil {
		return nil
	}
	if !errors.Is(err, jetstream.ErrKeyExists) {
		return fmt.Errorf("watch: settings: %w", err)
	}
	stored, err := f.bucket.Get(ctx, settingsKey)
	if err != nil {
		return fmt.Errorf("watch: settings: %w", err)
	}
	if adopt {
		return f.adopt(stored.Value())
	}
	return f.Settings.same(stored.Value())
}

func (f *Fleet) adopt(stored []byte) error {
	var s Settings
	if err := json.Unmarshal(stored, &s); err != nil {
		return fmt.Errorf("watch: settings %q: %w: %w", stored, ErrSettings, err)
	}
	f.Settings = s
	return s.check()
}

// again calls f until it succeeds, ctx is done, or the error is one that does not pass. Each
// call has patience.
func again(ctx context.Context, f func(context.Context) error) error {
	for wait := pause; ; wait = min(2*wait, longPause) {
		once, cancel := context.WithTimeout(ctx, patience)
		err := f(once)
		cancel()
		if err == nil || lasting(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; the last error was: %w", context.Cause(ctx), err)
		case <-time.After(wait):
		}
	}
}

// lasting reports errors that another try does not change.
func lasting(err error) bool {
	for _, e := range []error{ErrSettings, ErrName, ErrSample, errFenced, errRecord, nats.ErrMaxPayload, nats.ErrAuthorization, jetstream.ErrKeyNotFound,
		jetstream.ErrMsgNotFound, jetstream.ErrKeyExists} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
