package monitor

import (
	"bytes"
	"encoding/gob"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/ingest"
)

// Version 1 of a stream's state was the gob of the structs that were live then. It is read
// and never written.
type (
	streamV1 struct {
		ID        string
		Columns   []string
		Delivered uint64
		Stream    bookkeepingV1
		Input     inputV1
		Detector  *detectorV1
	}
	bookkeepingV1 struct {
		Applied, Seq, Samples uint64
		Window                windowV1
		Known                 []spanV1
		Training              bool
		Reason                string
		Trained               time.Time
		Trainings             uint64
		Drift                 float64
		Changed               time.Time
		ModelFile             string
		Pending               []eventV1
		Lost                  string
	}
	windowV1 struct {
		Times    []int64
		X        []float64
		Incident []bool
	}
	spanV1  struct{ From, To time.Time }
	inputV1 struct {
		Newest, Passed time.Time
		Waiting, Ahead []ingest.Sample
		Run            spanV1
		Steps          [2]time.Duration
		Counters       []ingest.CounterState
		Stats          inputStatsV1
	}
	inputStatsV1 struct {
		Received, Passed, Late, Duplicate, Outliers, Returns, Invalid, Wraps, Resets uint64
	}
	detectorV1 struct {
		State   detectorStateV1
		Usual   [2]float64 // of State.Alarm.Explained
		Context dagmm.Past
		Last    []float64
		Missing []int
		Warm    int
		Peak    *dagmm.Past
		Longest []int // 0 where the metric was absent
		Adapter *adapterV1
	}
	detectorStateV1 struct {
		Controller struct{ Start, Threshold float64 }
		Samples    uint64
		Last       time.Time
		Scored     time.Time
		Silent     bool
		Scores     uint64
		Flags      []alarm.FlagState
		Baseline   struct {
			Recent       []float64
			Next, Waited int
		}
		Seq      uint64
		Alarm    alarmV1
		ClosedAt time.Time
		Runs     []int
		Values   []float64
		StuckNow []bool
	}
	alarmV1 struct {
		Open       bool
		Number     uint64
		Start, End time.Time
		Samples    int
		Severity   int
		Peak       alarm.PeakState
		Told       time.Time
		Admitted   bool
		PeakLevel  float64
		Explained  *explanationV1
	}
	explanationV1 struct {
		Verdict struct {
			Energy, Threshold, PValue float64
			Anomalous                 bool
		}
		Contributions []alarm.ContributionState
		Pair          [2]string
		Clears        float64
	}
	eventV1 struct {
		Kind, Stream   string
		Seq            uint64
		Time           time.Time
		Alarm          uint64
		Start, End     time.Time
		Samples        int
		Severity       int
		Peak           alarm.PeakState
		Explanation    *explanationV1
		Metric, Detail string
	}
	adapterV1 struct {
		Taken    int
		Mixtures [][][]byte
		States   [][]alarm.RunningState
	}
)

// decodeV1 reads the body of a state of version 1.
func decodeV1(body []byte) (*storedStream, error) {
	var v streamV1
	if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&v); err != nil {
		return nil, err
	}
	b := v.Stream
	s := &storedStream{ID: v.ID, Columns: v.Columns, Input: v.Input.state(), Model: b.ModelFile,
		Applied: b.Applied, Samples: b.Samples, Memory: storedMemory{Times: b.Window.Times, Values: b.Window.X, Incident: b.Window.Incident}, Lost: b.Lost,
		Training: b.Training, Reason: b.Reason, Trained: b.Trained, Trainings: b.Trainings, Drift: b.Drift, Changed: b.Changed,
		Seq: b.Seq, Delivered: v.Delivered}
	for _, r := range b.Known {
		s.Named = append(s.Named, storedSpan{From: r.From, To: r.To})
	}
	for _, e := range b.Pending {
		s.Pending = append(s.Pending, e.state())
	}
	if d := v.Detector; d != nil {
		s.Detector = d.state()
		for _, n := range d.Longest {
			s.Metrics = append(s.Metrics, storedMetric{Absent: n == 0, Longest: n})
		}
	}
	return s, nil
}

func (v *inputV1) state() ingest.State {
	st := v.Stats
	return ingest.State{Newest: v.Newest, Passed: v.Passed, Waiting: v.Waiting, Ahead: v.Ahead, LateFrom: v.Run.From, LateTo: v.Run.To,
		Steps: v.Steps, Counters: v.Counters,
		Stats: ingest.Stats{Received: st.Received, Passed: st.Passed, Late: st.Late, Duplicate: st.Duplicate, Outliers: st.Outliers,
			Rewinds: st.Returns, Invalid: st.Invalid, Wraps: st.Wraps, Resets: st.Resets}}
}

func (v *detectorV1) state() *alarm.State {
	d, a := &v.State, &v.State.Alarm
	s := &alarm.State{Version: alarm.StateVersion, Start: d.Controller.Start, Threshold: d.Controller.Threshold,
		Energies: d.Baseline.Recent, OldestEnergy: d.Baseline.Next, EnergiesWaited: d.Baseline.Waited,
		Samples: d.Samples, Last: d.Last, Scores: d.Scores, Scored: d.Scored, Silent: d.Silent, Flags: d.Flags, Closed: d.ClosedAt, Seq: d.Seq,
		Alarm: alarm.EpisodeState{Open: a.Open, Accepted: a.Admitted, Number: a.Number, Start: a.Start, End: a.End, Samples: a.Samples,
			Severity: a.Severity, Told: a.Told, Peak: a.Peak, PeakHeight: a.PeakLevel, Past: v.Peak, Explained: a.Explained.state()},
		Longest: v.Longest, Runs: d.Runs, Values: d.Values, Stuck: d.StuckNow,
		Stream: dagmm.StreamState{Past: v.Context, Known: v.Last, Missing: v.Missing, Seen: v.Warm}}
	if e := s.Alarm.Explained; e != nil {
		e.Usual = v.Usual
	}
	if v.Adapter != nil {
		s.Adapted = &alarm.AdaptedState{Taken: v.Adapter.Taken, Mixtures: v.Adapter.Mixtures, Running: v.Adapter.States}
	}
	return s
}

// state leaves out the usual range, which version 1 lost.
func (v *explanationV1) state() *alarm.ExplanationState {
	if v == nil {
		return nil
	}
	return &alarm.ExplanationState{Energy: v.Verdict.Energy, Threshold: v.Verdict.Threshold, PValue: v.Verdict.PValue, Anomalous: v.Verdict.Anomalous,
		Contributions: v.Contributions, Pair: v.Pair, Clears: v.Clears}
}

func (v *eventV1) state() alarm.EventState {
	return alarm.EventState{Kind: v.Kind, Stream: v.Stream, Seq: v.Seq, Time: v.Time, Alarm: v.Alarm, Start: v.Start, End: v.End,
		Samples: v.Samples, Severity: v.Severity, Peak: v.Peak, Explanation: v.Explanation.state(), Metric: v.Metric, Detail: v.Detail}
}
