package watch

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/klauspost/compress/s2"
)

// errRecord reports a record of a host that is not as it was written.
var errRecord = errors.New("damaged record")

// record is what is stored of a host: the state of its Monitor, the message up to which that
// state goes, and where the models are that it names. One record is written at once, so the
// parts always fit together.
type record struct {
	Applied uint64              // number of the last message, in the stream of samples
	Name    string              // that the Monitor gives to its state
	Models  map[string]modelRef // by the names that it gives to them
	state   []byte
}

// modelRef says where a model is.
type modelRef struct {
	Key string // in the bucket
	Seq uint64 // of the message that holds it
}

const (
	recordMagic  = "fleet host 1\n"
	largestState = 1 << 30 // bytes, unpacked
)

// encode returns the magic, the length of the head (4 bytes, big endian), the head as JSON, and
// the compressed state.
func (r record) encode() ([]byte, error) {
	head, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("watch: record: %w", err)
	}
	out := append([]byte(recordMagic), 0, 0, 0, 0)
	binary.BigEndian.PutUint32(out[len(recordMagic):], uint32(len(head)))
	return append(append(out, head...), s2.Encode(nil, r.state)...), nil
}

func decodeRecord(data []byte) (r record, err error) {
	rest, ok := bytes.CutPrefix(data, []byte(recordMagic))
	if !ok || len(rest) < 4 {
		return r, fmt.Errorf("watch: %d bytes that begin with %q: %w", len(data), data[:min(len(data), 16)], errRecord)
	}
	n := uint64(binary.BigEndian.Uint32(rest))
	if rest = rest[4:]; n > uint64(len(rest)) {
		return r, fmt.Errorf("watch: head of %d bytes in %d: %w", n, len(rest), errRecord)
	}
	if err := json.Unmarshal(rest[:n], &r); err != nil {
		return r, fmt.Errorf("watch: %w: %w", errRecord, err)
	}
	if size, err := s2.DecodedLen(rest[n:]); err != nil || size > largestState {
		return r, fmt.Errorf("watch: state of %d bytes, at most %d: %w: %w", size, largestState, errRecord, err)
	}
	if r.state, err = s2.Decode(nil, rest[n:]); err != nil {
		return r, fmt.Errorf("watch: %w: %w", errRecord, err)
	}
	return r, nil
}
