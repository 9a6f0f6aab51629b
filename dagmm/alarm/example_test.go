package alarm_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

// A Detector keeps a budget of false alarms a day and says what opened an alarm.
func ExampleNew() {
	history, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 3000, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	cfg := train.Metrics()
	cfg.Columns, cfg.Optimizer.MinSteps = history.Columns, 500
	model, _, err := train.Fit(context.Background(), history.X, cfg)
	if err != nil {
		log.Fatal(err)
	}
	detector, err := alarm.New(model, history.X, alarm.Config{Interval: time.Minute, Budget: .5})
	if err != nil {
		log.Fatal(err)
	}
	at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for minute := range 30 {
		sample := history.X.RawRowView(1500)
		if minute >= 10 && minute < 15 {
			sample = []float64{99, sample[1], sample[2], sample[3]}
		}
		result, err := detector.Next(at.Add(time.Duration(minute)*time.Minute), sample)
		if err != nil {
			log.Fatal(err)
		}
		for _, e := range result.Events {
			if e.Kind == alarm.Opened || e.Kind == alarm.Closed {
				fmt.Println(e.Time.Format("15:04"), e.Kind, e.Explanation.Contributions[0].Metric, e.Samples, "samples")
			}
		}
	}
	// Output:
	// 00:10 opened cpu 1 samples
	// 00:25 closed cpu 5 samples
}
