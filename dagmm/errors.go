package dagmm

import (
	"errors"
)

var (
	// ErrWidth reports a row or matrix that is not as wide as the model's columns.
	ErrWidth = errors.New("wrong width")
	// ErrNotFinite reports an infinite value, or NaN where a complete row is needed.
	ErrNotFinite = errors.New("not a finite number")
	// ErrContext reports a single row given to a model that needs the rows before it.
	ErrContext = errors.New("the model was trained on a series: score with Series, or sample by sample with Stream")
	// ErrModel reports a model, or a model file, whose parts do not fit together.
	ErrModel = errors.New("invalid model")
	// ErrState reports the stored state of a Stream, or a context, of another model.
	ErrState = errors.New("state of another model")
)
