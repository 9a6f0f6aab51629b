package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/train"
)

// config is the configuration file. README.md has a table of its keys.
type config struct {
	By       []string       `toml:"by"`
	Interval time.Duration  `toml:"interval"`
	Dir      string         `toml:"dir"`
	Hosts    int            `toml:"hosts"`
	Metrics  []metricConfig `toml:"metrics"`
	Training trainingConfig `toml:"training"`
	Alarms   alarmsConfig   `toml:"alarms"`
}

// metricConfig says which values make a metric of a host.
type metricConfig struct {
	Name        string            `toml:"name"`
	Measurement string            `toml:"measurement"`
	Field       string            `toml:"field"`
	Tags        map[string]string `toml:"tags"`  // that a series must have
	Rate        bool              `toml:"rate"`  // the field is a running total
	Join        string            `toml:"join"`  // several series of a host: sum, mean or max
	Scale       float64           `toml:"scale"` // the metric is offset + scale × value
	Offset      float64           `toml:"offset"`
}

type trainingConfig struct {
	Preset  string        `toml:"preset"`
	WarmUp  int           `toml:"warm_up"`
	Retrain time.Duration `toml:"retrain"`
	Workers int           `toml:"workers"`
}

type alarmsConfig struct {
	Budget float64       `toml:"budget"`
	Open   int           `toml:"open"`
	Of     int           `toml:"of"`
	Gap    time.Duration `toml:"gap"`
	Merge  time.Duration `toml:"merge"`
}

var errConfig = errors.New("invalid setting")

// usualMetrics are those of Telegraf's inputs cpu, mem, diskio and net.
func usualMetrics() []metricConfig {
	return []metricConfig{
		{Name: "cpu", Measurement: "cpu", Field: "usage_idle", Tags: map[string]string{"cpu": "cpu-total"}, Scale: -1, Offset: 100},
		{Name: "mem", Measurement: "mem", Field: "used_percent"},
		{Name: "disk", Measurement: "diskio", Field: "io_time", Rate: true, Join: "max", Scale: .1}, // milliseconds a second, in per cent
		{Name: "net_in", Measurement: "net", Field: "bytes_recv", Rate: true, Join: "sum", Scale: 8},
	}
}

// loadConfig reads and checks a configuration file; "" means the defaults. The state's folder is
// relative to the file's.
func loadConfig(path string) (*config, error) {
	c := new(config)
	if path != "" {
		meta, err := toml.DecodeFile(path, c)
		if err != nil {
			return nil, err
		}
		if unknown := meta.Undecoded(); len(unknown) > 0 {
			return nil, fmt.Errorf("%s: unknown key %s: %w", path, unknown[0], errConfig)
		}
	}
	c.fill()
	if !filepath.IsAbs(c.Dir) {
		c.Dir = filepath.Join(filepath.Dir(path), c.Dir)
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", cmp.Or(path, "defaults"), err)
	}
	return c, nil
}

// fill fills in the defaults.
func (c *config) fill() {
	if len(c.By) == 0 {
		c.By = []string{"host"}
	}
	c.Interval = cmp.Or(c.Interval, 10*time.Second)
	c.Dir = cmp.Or(c.Dir, "anomaly.state")
	c.Hosts = cmp.Or(c.Hosts, 1000)
	if len(c.Metrics) == 0 {
		c.Metrics = usualMetrics()
	}
	for k := range c.Metrics {
		m := &c.Metrics[k]
		m.Name = cmp.Or(m.Name, m.Measurement+"_"+m.Field)
		m.Join = cmp.Or(m.Join, "mean")
		m.Scale = cmp.Or(m.Scale, 1)
	}
}

func (c *config) check() error {
	names := map[string]bool{}
	for k, m := range c.Metrics {
		switch {
		case m.Measurement == "" || m.Field == "":
			return fmt.Errorf("metric %d has measurement %q and field %q: %w", k+1, m.Measurement, m.Field, errConfig)
		case names[m.Name]:
			return fmt.Errorf("two metrics are called %q: %w", m.Name, errConfig)
		case !slices.Contains([]string{"sum", "mean", "max"}, m.Join):
			return fmt.Errorf("metric %q: join is %q, not sum, mean or max: %w", m.Name, m.Join, errConfig)
		case math.IsNaN(m.Scale+m.Offset) || math.IsInf(m.Scale+m.Offset, 0):
			return fmt.Errorf("metric %q: scale %g, offset %g: %w", m.Name, m.Scale, m.Offset, errConfig)
		}
		names[m.Name] = true
	}
	if c.Interval < time.Millisecond || c.Hosts < 0 {
		return fmt.Errorf("interval %s, hosts %d: %w", c.Interval, c.Hosts, errConfig)
	}
	if c.Training.Preset != "" {
		if _, err := train.Named(c.Training.Preset); err != nil {
			return err
		}
	}
	return nil
}

// monitor returns the settings of the Monitor.
func (c *config) monitor() monitor.Config {
	preset := train.Series()
	if c.Interval < train.SeriesInterval {
		preset = train.Metrics()
	}
	if c.Training.Preset != "" {
		preset, _ = train.Named(c.Training.Preset) // check has asked
	}
	out := monitor.Config{
		Train: train.Windows(preset), Interval: c.Interval, Dir: c.Dir, WarmUp: c.Training.WarmUp, Retrain: c.Training.Retrain, Workers: c.Training.Workers, MaxStreams: c.Hosts,
		Detector: alarm.Config{Budget: c.Alarms.Budget, Open: c.Alarms.Open, Of: c.Alarms.Of, Gap: c.Alarms.Gap, Merge: c.Alarms.Merge},
	}
	for _, m := range c.Metrics {
		out.Columns = append(out.Columns, m.Name)
	}
	return out
}

func listed(names []string) string { return strings.Join(names, ", ") }
