package monitor

import "github.com/metric-streams/anomaly/dagmm/ingest"

// Stats are numbers for a service to export. Counts are since the Monitor was opened, over
// all streams there have been, with what was replayed: they never fall.
type Stats struct {
	Streams, WarmingUp, OpenAlarms int // now, in memory
	Training                       int // now: under way or waiting for a worker, evicted streams' too
	WindowRows                     int // samples remembered, over all streams
	Samples                        uint64
	Dropped                        uint64 // samples that were late, duplicate or of a wrong clock: see ingest.Stats
	Invalid, Wraps, Resets         uint64 // values: see ingest.Stats
	Events, Alarms                 uint64
	Trained                        uint64 // models that took over
	Kept                           uint64 // trainings after which the model in use stayed
	Failed                         uint64 // trainings that returned an error
	Evicted                        uint64 // streams that left memory for others
	Damaged                        uint64 // stored states set aside: see Config.Store
}

// Stats returns the numbers of this moment.
func (m *Monitor) Stats() Stats {
	out := Stats{Samples: m.samples.Load(), Dropped: m.dropped.Load(), Events: m.events.Load(), Alarms: m.alarms.Load(),
		Trained: m.trained.Load(), Kept: m.kept.Load(), Failed: m.failed.Load(), Evicted: m.evicted.Load(),
		Invalid: m.invalid.Load(), Wraps: m.wraps.Load(), Resets: m.resets.Load(), Damaged: m.damaged.Load(), Training: m.trainings.underway()}
	for _, s := range m.all() {
		s.mu.Lock()
		out.Streams++
		out.WindowRows += s.memory.len()
		switch {
		case s.detector == nil:
			out.WarmingUp++
		case s.detector.Status().Open:
			out.OpenAlarms++
		}
		s.mu.Unlock()
	}
	return out
}

// count adds what an Input has counted.
func (m *Monitor) count(before, after ingest.Stats) {
	m.dropped.Add(after.Late + after.Duplicate + after.Outliers - before.Late - before.Duplicate - before.Outliers)
	m.invalid.Add(after.Invalid - before.Invalid)
	m.wraps.Add(after.Wraps - before.Wraps)
	m.resets.Add(after.Resets - before.Resets)
}
