// Package otlp reads metrics as OpenTelemetry sends them over HTTP, in protobuf and in JSON.
package otlp

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"strconv"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/metric-streams/anomaly/examples/anomalyd/series"
)

// ErrFormat reports bytes that are no request of OTLP.
var ErrFormat = errors.New("no OTLP metrics")

// Point is a number of a metric. It is good until the next one.
type Point struct {
	Metric string
	// Labels are the attributes of the point, then those of its scope and its resource.
	Labels series.Labels
	// Counter says that the value is a running total that only grows. The increase since another
	// point (delta temporality) is given as a value per second.
	Counter bool
	Gone    bool  // there is no value any more
	Time    int64 // in milliseconds since 1970
	Value   float64
}

// Decode calls each for every number in an export request. It returns how many points are no
// numbers but histograms or summaries, and are left out.
func Decode(body []byte, json bool, each func(*Point)) (others int, err error) {
	// An ExportMetricsServiceRequest has the same field, and its package needs gRPC.
	data := new(metrics.MetricsData)
	if json {
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, data)
	} else {
		err = proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, data)
	}
	if err != nil {
		return 0, fmt.Errorf("otlp: %w: %w", ErrFormat, err)
	}
	var p Point
	for _, resource := range data.ResourceMetrics {
		own := appendLabels(nil, resource.GetResource().GetAttributes())
		for _, scope := range resource.GetScopeMetrics() {
			above := append(appendLabels(nil, scope.GetScope().GetAttributes()), own...)
			for _, m := range scope.GetMetrics() {
				points, counter, delta := numbers(m)
				others += otherPoints(m)
				for _, one := range points {
					p = Point{Metric: m.GetName(), Counter: counter, Labels: append(appendLabels(p.Labels[:0], one.GetAttributes()), above...)}
					if p.take(one, delta) {
						each(&p)
					}
				}
			}
		}
	}
	return others, nil
}

// numbers returns the points of a metric that are numbers.
func numbers(m *metrics.Metric) (points []*metrics.NumberDataPoint, counter, delta bool) {
	if s := m.GetSum(); s != nil {
		delta = s.GetAggregationTemporality() == metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA
		return s.GetDataPoints(), s.GetIsMonotonic() && !delta, delta
	}
	return m.GetGauge().GetDataPoints(), false, false
}

func otherPoints(m *metrics.Metric) int {
	return len(m.GetHistogram().GetDataPoints()) + len(m.GetExponentialHistogram().GetDataPoints()) + len(m.GetSummary().GetDataPoints())
}

// take takes time and value; false where there is no use in them.
func (p *Point) take(one *metrics.NumberDataPoint, delta bool) bool {
	p.Time = int64(one.GetTimeUnixNano() / 1e6)
	if one.GetFlags()&uint32(metrics.DataPointFlags_DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK) != 0 {
		p.Gone = true
		return true
	}
	switch v := one.GetValue().(type) {
	case *metrics.NumberDataPoint_AsDouble:
		p.Value = v.AsDouble
	case *metrics.NumberDataPoint_AsInt:
		p.Value = float64(v.AsInt)
	default:
		return false
	}
	if !delta {
		return true
	}
	from, to := one.GetStartTimeUnixNano(), one.GetTimeUnixNano()
	if from == 0 || from >= to {
		return false
	}
	p.Value /= float64(to-from) / 1e9
	return true
}

// appendLabels appends those attributes that have one value.
func appendLabels(to series.Labels, from []*common.KeyValue) series.Labels {
	for _, a := range from {
		var value []byte
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			value = []byte(v.StringValue)
		case *common.AnyValue_BoolValue:
			value = strconv.AppendBool(nil, v.BoolValue)
		case *common.AnyValue_IntValue:
			value = strconv.AppendInt(nil, v.IntValue, 10)
		case *common.AnyValue_DoubleValue:
			value = strconv.AppendFloat(nil, v.DoubleValue, 'g', -1, 64)
		default:
			continue
		}
		to = append(to, series.Label{Name: []byte(a.GetKey()), Value: value})
	}
	return to
}

// The fields of an ExportMetricsServiceResponse and of its ExportMetricsPartialSuccess, and of a
// google.rpc.Status.
const (
	partialSuccess protowire.Number = 1
	rejectedPoints protowire.Number = 1
	errorMessage   protowire.Number = 2
	statusMessage  protowire.Number = 2
)

// Response returns the answer to a request of which some points were rejected, or none.
func Response(json bool, rejected int, why string) []byte {
	if json {
		if rejected == 0 {
			return []byte("{}")
		}
		return fmt.Appendf(nil, `{"partialSuccess":{"rejectedDataPoints":"%d","errorMessage":%s}}`, rejected, quoted(why))
	}
	if rejected == 0 {
		return nil
	}
	part := protowire.AppendVarint(protowire.AppendTag(nil, rejectedPoints, protowire.VarintType), uint64(rejected))
	part = protowire.AppendString(protowire.AppendTag(part, errorMessage, protowire.BytesType), why)
	return protowire.AppendBytes(protowire.AppendTag(nil, partialSuccess, protowire.BytesType), part)
}

// Failure returns the answer to a request that failed.
func Failure(json bool, why string) []byte {
	if json {
		return fmt.Appendf(nil, `{"message":%s}`, quoted(why))
	}
	return protowire.AppendString(protowire.AppendTag(nil, statusMessage, protowire.BytesType), why)
}

// quoted returns a text as JSON.
func quoted(text string) []byte {
	out, _ := stdjson.Marshal(text) // a text can always be written
	return out
}
