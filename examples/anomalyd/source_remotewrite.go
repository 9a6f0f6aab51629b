package main

import (
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/metric-streams/anomaly/examples/anomalyd/align"
	"github.com/metric-streams/anomaly/examples/anomalyd/remotewrite"
)

// remoteWriteProtocol is Prometheus' remote write, in both versions.
type remoteWriteProtocol struct{ selector *selector }

func (remoteWriteProtocol) types() []string { return []string{"application/x-protobuf"} }

// version returns the version of a request.
func version(contentType string) (remotewrite.Version, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errUnsupported, err)
	}
	switch message := params["proto"]; message {
	case "", "prometheus.WriteRequest":
		return remotewrite.V1, nil
	case "io.prometheus.write.v2.Request":
		return remotewrite.V2, nil
	default:
		return 0, fmt.Errorf("message %q: %w", message, errUnsupported)
	}
}

func (p remoteWriteProtocol) decode(contentType string, body []byte, add func(align.Sample)) (got received, err error) {
	v, err := version(contentType)
	if err != nil {
		return got, err
	}
	err = remotewrite.Decode(body, v, func(s *remotewrite.Series) {
		got.samples += len(s.Samples)
		got.others += s.Histograms
		if len(s.Samples) == 0 {
			return
		}
		name := string(s.Name)
		p.selector.match(name, s.Labels, strings.HasSuffix(name, "_total"), func(found align.Sample) {
			kind := found.Kind
			for _, one := range s.Samples {
				found.Time, found.Value, found.Kind = one.Time, one.Value, kind
				if one.Ends() {
					found.Value, found.Kind = 0, align.Gone
				}
				add(found)
			}
		})
	})
	return got, err
}

func (remoteWriteProtocol) answer(w http.ResponseWriter, _ string, got answer) {
	if got.problem != "" {
		http.Error(w, got.problem, got.code)
		return
	}
	// Version 2 wants to know. What nobody wants here is no failure of the sender.
	w.Header().Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(got.samples))
	w.Header().Set("X-Prometheus-Remote-Write-Histograms-Written", strconv.Itoa(got.others))
	w.Header().Set("X-Prometheus-Remote-Write-Exemplars-Written", "0")
	w.WriteHeader(http.StatusNoContent)
}
