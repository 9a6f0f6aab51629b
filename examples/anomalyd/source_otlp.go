package main

import (
	"mime"
	"net/http"
	"strings"

	"github.com/metric-streams/anomaly/examples/anomalyd/align"
	"github.com/metric-streams/anomaly/examples/anomalyd/otlp"
)

// otlpProtocol is OpenTelemetry's OTLP over HTTP.
type otlpProtocol struct{ selector *selector }

const protobufType, jsonType = "application/x-protobuf", "application/json"

func (otlpProtocol) types() []string { return []string{protobufType, jsonType} }

func (p otlpProtocol) decode(contentType string, body []byte, add func(align.Sample)) (got received, err error) {
	media, _, _ := mime.ParseMediaType(contentType)
	got.others, err = otlp.Decode(body, media == jsonType, func(one *otlp.Point) {
		got.samples++
		p.selector.match(one.Metric, one.Labels, one.Counter, func(found align.Sample) {
			found.Time, found.Value = one.Time, one.Value
			if one.Gone {
				found.Kind = align.Gone
			}
			add(found)
		})
	})
	return got, err
}

func (otlpProtocol) answer(w http.ResponseWriter, contentType string, got answer) {
	json := contentType == jsonType
	w.Header().Set("Content-Type", protobufType)
	if json {
		w.Header().Set("Content-Type", jsonType)
	}
	body := otlp.Response(json, got.rejected, "too many streams or series, a stream without a name, no numbers, or a time in the future")
	if got.problem != "" {
		body = otlp.Failure(json, strings.ToValidUTF8(got.problem, "?"))
	}
	w.WriteHeader(got.code)
	_, _ = w.Write(body) // the client may have gone away
}
