package monitor

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"slices"
	"strconv"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/ingest"
)

// encode returns the state of a stream, which is held, in the form in which it is stored.
func (m *Monitor) encode(s *stream) ([]byte, error) {
	if err := m.recall(s); err != nil {
		return nil, err
	}
	out := storedStream{ID: s.id, Columns: m.cfg.Columns, Input: s.input.State(), Model: s.model,
		Applied: s.applied, Samples: s.samples, Lost: s.lost,
		Memory:   storedMemory{Times: s.memory.times, Values: s.memory.values, Incident: s.memory.incident},
		Training: s.inTraining, Reason: s.reason, Trained: s.trained, Trainings: s.trainings, Drift: s.drift, Falsified: s.falsified, Changed: s.changed, Learned: s.learned,
		Seq: s.seq, Delivered: s.delivered}
	for _, r := range s.named {
		out.Named = append(out.Named, storedSpan{r.from, r.to, r.alarm, r.expected})
	}
	for _, e := range s.alarms {
		out.Alarms = append(out.Alarms, storedAlarmEvent{e.seq, e.alarm})
	}
	for _, r := range s.metrics {
		out.Metrics = append(out.Metrics, storedMetric{r.absent, r.longest})
	}
	for _, e := range s.pending {
		out.Pending = append(out.Pending, e.State())
	}
	if s.detector != nil {
		state, err := s.detector.State()
		if err != nil {
			return nil, fmt.Errorf("monitor: stream %q: %w", s.id, err)
		}
		out.Detector = &state
	}
	var body bytes.Buffer
	if err := gob.NewEncoder(&body).Encode(out); err != nil {
		return nil, fmt.Errorf("monitor: stream %q: %w", s.id, err)
	}
	return append([]byte(stateHead(stateVersion, body.Bytes())+"\n"), body.Bytes()...), nil
}

// decode reads a stored state of any version. One that is not as it was written is
// errDamaged.
func decode(text []byte) (*storedStream, error) {
	head, body, _ := bytes.Cut(text, []byte("\n"))
	rest, ok := bytes.CutPrefix(head, []byte(stateFamily))
	digits, _, _ := bytes.Cut(rest, []byte(" "))
	version, err := strconv.Atoi(string(digits))
	switch {
	case !ok || err != nil:
		return nil, errDamaged
	case version < 1 || version > stateVersion:
		return nil, fmt.Errorf("version %d, this library reads 1 to %d", version, stateVersion)
	case string(head) != stateHead(version, body):
		return nil, errDamaged
	case version == 1:
		return decodeV1(body)
	}
	s := new(storedStream)
	if err := gob.NewDecoder(bytes.NewReader(body)).Decode(s); err != nil {
		return nil, err
	}
	return s, nil
}

// revived makes the stream of a stored state.
func (m *Monitor) revived(stored *storedStream) (*stream, error) {
	if !slices.Equal(stored.Columns, m.cfg.Columns) {
		return nil, fmt.Errorf("it is of columns %q, the configuration has %q", stored.Columns, m.cfg.Columns)
	}
	if err := stored.check(); err != nil {
		return nil, err
	}
	s := &stream{id: stored.ID, model: stored.Model,
		applied: stored.Applied, samples: stored.Samples, lost: stored.Lost,
		memory:     memory{times: stored.Memory.Times, values: stored.Memory.Values, incident: stored.Memory.Incident},
		inTraining: stored.Training, reason: stored.Reason, trained: stored.Trained, trainings: stored.Trainings, drift: stored.Drift, falsified: stored.Falsified, changed: stored.Changed, learned: stored.Learned,
		seq: stored.Seq, delivered: stored.Delivered}
	for _, r := range stored.Named {
		s.named = append(s.named, span{r.From, r.To, r.Alarm, r.Expected})
	}
	for _, e := range stored.Alarms {
		s.alarms = append(s.alarms, alarmEvent{e.Seq, e.Alarm})
	}
	for _, r := range stored.Metrics {
		s.metrics = append(s.metrics, metricRun{absent: r.Absent, longest: r.Longest})
	}
	for _, e := range stored.Pending {
		s.pending = append(s.pending, e.Event())
	}
	var err error
	if s.input, err = ingest.Resume(m.cfg.Columns, m.cfg.Input, stored.Input); err != nil {
		return nil, err
	}
	if stored.Detector == nil {
		return s, nil
	}
	model, err := m.store.loadModel(stored.Model)
	if err != nil {
		return nil, err
	}
	s.detector, err = alarm.Resume(model, *stored.Detector, m.cfg.Detector)
	return s, err
}
