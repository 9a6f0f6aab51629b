package monitor

import (
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// outcome is what a training brings.
type outcome struct {
	kind     alarm.Kind // Retrained, Kept or RetrainFailed
	detail   string
	model    string        // stored name of the new or recalibrated model; "" without one or without a Store
	start    float64       // of the detector
	span     time.Duration // of the rows that the model has learned
	metrics  metricRuns
	detector *alarm.Detector // nil where the model stays as it is, or where it is left to the stored model
}
