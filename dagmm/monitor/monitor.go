package monitor

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/metric-streams/anomaly/internal/disk"
)

// Monitor watches many streams: it collects samples, trains a model per stream in the
// background, scores, and raises events. All its methods may be called from many
// goroutines. Samples of one stream are handled one after the other in the order of the
// calls. Scoring waits neither for training nor for other streams. A new stream waits for
// others only where MaxStreams are in memory and calls hold all of them.
//
// Locks are taken in this order: Monitor.saving, stream.mu, stream.file, training.file, and
// last Monitor.mu, those of the queue and of the journal. No function of the Config and no
// method of the Store is called under one of the last three.
type Monitor struct {
	cfg     Config
	ctx     context.Context
	cancel  context.CancelFunc
	workers sync.WaitGroup
	disk    disk.FS  // of journal and Folder
	journal *journal // nil without Config.Dir
	store   *states  // nil without a Store

	trainings trainings
	saving    sync.Mutex // one Save at a time

	mu      sync.RWMutex
	streams map[string]*stream
	claimed map[string]chan struct{} // names whose stream is being added or removed; closed afterwards
	closed  bool
	clock   atomic.Uint64 // counts look-ups, to tell the least recently used stream

	samples, dropped, events, alarms, trained, kept, failed, evicted atomic.Uint64
	invalid, wraps, resets, damaged                                  atomic.Uint64
}

// replaying reports whether the Monitor is reading its journal.
func (m *Monitor) replaying() bool { return m.journal != nil && m.journal.replaying }
