package alarm

import (
	"errors"
)

// ErrConfig reports a setting that is out of its range or does not fit the model.
var ErrConfig = errors.New("invalid setting")

var (
	// ErrOrder reports a sample that is not later than the one before it.
	ErrOrder = errors.New("sample is not later than the last one")
	// ErrNotMade reports the use of a Detector, or a model, that nothing has made.
	ErrNotMade = errors.New("not made by its package")
)

// ErrUnknown reports an alarm that a Detector does not remember, or has not raised.
var ErrUnknown = errors.New("unknown alarm")

// ErrState reports a State that does not fit the model or this version of the library.
var ErrState = errors.New("unusable state")
