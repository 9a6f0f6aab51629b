package watch

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// Names of the events by which operators say something, and of their attributes.
const (
	verdictEvent = "anomaly.verdict"
	expectEvent  = "anomaly.expect"

	seqAttribute   = "anomaly.seq"
	realAttribute  = "anomaly.real"
	fromAttribute  = "anomaly.from"
	untilAttribute = "anomaly.until"
)

var errRequest = errors.New("bad request")

// Operate does what operators say in log records: that an alarm was real or false, or that what
// happens for a time is expected. The resource of a record names the stream. Other records are
// ignored. What cannot be done is a permanent error, unless the state could not be written.
func (w *Watcher) Operate(l plog.Logs) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.monitor == nil {
		return errors.New("anomaly: it does not run")
	}
	var errs []error
	permanent := true
	for _, rl := range l.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				err := w.operate(rl.Resource().Attributes(), r)
				if err != nil && !errors.Is(err, errRequest) && !errors.Is(err, monitor.ErrUnknown) && !errors.Is(err, monitor.ErrConfig) {
					permanent = false
				}
				errs = append(errs, err)
			}
		}
	}
	err := errors.Join(errs...)
	if err != nil && permanent {
		return consumererror.NewPermanent(err)
	}
	return err
}

func (w *Watcher) operate(resource pcommon.Map, r plog.LogRecord) error {
	if r.EventName() != verdictEvent && r.EventName() != expectEvent {
		return nil
	}
	attributes, _ := identity(resource, w.cfg.ResourceAttributes)
	name := string(appendAttributes(nil, attributes))
	if w.rows.streams[name] == nil {
		return fmt.Errorf("anomaly: stream %s: %w", name, monitor.ErrUnknown)
	}
	var err error
	if r.EventName() == verdictEvent {
		err = w.judge(name, r.Attributes())
	} else {
		err = w.expect(name, r.Attributes())
	}
	if err != nil {
		return fmt.Errorf("anomaly: stream %s: %w", name, err)
	}
	w.log.Info("an operator said", zap.String("event", r.EventName()), zap.String("stream", name), zap.Any("attributes", r.Attributes().AsRaw()))
	return nil
}

func (w *Watcher) judge(name string, a pcommon.Map) error {
	seq, ok := a.Get(seqAttribute)
	if !ok || seq.Type() != pcommon.ValueTypeInt || seq.Int() < 1 {
		return fmt.Errorf("%s: want the number of an event: %w", seqAttribute, errRequest)
	}
	genuine, ok := a.Get(realAttribute)
	if !ok || genuine.Type() != pcommon.ValueTypeBool {
		return fmt.Errorf("%s: want true or false: %w", realAttribute, errRequest)
	}
	return w.monitor.Judge(name, uint64(seq.Int()), genuine.Bool())
}

func (w *Watcher) expect(name string, a pcommon.Map) error {
	until, err := timeOf(a, untilAttribute)
	if err != nil {
		return err
	}
	from := time.Now()
	if _, ok := a.Get(fromAttribute); ok {
		if from, err = timeOf(a, fromAttribute); err != nil {
			return err
		}
	}
	return w.monitor.Expect(name, from, until)
}

func timeOf(a pcommon.Map, name string) (time.Time, error) {
	var t time.Time
	err := errRequest
	if v, ok := a.Get(name); ok {
		t, err = time.Parse(time.RFC3339, v.AsString())
	}
	if err != nil {
		return t, fmt.Errorf("%s: want a time as 2006-01-02T15:04:05Z: %w", name, errRequest)
	}
	return t, nil
}
