package watch

import (
	"cmp"
	"math"
	"path"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	maxStreamSeries = 10_000    // of one stream
	maxSeries       = 1_000_000 // of all
	idleRows        = 10        // after which a series is forgotten
	lateRows        = 10        // in intervals: a clock has been set back
	ahead           = time.Hour // of this collector's clock: no time to believe in
)

// row is one sample of a stream.
type row struct {
	stream *stream
	time   time.Time
	values []float64 // one per metric; NaN is missing
}

// source is one metric of OpenTelemetry that a metric of the row may come from.
type source struct {
	metric int // of the row
	*MetricConfig
}

// stream is a resource with configured metrics.
type stream struct {
	name       string
	attributes pcommon.Map // that name it
	seen       time.Time   // when something came last, by this collector's clock
	batch      uint64      // and with which batch

	sources [][]*series // by source
	index   []map[string]*series
	have    []bool // metrics with a point since the last row
	want    []bool // metrics that the last row had

	next    int64 // when the next row is due
	last    int64 // time of the last row
	newest  int64 // of the points since then
	pending bool  // there are some

	lateFrom, lateTo int64 // of points that came too late, one after the other
}

// rowBuilder makes rows of data points. A row holds what has come since the row before: the mean
// of values, and the increase of totals. It is due once an interval, by the time of the points,
// and is taken at the end of a batch as soon as it has the metrics that the last one had.
type rowBuilder struct {
	interval   int64
	identify   []string
	metrics    []MetricConfig
	sources    []source
	byName     map[string][]int // sources by the name of their metric
	maxStreams int

	streams map[string]*stream
	series  int    // of all streams
	batch   uint64 // number of the latest
	lost    losses
}

func newRowBuilder(c *Config) *rowBuilder {
	b := &rowBuilder{interval: int64(c.Interval), identify: c.ResourceAttributes, metrics: c.metrics(), maxStreams: c.MaxStreams,
		byName: map[string][]int{}, streams: map[string]*stream{}, lost: losses{}}
	for j := range b.metrics {
		for _, name := range b.metrics[j].From {
			b.byName[name] = append(b.byName[name], len(b.sources))
			b.sources = append(b.sources, source{j, &b.metrics[j]})
		}
	}
	return b
}

// take takes a batch and returns the rows that are complete with it. Those of a stream are in
// the order of time.
func (b *rowBuilder) take(md pmetric.Metrics, now time.Time) (out []row) {
	b.batch++
	points := b.points(md, now)
	slices.SortStableFunc(points, func(p, q point) int { return cmp.Compare(p.at, q.at) })
	var touched []*stream
	for i := range points {
		st := points[i].stream
		if st.batch != b.batch {
			st.batch, st.seen = b.batch, now
			touched = append(touched, st)
		}
		out = b.add(out, &points[i])
	}
	for _, st := range touched {
		switch {
		case st.setBack(b.interval):
			b.restart(st)
		case st.complete() && b.due(st):
			out = b.finish(out, st)
		}
	}
	return out
}

// quiet returns the rows of streams of which nothing has come for an interval: nobody knows
// whether anything follows. all returns those of all streams.
func (b *rowBuilder) quiet(now time.Time, all bool) (out []row) {
	for _, st := range b.streams {
		if st.pending && b.due(st) && (all || now.Sub(st.seen) >= time.Duration(b.interval)) {
			out = b.finish(out, st)
		}
	}
	return out
}

// points returns the usable numbers of a batch.
func (b *rowBuilder) points(md pmetric.Metrics, now time.Time) (out []point) {
	for _, rm := range md.ResourceMetrics().All() {
		r := resource{builder: b, Resource: rm.Resource(), now: now}
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				for _, s := range b.byName[m.Name()] {
					out = r.points(out, s, m)
				}
			}
		}
	}
	return out
}

// resource reads the metrics of one resource.
type resource struct {
	builder *rowBuilder
	pcommon.Resource
	now    time.Time
	known  bool // stream has been looked up
	stream *stream
	own    []byte // begins the keys of its series
}

func (r *resource) points(out []point, source int, m pmetric.Metric) []point {
	b := r.builder
	points, kind, ok := numbers(m, b.sources[source].Kind)
	if !ok {
		b.lost[lostType] += uint64(max(1, points.Len()))
		return out
	}
	for _, p := range points.All() {
		config := b.sources[source].MetricConfig
		selected := config.selects(p.Attributes())
		if !selected && config.Aggregation != "share" {
			continue
		}
		if p.Flags().NoRecordedValue() {
			continue
		}
		value, why := number(p, r.now)
		if why == "" && !r.known {
			r.lookUp()
		}
		switch {
		case why != "":
			b.lost[why]++
		case r.stream != nil:
			out = append(out, point{stream: r.stream, source: source, key: seriesKey(r.own, p.Attributes()), selected: selected,
				kind: kind, at: int64(p.Timestamp()), start: int64(p.StartTimestamp()), value: value})
		}
	}
	return out
}

// numbers returns the data points of a metric, and what they are; false where it is a histogram
// or another type without a number.
func numbers(m pmetric.Metric, kind string) (pmetric.NumberDataPointSlice, numberKind, bool) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		if kind == "rate" {
			return m.Gauge().DataPoints(), total, true
		}
		return m.Gauge().DataPoints(), level, true
	case pmetric.MetricTypeSum:
		sum := m.Sum()
		switch {
		case kind == "value":
			return sum.DataPoints(), level, true
		case sum.AggregationTemporality() == pmetric.AggregationTemporalityDelta:
			return sum.DataPoints(), delta, true
		case kind == "rate" || sum.IsMonotonic():
			return sum.DataPoints(), total, true
		}
		return sum.DataPoints(), level, true
	}
	return pmetric.NewNumberDataPointSlice(), level, false
}

// number returns the number of a data point, or why there is none.
func number(p pmetric.NumberDataPoint, now time.Time) (value float64, lost reason) {
	switch p.ValueType() {
	case pmetric.NumberDataPointValueTypeInt:
		value = float64(p.IntValue())
	case pmetric.NumberDataPointValueTypeDouble:
		value = p.DoubleValue()
	default:
		value = math.NaN()
	}
	switch at := p.Timestamp(); {
	case math.IsNaN(value) || math.IsInf(value, 0):
		return 0, lostValue
	case at == 0 || at > pcommon.Timestamp(now.Add(ahead).UnixNano()):
		return 0, lostTime
	}
	return value, ""
}

// selects reports whether a data point passes the filters.
func (m *MetricConfig) selects(attributes pcommon.Map) bool {
	for key, patterns := range m.Attributes {
		if !matches(attributes, key, patterns) {
			return false
		}
	}
	for key, patterns := range m.Exclude {
		if matches(attributes, key, patterns) {
			return false
		}
	}
	return true
}

func matches(attributes pcommon.Map, key string, patterns []string) bool {
	v, ok := attributes.Get(key)
	if !ok {
		return false
	}
	text := v.AsString()
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, text)
		return ok && err == nil
	})
}

// lookUp finds the stream of a resource, or makes it.
func (r *resource) lookUp() {
	r.known = true
	b := r.builder
	attributes, ok := identity(r.Attributes(), b.identify)
	if !ok {
		b.lost[lostIdentity]++
		return
	}
	name := appendAttributes(nil, attributes)
	if len(name) > maxName {
		b.lost[lostIdentity]++
		return
	}
	if len(b.identify) > 0 {
		r.own = appendAttributes(nil, r.Attributes())
	}
	r.stream = b.streams[string(name)]
	if r.stream != nil {
		return
	}
	if len(b.streams) >= b.maxStreams {
		b.lost[lostStream]++
		return
	}
	r.stream = b.learn(attributes, time.Time{})
}

// learn makes a stream known.
func (b *rowBuilder) learn(attributes pcommon.Map, seen time.Time) *stream {
	st := &stream{name: string(appendAttributes(nil, attributes)), attributes: pcommon.NewMap(), seen: seen}
	for k, v := range attributes.All() {
		if _, twice := st.attributes.Get(k); !twice {
			v.CopyTo(st.attributes.PutEmpty(k))
		}
	}
	b.streams[st.name] = st
	b.restart(st)
	return st
}

// forget forgets a stream.
func (b *rowBuilder) forget(st *stream) {
	b.restart(st)
	delete(b.streams, st.name)
}

// restart lets a stream begin anew.
func (b *rowBuilder) restart(st *stream) {
	for _, all := range st.sources {
		b.series -= len(all)
	}
	st.sources, st.index = make([][]*series, len(b.sources)), make([]map[string]*series, len(b.sources))
	st.have, st.want = make([]bool, len(b.metrics)), slices.Repeat([]bool{true}, len(b.metrics))
	st.next, st.last, st.newest, st.pending, st.lateFrom, st.lateTo = 0, 0, 0, false, 0, 0
}

// add takes a number. Before a newer one than all before comes the row that does not wait for it.
func (b *rowBuilder) add(out []row, p *point) []row {
	st := p.stream
	if st.last > 0 && p.at <= st.last-b.interval {
		b.late(st, p.at)
		return out
	}
	if st.pending && st.newest > st.last && p.at > st.newest && p.at >= st.next+b.interval/2 {
		out = b.finish(out, st)
	}
	s := st.index[p.source][p.key]
	if s == nil {
		if s = b.open(st, p); s == nil {
			return out
		}
	}
	if p.at <= s.last {
		b.late(st, p.at)
		return out
	}
	s.add(p)
	if st.next == 0 {
		st.next = p.at
	}
	st.newest, st.pending = max(st.newest, p.at), true
	st.lateFrom, st.lateTo = 0, 0
	if p.selected {
		st.have[b.sources[p.source].metric] = true
	}
	return out
}

// open makes a series; nil where there are too many.
func (b *rowBuilder) open(st *stream, p *point) *series {
	of := 0
	for _, all := range st.sources {
		of += len(all)
	}
	if of >= maxStreamSeries || b.series >= maxSeries {
		b.lost[lostSeries]++
		return nil
	}
	if st.index[p.source] == nil {
		st.index[p.source] = map[string]*series{}
	}
	s := &series{kind: p.kind}
	st.index[p.source][p.key] = s
	st.sources[p.source] = append(st.sources[p.source], s)
	b.series++
	return s
}

// late drops a point that came too late.
func (b *rowBuilder) late(st *stream, at int64) {
	b.lost[lostLate]++
	if st.lateFrom == 0 || at < st.lateTo-b.interval {
		st.lateFrom, st.lateTo = at, at
	}
	st.lateTo = max(st.lateTo, at)
}

// setBack reports whether only late points have come of late, in order and for several
// intervals: then a clock was set back, and the stream goes on from there. A batch may hold older
// points before newer ones, so this is asked at its end.
func (st *stream) setBack(interval int64) bool {
	return st.lateTo-st.lateFrom >= lateRows*interval
}

// due reports whether it is time for a row. What is no newer than the last row waits for the next.
func (b *rowBuilder) due(st *stream) bool {
	return st.newest > st.last && st.newest >= st.next-b.interval/2
}

// complete reports whether all metrics have come that the last row had.
func (st *stream) complete() bool {
	if !st.pending {
		return false
	}
	for j, want := range st.want {
		if want && !st.have[j] {
			return false
		}
	}
	return true
}

// finish appends the row of what has come since the last one, unless it has no value.
func (b *rowBuilder) finish(out []row, st *stream) []row {
	values := slices.Repeat([]float64{math.NaN()}, len(b.metrics))
	some := false
	for i, src := range b.sources {
		if math.IsNaN(values[src.metric]) {
			v := aggregate(src.Aggregation, st.sources[i])
			if src.Scale != 0 {
				v *= src.Scale
			}
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				values[src.metric], some = v, true
			}
		}
	}
	if some {
		out = append(out, row{st, time.Unix(0, st.newest).UTC(), values})
	}
	b.begin(st)
	return out
}

// begin begins the next row of a stream.
func (b *rowBuilder) begin(st *stream) {
	for i, all := range st.sources {
		idle := false
		for _, s := range all {
			s.next()
			idle = idle || s.idle > idleRows
		}
		if idle {
			b.sweep(st, i)
		}
	}
	if off := st.newest - st.next; -b.interval/2 <= off && off <= b.interval/2 {
		st.next += b.interval
	} else {
		st.next = st.newest + b.interval
	}
	st.last, st.pending = st.newest, false
	st.have, st.want = st.want, st.have
	clear(st.have)
}

// sweep forgets the series of a source that have been idle for long.
func (b *rowBuilder) sweep(st *stream, source int) {
	for key, s := range st.index[source] {
		if s.idle > idleRows {
			delete(st.index[source], key)
		}
	}
	before := len(st.sources[source])
	st.sources[source] = slices.DeleteFunc(st.sources[source], func(s *series) bool { return s.idle > idleRows })
	b.series -= before - len(st.sources[source])
}
