package onnx

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"unicode/utf8"

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
	if size := g.size(); size > maxFile {
		return nil, fmt.Errorf("%d bytes of parameters, at most %d fit: %w", size, maxFile, ErrModel)
	}
	return encodeModel(g, m.Training().Version, properties), nil
}

// property is an entry of the file's metadata.
type property struct{ key, value string }

func metadata(m *dagmm.Model, opt Options) ([]property, error) {
	p := m.Parameters()
	for j, c := range p.Columns {
		if !utf8.ValidString(c) {
			return nil, fmt.Errorf("the name of column %d, %q, is not UTF-8: %w", j, c, ErrModel)
		}
	}
	precision := "double"
	if opt.Float32 {
		precision = "float"
	}
	list := []property{
		{"format", format}, {"format_version", formatVersion}, {"library_version", p.Training.Version}, {"preset", p.Training.Preset},
		{"columns", jsonText(p.Columns)}, {"threshold", jsonText(p.Threshold)}, {"quantile", jsonText(p.Quantile)}, {"precision", precision},
	}
	if p.Training.Interval > 0 {
		list = append(list, property{"interval_seconds", jsonText(p.Training.Interval)})
	}
	if m.HasContext() {
		list = append(list, property{"smoothing", jsonText(p.RecentLevels.Alphas)}, property{"warm_up", strconv.Itoa(dagmm.ContextWarmUp)})
	}
	if hasSeason(p) {
		zone := p.Season.Zone().String()
		if zone == "Local" {
			return nil, fmt.Errorf(`the season is of the time zone "Local", which elsewhere is another: %w`, ErrModel)
		}
		list = append(list, property{"season_zone", zone})
	}
	if r := m.Reading(); r != nil {
		list = append(list, property{"reading", jsonText(r)})
	}
	for _, p := range list {
		if !utf8.ValidString(p.value) {
			return nil, fmt.Errorf("the property %s, %q, is not UTF-8: %w", p.key, p.value, ErrModel)
		}
	}
	return list, nil
}

// jsonText is the JSON of finite numbers and of strings in UTF-8, which has no error.
func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}
