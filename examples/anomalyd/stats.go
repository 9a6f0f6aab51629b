package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// statsCollector exports monitor.Stats.
type statsCollector struct{ *monitor.Monitor }

// stat is one number of monitor.Stats.
type stat struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(monitor.Stats) float64
}

func newStat(name, help string, kind prometheus.ValueType, of func(monitor.Stats) float64) stat {
	return stat{prometheus.NewDesc("anomaly_monitor_"+name, help, nil, nil), kind, of}
}

var stats = []stat{
	newStat("streams", "Streams in memory.", prometheus.GaugeValue, func(s monitor.Stats) float64 { return float64(s.Streams) }),
	newStat("warming_up", "Streams without a model yet.", prometheus.GaugeValue, func(s monitor.Stats) float64 { return float64(s.WarmingUp) }),
	newStat("open_alarms", "Alarms that are open.", prometheus.GaugeValue, func(s monitor.Stats) float64 { return float64(s.OpenAlarms) }),
	newStat("trainings", "Trainings under way or waiting.", prometheus.GaugeValue, func(s monitor.Stats) float64 { return float64(s.Training) }),
	newStat("window_rows", "Samples remembered for training.", prometheus.GaugeValue, func(s monitor.Stats) float64 { return float64(s.WindowRows) }),
	newStat("samples_total", "Samples taken.", prometheus.CounterValue, func(s monitor.Stats) float64 { return float64(s.Samples) }),
	newStat("dropped_total", "Samples that came late or twice.", prometheus.CounterValue, func(s monitor.Stats) float64 { return float64(s.Dropped) }),
	newStat("invalid_total", "Values that are infinite.", prometheus.CounterValue, func(s monitor.Stats) float64 { return float64(s.Invalid) }),
	newStat("events_total", "Events.", prometheus.CounterValue, func(s monitor.Stats) float64 { return float64(s.Events) }),
	newStat("alarms_total", "Alarms opened.", prometheus.CounterValue, func(s monitor.Stats) float64 { return float64(s.Alarms) }),
	newStat("trained_total", "Models that took over.", prometheus.CounterValue, func(s monitor.Stats) float64 { return float64(s.Trained) }),
	newStat("kept_total", "Trainings after which the old model stayed.", prometheus.CounterValue, func(s monitor.Stats) float64 { return float64(s.Kept) }),
	newStat("failed_total", "Trainings that failed.", prometheus.CounterValue, func(s monitor.Stats) float64 { return float64(s.Failed) }),
	newStat("evicted_total", "Streams that left memory for others.", prometheus.CounterValue, func(s monitor.Stats) float64 { return float64(s.Evicted) }),
	newStat("damaged_total", "Stored states that were set aside as damaged.", prometheus.CounterValue, func(s monitor.Stats) float64 { return float64(s.Damaged) }),
}

// Describe implements prometheus.Collector.
func (c statsCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, s := range stats {
		ch <- s.desc
	}
}

// Collect implements prometheus.Collector.
func (c statsCollector) Collect(ch chan<- prometheus.Metric) {
	now := c.Stats()
	for _, s := range stats {
		ch <- prometheus.MustNewConstMetric(s.desc, s.kind, s.of(now))
	}
}
