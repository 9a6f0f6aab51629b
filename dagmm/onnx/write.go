package onnx

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/internal/atomicfile"
)

// ErrModel reports a model that an ONNX file cannot hold.
var ErrModel = errors.New("the model cannot be written as ONNX")

// Options says how a model is written. The zero Options works.
type Options struct {
	// Float32 writes a graph in single precision instead of double.
	Float32 bool
}

const (
	irVersion     = 8
	opsetVersion  = 17
	format        = "dagmm-onnx"
	formatVersion = "1"
	// maxFile is what a protobuf can hold.
	maxFile = math.MaxInt32
)

// Write writes the model to w. A model that the file could not hold without another score is an
// error that wraps ErrModel and names what is in the way.
func Write(w io.Writer, m *dagmm.Model, opt Options) error {
	text, err := encode(m, opt)
	if err == nil {
		_, err = w.Write(text)
	}
	if err != nil {
		return fmt.Errorf("onnx: write: %w", err)
	}
	return nil
}

// WriteFile writes the model to the file path, all or nothing, as Model.SaveFile does.
func WriteFile(path string, m *dagmm.Model, opt Options) error {
	err := atomicfile.Replace(path, func(w io.Writer) error { return Write(w, m, opt) })
	if err != nil {
		return fmt.Errorf("onnx: %s: %w", path, err)
	}
	return nil
}

func encode(m *dagmm.Model, opt Options) ([]byte, error) {
	if m == nil {
		return nil, fmt.Errorf("no model: %w", ErrModel)
	}
	properties, err := metadata(m, opt)
	if err != nil {
		return nil, err
	}
	g := newGraph(opt)
	scorer{g, m, m.Parameters()}.write()
	if g.err != nil {
		return nil, g.err
	}
	text := encodeModel(g, m.Training().Version, properties)
	if len(text) > maxFile {
		return nil, fmt.Errorf("%d bytes, at most %d fit into a file: %w", len(text), maxFile, ErrModel)
	}
	return text, nil
}
