package monitor_test

import (
	"fmt"
	"log"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

// A Monitor collects the samples of many hosts, trains a model for each when there are
// enough, and hands out the events.
func ExampleOpen() {
	cfg := train.Metrics()
	cfg.Optimizer.MinSteps = 500
	m, err := monitor.Open(monitor.Config{
		Columns:     dataset.HostMetrics(),
		WarmUp:      500,
		Train:       train.Windows(cfg),
		Synchronous: true, // trains within Push; a service leaves it to the background
		Detector:    alarm.Config{Budget: .2},
		Handle: func(e alarm.Event) {
			if e.Kind != alarm.Opened || e.Severity == alarm.Critical {
				fmt.Println(e.Stream, e.Kind)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	host, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 600, Seed: 2, Independent: true})
	if err != nil {
		log.Fatal(err)
	}
	at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for i := range 502 {
		sample := host.X.RawRowView(i)
		if i == 501 {
			sample = []float64{99, 3, 99, 1e9}
		}
		if err := m.Push("web-1", at.Add(time.Duration(i)*time.Minute), sample); err != nil {
			log.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// web-1 warming up
	// web-1 retrained
	// web-1 opened
}
