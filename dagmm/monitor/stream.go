package monitor

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/ingest"
)

// stream is one host of a Monitor.
type stream struct {
	id   string
	used atomic.Uint64 // Monitor.clock at the last look-up

	file sync.Mutex // held while the state is written; taken after mu where both are held

	mu   sync.Mutex
	gone bool // evicted or removed; set with both locks held, so either is enough to read it

	input    *ingest.Input
	detector *alarm.Detector // nil while the stream warms up
	metrics  metricRuns      // of the detector's model
	model    string          // stored name of the model; "" without a Store
	pruned   string          // the model for which older ones have been removed

	applied uint64 // number of the last journal record that has taken effect
	samples uint64
	memory  memory
	named   []span       // incidents that somebody has named
	alarms  []alarmEvent // the latest, by their number
	lost    string       // stored name of the damaged state before this one

	training   *training // under way, or ended and not taken over
	inTraining bool
	reason     string    // of that training
	trained    time.Time // when the last training began, by the samples' clock
	trainings  uint64
	drift      float64   // mean over recent samples of whether p ≤ gateP
	falsified  bool      // an alarm was called false since a training began for that
	learned    time.Time // the model in use has learned no later sample; zero where that is unknown
	changed    time.Time // for good: the beginning of the last alarm that was accepted as normal

	seq       uint64        // of the last event
	pending   []alarm.Event // raised and not handed out yet
	results   []result      // not handed out yet
	delivered uint64        // Seq of the last event handed out
	noted     uint64        // and of the last one that the journal knows to be
}

// span is a time that stays out of training, both ends included.
type span struct {
	from, to time.Time
	alarm    uint64 // that somebody has called real; 0 for other times
	expected bool   // what happens then is expected
}

// result is what Config.Scored is to be told.
type result struct {
	time time.Time
	alarm.Result
}

// exclude remembers a known incident: at most a thousand that have not left the memory.
func (s *stream) exclude(r span) {
	const most = 1000
	if s.memory.len() > 0 {
		s.named = slices.DeleteFunc(s.named, func(r span) bool { return r.to.UnixNano() < s.memory.first() })
	}
	s.named = append(s.named, r)
	s.named = s.named[max(0, len(s.named)-most):]
}

// known marks the remembered samples that lie in known incidents.
func (s *stream) known() []bool {
	out := make([]bool, s.memory.len())
	for _, r := range s.named {
		from, to := r.from.UnixNano(), r.to.UnixNano()
		for i, t := range s.memory.times {
			out[i] = out[i] || t >= from && t <= to
		}
	}
	return out
}
