package watch

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// ErrSample reports a message that is no sample.
var ErrSample = errors.New("not a sample")

// Sample is a sample of a host: one value for each column, NaN where one is missing.
type Sample struct {
	Time   time.Time
	Values []float64
}

// sampleJSON is the form in which samples travel.
type sampleJSON struct {
	Time   time.Time  `json:"time"`
	Values []*float64 `json:"values"` // null is missing
}

// Encode returns {"time":"2026-01-02T15:04:05Z","values":[12.5,null,3]}.
func (s Sample) Encode() ([]byte, error) {
	out := append([]byte(`{"time":"`), s.Time.UTC().AppendFormat(nil, time.RFC3339Nano)...)
	out = append(out, `","values":[`...)
	for i, v := range s.Values {
		if i > 0 {
			out = append(out, ',')
		}
		switch {
		case math.IsNaN(v):
			out = append(out, "null"...)
		case math.IsInf(v, 0):
			return nil, fmt.Errorf("watch: value %d is %g: %w", i, v, ErrSample)
		default:
			out = strconv.AppendFloat(out, v, 'g', -1, 64)
		}
	}
	return append(out, "]}"...), nil
}

// DecodeSample reads what Encode has written, or any JSON like it.
func DecodeSample(text []byte) (Sample, error) {
	var in sampleJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return Sample{}, fmt.Errorf("watch: %w: %w", ErrSample, err)
	}
	if in.Time.IsZero() {
		return Sample{}, fmt.Errorf("watch: no time: %w", ErrSample)
	}
	s := Sample{Time: in.Time.UTC(), Values: make([]float64, len(in.Values))}
	for i, v := range in.Values {
		s.Values[i] = math.NaN()
		if v != nil {
			s.Values[i] = *v
		}
	}
	return s, nil
}
