package watch

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/klauspost/compress/s2"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// errJob reports a job that is not as it was written.
var errJob = errors.New("damaged job")

// jobHead is the first part of a job: what does not come in rows.
type jobHead struct {
	Stream   string
	Columns  []string
	Interval time.Duration
	Number   uint64
	Rows     int
	Model    int // bytes of the model from which the training starts; 0 for none
}

const jobMagic = "fleet job 1\n"

// encodeJob returns a window in the form in which it travels, and the key of its result: the
// hash of all that the training depends on. The same window gives the same bytes in every
// process. They are the magic, the length of the head (4 bytes, big endian), the head as JSON, and
// then times (nanoseconds since 1970), values and marks of the rows, and the model.
func encodeJob(w *monitor.Window) (job []byte, key string, err error) {
	var model bytes.Buffer
	if w.Model != nil {
		if err := w.Model.Save(&model); err != nil {
			return nil, "", fmt.Errorf("watch: job of %q: %w", w.Stream, err)
		}
	}
	head, err := json.Marshal(jobHead{w.Stream, w.Columns, w.Interval, w.Number, len(w.Times), model.Len()})
	if err != nil {
		return nil, "", fmt.Errorf("watch: job of %q: %w", w.Stream, err)
	}
	out := binary.BigEndian.AppendUint32([]byte(jobMagic), uint32(len(head)))
	out = append(out, head...)
	for _, t := range w.Times {
		out = binary.BigEndian.AppendUint64(out, uint64(t.UnixNano()))
	}
	for r := range w.Times {
		for _, v := range w.X.RawRowView(r) {
			out = binary.BigEndian.AppendUint64(out, math.Float64bits(v))
		}
	}
	for _, e := range w.Exclude {
		out = append(out, mark01(e))
	}
	out = append(out, model.Bytes()...)
	sum := sha256.Sum256(out)
	return s2.Encode(nil, out), hex.EncodeToString(sum[:16]), nil
}

func mark01(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// decodeJob reads what encodeJob has written.
func decodeJob(job []byte) (*monitor.Window, error) {
	if size, err := s2.DecodedLen(job); err != nil || size > largestState {
		return nil, fmt.Errorf("watch: job of %d bytes, at most %d: %w: %w", size, largestState, errJob, err)
	}
	text, err := s2.Decode(nil, job)
	if err != nil {
		return nil, fmt.Errorf("watch: %w: %w", errJob, err)
	}
	rest, ok := bytes.CutPrefix(text, []byte(jobMagic))
	if !ok || len(rest) < 4 {
		return nil, fmt.Errorf("watch: %d bytes that begin with %q: %w", len(text), text[:min(len(text), 16)], errJob)
	}
	n := uint64(binary.BigEndian.Uint32(rest))
	if rest = rest[4:]; n > uint64(len(rest)) {
		return nil, fmt.Errorf("watch: head of %d bytes in %d: %w", n, len(rest), errJob)
	}
	var head jobHead
	if err := json.Unmarshal(rest[:n], &head); err != nil {
		return nil, fmt.Errorf("watch: %w: %w", errJob, err)
	}
	return head.window(rest[n:])
}

// window reads the rows and the model.
func (h jobHead) window(rest []byte) (*monitor.Window, error) {
	width := len(h.Columns)
	if h.Rows < 1 || width < 1 || h.Model < 0 || h.Rows > len(rest) || width > len(rest) || h.Rows*(9+8*width)+h.Model != len(rest) {
		return nil, fmt.Errorf("watch: %d rows of %d columns and a model of %d bytes in %d bytes: %w", h.Rows, width, h.Model, len(rest), errJob)
	}
	next := func() (v uint64) {
		v, rest = binary.BigEndian.Uint64(rest), rest[8:]
		return v
	}
	w := &monitor.Window{Stream: h.Stream, Columns: h.Columns, Interval: h.Interval, Number: h.Number,
		Times: make([]time.Time, h.Rows), X: mat.NewDense(h.Rows, width, nil), Exclude: make([]bool, h.Rows)}
	for i := range w.Times {
		w.Times[i] = time.Unix(0, int64(next())).UTC()
	}
	for i := range h.Rows {
		for j := range width {
			w.X.Set(i, j, math.Float64frombits(next()))
		}
	}
	for i := range w.Exclude {
		w.Exclude[i] = rest[i] == 1
	}
	rest = rest[h.Rows:]
	if h.Model == 0 {
		return w, nil
	}
	var err error
	if w.Model, err = dagmm.Load(bytes.NewReader(rest)); err != nil {
		return nil, fmt.Errorf("watch: job of %q: %w: %w", h.Stream, errJob, err)
	}
	return w, nil
}
