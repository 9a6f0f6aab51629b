package monitor

import (
	"context"
	"sync"
	"sync/atomic"
)

// Monitor watches many streams: it collects samples, trains a model per stream in the
// background, scores, and raises events. All its methods may be called from many
// goroutines. Samples of one stream are handled one after the other in the order of the
// calls. Scoring waits neither for training nor for other streams, except while a new
// stream is added.
//
// Locks are taken in this order: Monitor.mu, stream.mu, stream.file, training.file, and last
// those of the queue and of the journal.
type Monitor struct {
	cfg     Config
	ctx     context.Context
	cancel  context.CancelFunc
	workers sync.WaitGroup
	journal *journal // nil without Config.Dir
	store   *states  // nil without a Store

	trainings trainings
	saving    sync.Mutex // one Save at a time

	mu      sync.RWMutex
	streams map[string]*stream
	closed  bool
	clock   atomic.Uint64 // counts look-ups, to tell the least recently used stream

	samples, dropped, events, alarms, trained, kept, failed, evicted atomic.Uint64
	invalid, wraps, resets, damaged                                  atomic.Uint64
}

// replaying reports whether the Monitor is reading its journal.
func (m *Monitor) replaying() bool { return m.journal != nil && m.journal.replaying }
