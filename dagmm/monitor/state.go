package monitor

import (
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/ingest"
)

// A stored state is a line with stateFamily, its version and the checksum of what follows,
// and then the gob of a storedStream. The structs of this file are the format: their field
// names and types do not change when the live ones do. A field may be added, and is then
// zero in states written before. Anything else is a new version, beside a reader of the old
// one (state_v1.go).
const (
	stateFamily  = "dagmm-stream "
	stateVersion = 2
)

// storedStream is version 2 of a stream's state.
type storedStream struct {
	ID      string
	Columns []string

	Input    ingest.State
	Detector *alarm.State // nil while the stream warms up
	Metrics  []storedMetric
	Model    string // stored name

	Applied uint64 // number of the last journal record that had taken effect
	Samples uint64
	Memory  storedMemory
	Named   []storedSpan // incidents that somebody has named
	Alarms  []storedAlarmEvent
	Lost    string // stored name of the damaged state before this one

	Training  bool // under way
	Reason    string
	Trained   time.Time
	Trainings uint64
	Drift     float64
	Falsified bool // an alarm was called false since a training began for that
	Changed   time.Time
	Learned   time.Time // zero in states from before there was one

	Seq       uint64
	Pending   []alarm.EventState // raised and not handed out
	Delivered uint64             // Seq of the last event handed out
}

// storedMetric is a metricRun.
type storedMetric struct {
	Absent  bool
	Longest int
}

// storedMemory is a memory.
type storedMemory struct {
	Times    []int64   // nanoseconds since 1970
	Values   []float64 // row by row
	Incident []bool
}

// storedSpan is a span.
type storedSpan struct {
	From, To time.Time
	Alarm    uint64
	Expected bool
}

// storedAlarmEvent is an alarmEvent.
type storedAlarmEvent struct{ Seq, Alarm uint64 }

// stateHead is the first line of a stored state.
func stateHead(version int, body []byte) string {
	return stateFamily + strconv.Itoa(version) + fmt.Sprintf(" %08x", crc32.ChecksumIEEE(body))
}

// check reports parts of a state that do not fit together.
func (s *storedStream) check() error {
	n, width := len(s.Memory.Times), len(s.Columns)
	if len(s.Memory.Values) != n*width || len(s.Memory.Incident) != n {
		return fmt.Errorf("%d remembered times, %d values of %d columns, %d marks", n, len(s.Memory.Values), width, len(s.Memory.Incident))
	}
	if s.Metrics != nil && len(s.Metrics) != width {
		return fmt.Errorf("runs of %d metrics for %d columns", len(s.Metrics), width)
	}
	if s.Detector == nil {
		if s.Model != "" {
			return fmt.Errorf("model %q of a stream that warms up", s.Model)
		}
		return nil
	}
	if _, err := modelNumber(s.Model); err != nil || !strings.HasPrefix(s.Model, modelPrefix+key(s.ID)+"-") {
		return fmt.Errorf("model %q of stream %q", s.Model, s.ID)
	}
	return nil
}
