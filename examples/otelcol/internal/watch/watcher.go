package watch

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/examples/otelcol/internal/watch/internal/metadata"
)

const (
	saveEvery   = 5 * time.Minute
	forgetEvery = time.Hour
	longestTick = 10 * time.Second
	silence     = 10 // intervals: alarm.Config.NoData
)

// Watcher makes rows of the metrics that it observes, lets a Monitor score them, and sends what
// comes of it to the components that asked for it. Its methods may be called from many goroutines.
type Watcher struct {
	cfg       *Config
	log       *zap.Logger
	telemetry *metadata.TelemetryBuilder
	units     map[string]string // of the row's metrics

	stop context.CancelFunc
	done chan struct{}

	sending sync.RWMutex // of the next components; it is held while they are called
	metrics consumer.Metrics
	logs    consumer.Logs

	mu      sync.Mutex // of all that follows
	records bool       // are made: somebody will want them
	began   time.Time
	rows    *rowBuilder
	monitor *monitor.Monitor // nil while it does not run
	outbox  *outbox
	scored  []scored  // of the rows that are being pushed
	newest  time.Time // time of the newest row
	came    time.Time // when it came
	report  lossReport
	counted losses // what telemetry knows
	lost    int    // records that telemetry knows
	failing bool   // the monitor does not take rows
	saved   time.Time
	forgot  time.Time
}

// New makes a Watcher. Start starts it.
func New(cfg *Config, set component.TelemetrySettings) (*Watcher, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	w := &Watcher{cfg: cfg, log: set.Logger, telemetry: telemetry, units: map[string]string{}, counted: losses{}}
	for _, m := range cfg.metrics() {
		w.units[m.Name] = m.Unit
	}
	return w, nil
}

// KeepRecords makes log records of events, which wait until SendLogs says where to.
func (w *Watcher) KeepRecords() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = true
}

// SendMetrics sends gauges to a component from now on; nil means to nobody. It returns when no
// other component is called any more.
func (w *Watcher) SendMetrics(next consumer.Metrics) {
	w.sending.Lock()
	defer w.sending.Unlock()
	w.metrics = next
}

// SendLogs sends log records to a component from now on, as SendMetrics does with gauges.
func (w *Watcher) SendLogs(next consumer.Logs) {
	w.sending.Lock()
	defer w.sending.Unlock()
	w.logs = next
}

// Start opens the monitor, with the state in the directory where there is one.
func (w *Watcher) Start() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.open(); err != nil {
		return err
	}
	w.began = time.Now()
	w.saved, w.forgot = w.began, w.began
	ctx, stop := context.WithCancel(context.Background())
	w.stop, w.done = stop, make(chan struct{})
	go w.run(ctx)
	return nil
}

func (w *Watcher) open() (err error) {
	w.rows = newRowBuilder(w.cfg)
	if w.cfg.Directory != "" {
		if err := os.MkdirAll(w.cfg.Directory, 0o700); err != nil {
			return err
		}
		if err := w.rows.loadStreams(w.path("streams.json")); err != nil {
			w.log.Error("the list of streams is damaged; they are learned again as they come", zap.Error(err))
		}
	}
	if w.outbox, err = openOutbox(w.path("waiting.otlp")); err != nil {
		w.log.Error("log records that waited are damaged and lost", zap.Error(err))
	}
	mc, err := w.cfg.monitor()
	if err != nil {
		return err
	}
	mc.Handle = w.handle
	mc.Scored = func(stream string, t time.Time, r alarm.Result) {
		w.scored = append(w.scored, scored{stream: stream, time: t, result: r})
	}
	w.monitor, err = monitor.Open(mc)
	return err
}

// path returns the path of a file in the directory; "" where there is no directory.
func (w *Watcher) path(name string) string {
	if w.cfg.Directory == "" {
		return ""
	}
	return filepath.Join(w.cfg.Directory, name)
}

// Shutdown ends the Watcher. What is under way becomes rows, and the state is saved.
func (w *Watcher) Shutdown(ctx context.Context) error {
	if w.stop == nil {
		return nil // it was not started
	}
	w.stop()
	<-w.done
	w.stop = nil
	w.mu.Lock()
	w.push(w.rows.quiet(time.Now(), true))
	gauges := w.collect()
	w.mu.Unlock()
	w.send(ctx, gauges)
	w.mu.Lock()
	defer w.mu.Unlock()
	err := errors.Join(w.monitor.Close(), w.saveStreams())
	w.monitor = nil
	w.telemetry.Shutdown()
	return err
}

// Pass observes a batch of metrics and sends it on as it is. Afterwards the batch belongs to the
// next component.
func (w *Watcher) Pass(ctx context.Context, md pmetric.Metrics, next consumer.Metrics) error {
	gauges := w.observe(md)
	err := next.ConsumeMetrics(ctx, md)
	w.send(ctx, gauges)
	return err
}

// Observe takes a batch of metrics, which it does not change.
func (w *Watcher) Observe(ctx context.Context, md pmetric.Metrics) {
	w.send(ctx, w.observe(md))
}

// Flush sends what waits.
func (w *Watcher) Flush(ctx context.Context) { w.send(ctx, pmetric.NewMetrics()) }

func (w *Watcher) observe(md pmetric.Metrics) pmetric.Metrics {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.monitor == nil {
		return pmetric.NewMetrics()
	}
	w.push(w.rows.take(md, time.Now()))
	return w.collect()
}

// push gives rows to the Monitor.
func (w *Watcher) push(rows []row) {
	for _, r := range rows {
		if r.time.After(w.newest) {
			w.newest, w.came = r.time, time.Now()
		}
		err := w.monitor.Push(r.stream.name, r.time, r.values)
		w.trouble(err)
		if err != nil {
			w.telemetry.AnomalyRowsFailed.Add(context.Background(), 1)
			continue
		}
		w.telemetry.AnomalyRows.Add(context.Background(), 1)
	}
}

// collect returns gauges of what has been scored.
func (w *Watcher) collect() pmetric.Metrics {
	out := pmetric.NewMetrics()
	last := map[string]int{}
	for i, s := range w.scored {
		last[s.stream] = i
	}
	for i, s := range w.scored {
		st := w.rows.streams[s.stream]
		if st == nil {
			continue
		}
		if w.cfg.ExpectedRanges && last[s.stream] == i && !math.IsNaN(s.result.Energy) {
			if e, err := w.monitor.Explain(s.stream); err == nil {
				s.expected = e.Contributions
			}
		}
		gauges(out, st.attributes, w.units, s)
	}
	w.scored = w.scored[:0]
	return out
}

// handle takes an event of the Monitor, which is called with the lock.
func (w *Watcher) handle(e alarm.Event) {
	level := zapcore.InfoLevel
	switch e.Kind {
	case alarm.Opened, alarm.Reopened, alarm.RetrainFailed, alarm.NoData:
		level = zapcore.WarnLevel
	}
	w.log.Log(level, "anomaly: "+string(e.Kind), zap.String("stream", e.Stream), zap.Uint64("seq", e.Seq), zap.Time("at", e.Time),
		zap.String("metric", cause(e)), zap.String("text", sentence(e)))
	w.telemetry.AnomalyEvents.Add(context.Background(), 1, metric.WithAttributes(attribute.String("kind", string(e.Kind))))
	if !w.records || !tells(e.Kind) {
		return
	}
	l := plog.NewLogs()
	resource := plog.NewResourceLogs().Resource().Attributes()
	if st := w.rows.streams[e.Stream]; st != nil {
		resource = st.attributes
	}
	record(l, resource, w.units, e, time.Now())
	if err := w.outbox.add(l); err != nil {
		w.log.Error("records that wait are not kept on disk", zap.Error(err))
	}
}

// send gives gauges and log records to the next components.
func (w *Watcher) send(ctx context.Context, gauges pmetric.Metrics) {
	w.mu.Lock()
	box := w.outbox
	w.mu.Unlock()
	w.sending.RLock()
	defer w.sending.RUnlock()
	var errs []error
	if w.metrics != nil && gauges.ResourceMetrics().Len() > 0 {
		errs = append(errs, w.metrics.ConsumeMetrics(ctx, gauges))
	}
	if w.logs != nil && box != nil {
		errs = append(errs, box.send(ctx, w.logs))
	}
	if err := errors.Join(errs...); err != nil {
		w.log.Warn("the next component does not take gauges or log records; log records are sent again", zap.Error(err))
	}
}

// trouble tells when the monitor begins to refuse rows, and when it takes them again.
func (w *Watcher) trouble(err error) {
	switch {
	case err != nil && !w.failing:
		w.log.Error("the monitor does not take rows", zap.Error(err))
	case err == nil && w.failing:
		w.log.Info("the monitor takes rows again")
	}
	w.failing = err != nil
}

// run does what is due while the Watcher runs.
func (w *Watcher) run(ctx context.Context) {
	defer close(w.done)
	ticker := time.NewTicker(min(w.cfg.Interval, longestTick))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			w.send(ctx, w.tick(ctx, now))
		}
	}
}

func (w *Watcher) tick(ctx context.Context, now time.Time) pmetric.Metrics {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.push(w.rows.quiet(now, false))
	if now.Sub(w.began) >= silence*w.cfg.Interval { // nobody was silent because this process was not there
		if err := w.monitor.Tick(w.clock(now)); err != nil {
			w.log.Error("the monitor does not go on", zap.Error(err))
		}
	}
	gauges := w.collect()
	w.measure(ctx)
	w.report.report(w.log, w.rows.lost, now)
	if now.Sub(w.saved) >= saveEvery {
		w.saved = now
		w.save()
	}
	if now.Sub(w.forgot) >= forgetEvery {
		w.forgot = now
		w.forget(now)
	}
	return gauges
}

// clock returns what time it is for the streams: metrics may be replayed.
func (w *Watcher) clock(now time.Time) time.Time {
	if w.came.IsZero() {
		return now
	}
	if t := w.newest.Add(now.Sub(w.came)); t.Before(now) {
		return t
	}
	return now
}

// measure tells telemetry how things are.
func (w *Watcher) measure(ctx context.Context) {
	s := w.monitor.Stats()
	w.telemetry.AnomalyStreams.Record(ctx, int64(len(w.rows.streams)))
	w.telemetry.AnomalyWarmingUp.Record(ctx, int64(s.WarmingUp))
	w.telemetry.AnomalyOpenAlarms.Record(ctx, int64(s.OpenAlarms))
	for why, n := range w.rows.lost {
		w.telemetry.AnomalyPointsLeftOut.Add(ctx, int64(n-w.counted[why]), metric.WithAttributes(attribute.String("reason", string(why))))
		w.counted[why] = n
	}
	lost := w.outbox.losses()
	w.telemetry.AnomalyLogsLost.Add(ctx, int64(lost-w.lost))
	w.lost = lost
}

func (w *Watcher) save() {
	if w.cfg.Directory == "" {
		return
	}
	if err := errors.Join(w.monitor.Save(), w.saveStreams()); err != nil {
		w.log.Error("the state is not saved; nothing is lost", zap.Error(err))
	}
}

func (w *Watcher) saveStreams() error {
	if w.cfg.Directory == "" {
		return nil
	}
	return w.rows.saveStreams(w.path("streams.json"))
}

// forget removes streams that have been gone for long.
func (w *Watcher) forget(now time.Time) {
	for _, st := range w.rows.gone(w.cfg.Forget, now) {
		if err := w.monitor.Remove(st.name); err != nil {
			w.log.Error("a stream is not removed", zap.String("stream", st.name), zap.Error(err))
			continue
		}
		w.log.Info("a stream is forgotten", zap.String("stream", st.name), zap.Time("last", st.seen))
		w.rows.forget(st)
	}
}
