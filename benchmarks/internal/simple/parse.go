package simple

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/metric-streams/anomaly/gmm"
)

// Options hold for every method of a run.
type Options struct {
	MaxRows int       // training rows a method gets after thinning, 0 for all
	Context []float64 // smoothing factors of "+context", nil for DefaultContext
	Set     string    // set of the paper that the rows are from, "" for none
}

// methods maps a name to its detector with default settings.
var methods = map[string]func() Detector{
	"random":        func() Detector { return &Random{} },
	"maxz":          func() Detector { return &MaxZ{} },
	"pca":           func() Detector { return &PCA{} },
	"gaussian":      func() Detector { return &Gaussian{} },
	"gaussian-trim": func() Detector { return &Gaussian{Trim: .005} },
	"fulldiag":      func() Detector { return &Gaussian{Diagonal: .5} },
	"gmm":           func() Detector { return &Mixture{} },
	"gmm-trim":      func() Detector { return &Mixture{gmm.FitConfig{Trim: .005}} },
	"knn":           func() Detector { return &KNN{} },
	"isoforest":     func() Detector { return &IsolationForest{} },
}

// Names returns the names Parse knows, sorted.
func Names() []string {
	names := slices.Collect(maps.Keys(methods))
	for name := range presets("") {
		names = append(names, name, name+untrained)
	}
	slices.Sort(names)
	return names
}

// untrained after the name of a preset is the same model with random weights.
const untrained = "-untrained"

// create returns the named method with default settings.
func create(name string, opt Options) (Detector, error) {
	if method, ok := methods[name]; ok {
		return method(), nil
	}
	preset, random := strings.CutSuffix(name, untrained)
	if cfg, ok := presets(opt.Set)[preset]; ok {
		cfg.Untrained = random
		return &DAGMM{Config: cfg, MaxRows: opt.MaxRows}, nil
	}
	return nil, fmt.Errorf("simple: method %q: unknown, want one of %s", name, strings.Join(Names(), ", "))
}

// Parse returns the detector that a specification names:
//
//	name[{json}][+context][+clip]
//
// The JSON object sets exported fields of the method's settings, as in
// knn{"K":5}. "+context" adds deviations from recent levels to the inputs,
// "+clip" bounds them by 10·asinh(z/10). A preset of the library gets the rows
// as they are, and its own context by "+context". "mean(a;b)" averages specifications, see
// Mean.
func Parse(spec string, opt Options) (Detector, error) {
	if strings.HasPrefix(spec, "mean(") {
		return parseMean(spec, opt)
	}
	head, suffixes := spec, ""
	if i := strings.LastIndexByte(spec, '}'); i >= 0 {
		head, suffixes = spec[:i+1], spec[i+1:]
	} else if i := strings.IndexByte(spec, '+'); i >= 0 {
		head, suffixes = spec[:i], spec[i:]
	}
	name, settings := head, ""
	if i := strings.IndexByte(head, '{'); i >= 0 {
		name, settings = head[:i], head[i:]
	}
	method, err := create(name, opt)
	if err != nil {
		return nil, err
	}
	if settings != "" {
		dec := json.NewDecoder(bytes.NewReader([]byte(settings)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(method); err != nil {
			return nil, fmt.Errorf("simple: method %q: settings: %w", spec, err)
		}
	}
	if opt.Context == nil {
		opt.Context = DefaultContext
	}
	if own, ok := method.(*DAGMM); ok && (suffixes == "" || suffixes == "+context") {
		if suffixes != "" {
			own.RecentLevels = opt.Context
		}
		return own, nil
	}
	p := &Pipeline{Method: method, MaxRows: opt.MaxRows}
	for _, suffix := range strings.Split(suffixes, "+")[1:] {
		switch suffix {
		case "context":
			p.Context = opt.Context
		case "clip":
			p.Clip = true
		default:
			return nil, fmt.Errorf("simple: method %q: suffix %q: want context or clip", spec, suffix)
		}
	}
	return p, nil
}

// Split separates a comma-separated list of specifications; commas inside
// braces belong to the settings.
func Split(list string) []string {
	var specs []string
	depth, start := 0, 0
	for i, c := range list + "," {
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			if depth > 0 && i < len(list) {
				continue
			}
			if spec := strings.TrimSpace(list[start:i]); spec != "" {
				specs = append(specs, spec)
			}
			start = i + 1
		}
	}
	return specs
}
