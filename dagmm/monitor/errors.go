package monitor

import (
	"errors"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor/internal/wal"
)

var (
	// ErrConfig reports a setting that is out of its range or does not fit the others.
	ErrConfig = errors.New("invalid setting")
	// ErrShort reports a stream with too few samples for what was asked.
	ErrShort = errors.New("too few samples")
	// ErrClosed reports a call of a Monitor after Close.
	ErrClosed = errors.New("monitor is closed")
)

// ErrState reports stored state, or a journal, that cannot be used.
var ErrState = errors.New("unusable state")

// ErrUnknown reports a stream or an event that cannot be judged.
var ErrUnknown = alarm.ErrUnknown

// ErrInUse reports a folder that another Monitor has open.
var ErrInUse = wal.ErrInUse
