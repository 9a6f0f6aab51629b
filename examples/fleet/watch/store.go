package watch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// hostStore is the monitor.Store of one host. Its methods wait until the server has answered, or
// the partition is lost: a failed write would make events that one Monitor does not have.
// Only the host's goroutine uses it.
type hostStore struct {
	ctx       context.Context // done when the partition is lost
	fleet     *Fleet
	fence     *fence
	partition int
	token     string

	applied uint64 // number of the last message that the Monitor has
	name    string // of the state; "" where none is stored
	state   []byte // between reading the record and giving it to the Monitor
	models  map[string]modelRef
	aside   string // name of the damaged state in whose place the host begins anew; "" for none
	stored  int    // bytes of the record
}

var _ monitor.Store = (*hostStore)(nil)

const damagedSuffix = ".damaged" // of the name under which a Monitor keeps a damaged state

// openStore reads the record of a host.
func (p *partition) openStore(token string) (*hostStore, error) {
	s := &hostStore{ctx: p.ctx, fleet: p.fleet, fence: p.writes, partition: p.number, token: token, models: map[string]modelRef{}}
	data, err := s.get(ofHost(stateKey, p.number, token))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := decodeRecord(data)
	if err != nil {
		return nil, fmt.Errorf("watch: partition %d, host %s: %w", p.number, token, err)
	}
	s.applied, s.name, s.state, s.stored = r.Applied, r.Name, r.state, len(data)
	if r.Models != nil {
		s.models = r.Models
	}
	return s, nil
}

// get reads a key, and waits for the server.
func (s *hostStore) get(key string) (data []byte, err error) {
	err = again(s.ctx, func(ctx context.Context) error {
		entry, err := s.fleet.bucket.Get(ctx, key)
		if err == nil {
			data = entry.Value()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("watch: %s: %w", key, err)
	}
	return data, nil
}

// Load implements monitor.Store.
func (s *hostStore) Load(name string) ([]byte, error) {
	if ref, ok := s.models[name]; ok {
		data, err := s.get(ref.Key)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		}
		return data, err
	}
	if s.name == "" || name != s.name {
		return nil, fmt.Errorf("watch: host %s: %s: %w", s.token, name, fs.ErrNotExist)
	}
	if s.state != nil {
		return s.state, nil
	}
	// The Monitor wants the samples that it has left in the stored state (WindowConfig.Stored).
	data, err := s.get(ofHost(stateKey, s.partition, s.token))
	if err != nil {
		return nil, err
	}
	r, err := decodeRecord(data)
	return r.state, err
}

// modelNames begins the names that a Monitor gives to models; others are of states.
const modelNames = "model-"

// Save implements monitor.Store.
func (s *hostStore) Save(name string, data []byte) error {
	switch {
	case strings.HasPrefix(name, modelNames):
		return s.saveModel(name, data)
	case strings.HasSuffix(name, damagedSuffix):
		s.aside = name
		_, err := s.put(ofHost(damagedKey, s.partition, s.token), data)
		return err
	}
	text, err := record{Applied: s.applied, Name: name, Models: s.models, state: data}.encode()
	if err != nil {
		return err
	}
	if _, err := s.put(ofHost(stateKey, s.partition, s.token), text); err != nil {
		return err
	}
	s.name, s.stored = name, len(text)
	return nil
}

// saveModel stores a model under its content: that a training comes again after a crash makes
// no second one.
func (s *hostStore) saveModel(name string, data []byte) error {
	sum := sha256.Sum256(data)
	key := ofHost(modelKey, s.partition, s.token) + "." + hex.EncodeToString(sum[:16])
	seq, err := s.put(key, data)
	if err != nil {
		return err
	}
	s.models[name] = modelRef{Key: key, Seq: seq}
	return nil
}

func (s *hostStore) put(key string, data []byte) (seq uint64, err error) {
	ack, err := s.fence.publish(s.ctx, &nats.Msg{Subject: bucketPrefix + key, Data: data}, nil)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// Remove implements monitor.Store. A Monitor removes a model after it has stored a state that
// names a newer one. The message is removed by its number, so that a slow owner removes nothing
// but what it has seen.
func (s *hostStore) Remove(name string) error {
	ref, ok := s.models[name]
	if !ok {
		s.name, s.state = "", nil // a damaged one, which is kept under another name
		return nil
	}
	err := again(s.ctx, func(ctx context.Context) error {
		err := s.fleet.states.DeleteMsg(ctx, ref.Seq)
		if gone(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("watch: %s: %w", ref.Key, err)
	}
	delete(s.models, name)
	return nil
}

// gone reports that a message to delete is not there.
func gone(err error) bool {
	const noMessage, sequenceNotFound = 10037, 10043
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return errors.Is(err, jetstream.ErrMsgNotFound) || errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful)
	}
	return api.ErrorCode == noMessage || api.ErrorCode == sequenceNotFound
}

// Names implements monitor.Store.
func (s *hostStore) Names(prefix string) ([]string, error) {
	var names []string
	add := func(name string) {
		if name != "" && strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	for name := range s.models {
		add(name)
	}
	add(s.name)
	add(s.aside)
	return names, nil
}
