package main

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// exporter is what Prometheus scrapes: the latest sample of each stream, and the Monitor's own
// numbers.
type exporter struct {
	streamDescs
	stale time.Duration // age from which a sample is not exported any more

	mu      sync.Mutex
	streams map[string]*exported
	last    map[string]time.Time // when each source last gave something

	polls, failures, ambiguous, refused prometheus.Counter
	events, notified, requests, samples *prometheus.CounterVec
}

// exported is what is exported of a stream.
type exported struct {
	labels []string
	time   time.Time // of the sample; zero before the first that was scored
	result alarm.Result
	values []dagmm.Contribution // nil before the first poll that found a model
	cause  string               // of the open alarm
}

// streamDescs are the metrics with a stream's labels.
type streamDescs struct {
	score, pValue, energy, threshold, alarm, expected, timestamp *prometheus.Desc
	value, low, high, share, cause                               *prometheus.Desc
}

func newExporter(by []string, stale time.Duration) *exporter {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("anomaly_"+name, help, append(labels, by...), nil)
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "anomaly_source_" + name, Help: help})
	}
	vector := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "anomaly_" + name, Help: help}, labels)
	}
	e := &exporter{stale: stale, streams: map[string]*exported{}, last: map[string]time.Time{},
		polls:     counter("polls_total", "Times that Prometheus was asked for new samples."),
		failures:  counter("poll_failures_total", "Times that Prometheus did not answer as it should."),
		ambiguous: counter("ambiguous_series_total", "Series, or values of rows, that were left out because a metric has several for the same stream."),
		refused:   counter("refused_samples_total", "Samples of streams beyond max_streams."),
		events:    vector("events_total", "Events, by kind.", "kind"),
		notified:  vector("notifications_total", "What was sent to Alertmanager, webhook and standard output, by the result.", "to", "result"),
		requests:  vector("source_requests_total", "Requests that a source got, by the status they were answered with.", "source", "code"),
		samples:   vector("source_samples_total", "Samples that a source got and that are wanted, by what became of them.", "source", "result"),
	}
	e.streamDescs = streamDescs{
		score:     desc("score", "How unusual the last sample is: 0 for an ordinary one, and above 1 it is flagged."),
		pValue:    desc("p_value", "Share of ordinary samples that are at least as unusual as the last one."),
		energy:    desc("energy", "Energy of the last sample, to be held against anomaly_threshold."),
		threshold: desc("threshold", "Energy above which the last sample is flagged. There anomaly_score is 1."),
		alarm:     desc("alarm", "1 while an alarm is open."),
		expected:  desc("expected", "1 while what happens is expected, as during maintenance."),
		timestamp: desc("last_sample_timestamp_seconds", "Time of the last sample."),
		value:     desc("value", "The last sample.", "metric"),
		low:       desc("expected_low", "Lowest value of the metric that would be ordinary, the others being as they are.", "metric"),
		high:      desc("expected_high", "Highest value of the metric that would be ordinary, the others being as they are.", "metric"),
		share:     desc("contribution", "The metric's part in how unusual the last sample is. The parts of a stream sum to 1.", "metric"),
		cause:     desc("alarm_cause", "1 for the metric that is most to blame for the open alarm.", "metric"),
	}
	return e
}

// know makes a stream known, with the values of its labels.
func (e *exporter) know(name string, labels []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.streams[name]; s != nil {
		s.labels = labels
		return
	}
	e.streams[name] = &exported{labels: labels}
}

func (e *exporter) forget(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.streams, name)
}

// labels returns the values of a stream's labels; nil where it is not known.
func (e *exporter) labels(name string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.streams[name]; s != nil {
		return s.labels
	}
	return nil
}

// caption is a stream in short: the values of its labels; its name where there are none.
func (e *exporter) caption(name string) string {
	values := slices.DeleteFunc(slices.Clone(e.labels(name)), func(v string) bool { return v == "" })
	if len(values) == 0 {
		return name
	}
	return strings.Join(values, ", ")
}

// scored takes the result of a sample (monitor.Config.Scored).
func (e *exporter) scored(name string, t time.Time, r alarm.Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.streams[name]; s != nil {
		r.Events = nil
		s.time, s.result = t, r
	}
}

func (e *exporter) explained(name string, x *dagmm.Explanation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.streams[name]; s != nil {
		s.values = x.Contributions
	}
}

// happened takes an event.
func (e *exporter) happened(event alarm.Event) {
	e.events.WithLabelValues(string(event.Kind)).Inc()
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.streams[event.Stream]; s != nil {
		s.happened(event)
	}
}

func (s *exported) happened(event alarm.Event) {
	switch event.Kind {
	case alarm.Opened, alarm.Reopened, alarm.Continued:
		s.cause = cause(event)
	case alarm.Closed:
		s.cause = ""
	}
}

// resume takes the alarms that are open at the start.
func (e *exporter) resume(open []alarm.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range open {
		if s := e.streams[event.Stream]; s != nil {
			s.happened(event)
		}
	}
}

// cause returns the metric that is most to blame; "" where that is not known.
func cause(e alarm.Event) string {
	if e.Explanation == nil || len(e.Explanation.Contributions) == 0 {
		return ""
	}
	return e.Explanation.Contributions[0].Metric
}

func (e *exporter) polled(err error, now time.Time) {
	e.polls.Inc()
	if err != nil {
		e.failures.Inc()
		return
	}
	e.succeeded(prometheusSource, now)
}

// succeeded notes that a source gave something, or has nothing new.
func (e *exporter) succeeded(source string, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last[source] = now
}

// lastSuccess returns when a source last gave something.
func (e *exporter) lastSuccess(source string) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last[source]
}

// register makes everything known to a registry.
func (e *exporter) register(r prometheus.Registerer, m *monitor.Monitor, sources []string) {
	r.MustRegister(e, e.polls, e.failures, e.ambiguous, e.refused, e.events, e.notified, e.requests, e.samples, statsCollector{m})
	for _, name := range sources {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "anomaly_source_last_success_timestamp_seconds", Help: "When the source last gave something, or answered that there is nothing new.",
			ConstLabels: prometheus.Labels{"source": name}}, func() float64 { return seconds(e.lastSuccess(name)) }))
	}
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// Describe implements prometheus.Collector.
func (e *exporter) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{e.score, e.pValue, e.energy, e.threshold, e.alarm, e.expected, e.timestamp, e.value, e.low, e.high, e.share, e.cause} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. A stream whose last sample is old is left out: its
// values say nothing of now.
func (e *exporter) Collect(ch chan<- prometheus.Metric) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.streams {
		if time.Since(s.time) <= e.stale {
			e.collect(ch, s)
		}
	}
}

func (e *exporter) collect(ch chan<- prometheus.Metric, s *exported) {
	send := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append(labels, s.labels...)...)
	}
	r := s.result
	send(e.score, r.Score)
	send(e.pValue, r.PValue)
	send(e.energy, r.Energy)
	send(e.threshold, r.Threshold)
	send(e.alarm, truth(r.Open))
	send(e.expected, truth(r.Expected))
	send(e.timestamp, seconds(s.time))
	for _, c := range s.values {
		send(e.value, c.Value, c.Metric)
		send(e.low, c.Low, c.Metric)
		send(e.high, c.High, c.Metric)
		send(e.share, c.Share, c.Metric)
	}
	if r.Open && s.cause != "" {
		send(e.cause, 1, s.cause)
	}
}

func truth(v bool) float64 {
	if v {
		return 1
	}
	return 0
}
