// Package remotewrite reads what Prometheus sends by remote write, versions 1 and 2, after
// decompression. It holds one series at a time.
package remotewrite

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metric-streams/anomaly/examples/anomalyd/series"
)

// ErrFormat reports bytes that are no message of remote write.
var ErrFormat = errors.New("no remote write message")

// Version of the messages.
type Version int

// Versions of remote write: prometheus.WriteRequest and io.prometheus.write.v2.Request.
const (
	V1 Version = 1
	V2 Version = 2
)

// Sample of a series.
type Sample struct {
	Time  int64 // in milliseconds since 1970
	Value float64
}

// staleNaN is the value by which Prometheus says that a series has ended.
const staleNaN uint64 = 0x7ff0000000000002

// Ends reports whether the sample says that its series has ended.
func (s Sample) Ends() bool { return math.Float64bits(s.Value) == staleNaN }

// Stale returns the sample that says so.
func Stale(t int64) Sample { return Sample{t, math.Float64frombits(staleNaN)} }

// Series is one series of a message. It is good until the next one.
type Series struct {
	Name    []byte // of the metric
	Labels  series.Labels
	Samples []Sample
	// Histograms counts the native histograms, which are left out.
	Histograms int
}

// The numbers of the fields.
const (
	v1Series  protowire.Number = 1
	v2Symbols protowire.Number = 4
	v2Series  protowire.Number = 5

	seriesLabels    protowire.Number = 1 // messages in version 1, indices of symbols in version 2
	seriesSamples   protowire.Number = 2
	v1Histograms    protowire.Number = 4
	v2Histograms    protowire.Number = 3
	labelName       protowire.Number = 1
	labelValue      protowire.Number = 2
	sampleValue     protowire.Number = 1
	sampleTime      protowire.Number = 2
	metricNameLabel                  = "__name__"
	mostLabels                       = 1000 // of a series
	mostSamples                      = 100_000
)

// Decode calls each for every series of a message.
func Decode(message []byte, v Version, each func(*Series)) error {
	d := decoder{version: v}
	number, histograms := v1Series, v1Histograms
	if v == V2 {
		number, histograms = v2Series, v2Histograms
		if err := d.readSymbols(message); err != nil {
			return err
		}
	}
	d.histograms = histograms
	index := 0
	return fields(message, func(n protowire.Number, f field) error {
		if n != number {
			return nil
		}
		if err := d.readSeries(f); err != nil {
			return fmt.Errorf("series %d: %w", index, err)
		}
		index++
		each(&d.out)
		return nil
	})
}

type decoder struct {
	version    Version
	histograms protowire.Number
	symbols    [][]byte
	out        Series
}

func (d *decoder) readSymbols(message []byte) error {
	return fields(message, func(n protowire.Number, f field) error {
		if n == v2Symbols {
			if f.kind != protowire.BytesType {
				return fmt.Errorf("remotewrite: a symbol of wire type %d: %w", f.kind, ErrFormat)
			}
			d.symbols = append(d.symbols, f.bytes)
		}
		return nil
	})
}

func (d *decoder) readSeries(f field) error {
	if f.kind != protowire.BytesType {
		return fmt.Errorf("remotewrite: wire type %d: %w", f.kind, ErrFormat)
	}
	d.out = Series{Labels: d.out.Labels[:0], Samples: d.out.Samples[:0]}
	return fields(f.bytes, func(n protowire.Number, f field) error {
		switch n {
		case seriesLabels:
			return d.readLabels(f)
		case seriesSamples:
			return d.readSample(f)
		case d.histograms:
			d.out.Histograms++
		}
		return nil
	})
}

func (d *decoder) readLabels(f field) error {
	if d.version == V2 {
		return d.readReferences(f)
	}
	if f.kind != protowire.BytesType {
		return fmt.Errorf("remotewrite: a label of wire type %d: %w", f.kind, ErrFormat)
	}
	var one series.Label
	err := fields(f.bytes, func(n protowire.Number, f field) error {
		switch n {
		case labelName:
			one.Name = f.bytes
		case labelValue:
			one.Value = f.bytes
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.label(one)
}

func (d *decoder) label(one series.Label) error {
	if string(one.Name) == metricNameLabel {
		d.out.Name = one.Value
		return nil
	}
	if len(d.out.Labels) >= mostLabels {
		return fmt.Errorf("remotewrite: more than %d labels: %w", mostLabels, ErrFormat)
	}
	d.out.Labels = append(d.out.Labels, one)
	return nil
}

// readReferences reads the indices of names and values in turn.
func (d *decoder) readReferences(f field) error {
	if f.kind != protowire.BytesType {
		return fmt.Errorf("remotewrite: references of wire type %d: %w", f.kind, ErrFormat)
	}
	for rest := f.bytes; len(rest) > 0; {
		var pair [2][]byte
		for i := range pair {
			index, n := protowire.ConsumeVarint(rest)
			if n < 0 || index >= uint64(len(d.symbols)) {
				return fmt.Errorf("remotewrite: a label refers to no symbol (%d are there): %w", len(d.symbols), ErrFormat)
			}
			pair[i], rest = d.symbols[index], rest[n:]
		}
		if err := d.label(series.Label{Name: pair[0], Value: pair[1]}); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) readSample(f field) error {
	if f.kind != protowire.BytesType {
		return fmt.Errorf("remotewrite: a sample of wire type %d: %w", f.kind, ErrFormat)
	}
	var s Sample
	err := fields(f.bytes, func(n protowire.Number, f field) error {
		switch {
		case n == sampleValue && f.kind == protowire.Fixed64Type:
			s.Value = math.Float64frombits(f.number)
		case n == sampleTime && f.kind == protowire.VarintType:
			s.Time = int64(f.number)
		case n == sampleValue || n == sampleTime:
			return fmt.Errorf("remotewrite: field %d of a sample has wire type %d: %w", n, f.kind, ErrFormat)
		}
		return nil
	})
	if len(d.out.Samples) >= mostSamples {
		return fmt.Errorf("remotewrite: more than %d samples: %w", mostSamples, ErrFormat)
	}
	d.out.Samples = append(d.out.Samples, s)
	return err
}

// field is the content of one field.
type field struct {
	kind   protowire.Type
	bytes  []byte // of BytesType
	number uint64 // of VarintType and Fixed64Type
}

// fields calls each for every field of a message.
func fields(message []byte, each func(protowire.Number, field) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return fmt.Errorf("remotewrite: %w: %w", ErrFormat, protowire.ParseError(n))
		}
		message = message[n:]
		f := field{kind: kind}
		switch kind {
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			f.number, n = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			f.number, n = protowire.ConsumeFixed64(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return fmt.Errorf("remotewrite: field %d: %w: %w", number, ErrFormat, protowire.ParseError(n))
		}
		message = message[n:]
		if err := each(number, f); err != nil {
			return err
		}
	}
	return nil
}
