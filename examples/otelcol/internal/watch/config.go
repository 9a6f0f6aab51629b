package watch

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/train"
)

// Config is the configuration of the processor and of the connector. README.md has a table of
// its keys.
type Config struct {
	// Directory keeps what must survive a restart; "" means memory only.
	Directory string `mapstructure:"directory"`
	// Interval between the rows of a stream.
	Interval time.Duration `mapstructure:"interval"`
	// ResourceAttributes tell streams apart; empty means all attributes of the resource.
	ResourceAttributes []string `mapstructure:"resource_attributes"`
	// Metrics make a row; empty means HostMetrics.
	Metrics []MetricConfig `mapstructure:"metrics"`
	// MaxStreams bounds the streams; those beyond are left out and counted.
	MaxStreams int `mapstructure:"max_streams"`
	// Forget is for how long a stream may be gone before it is forgotten.
	Forget time.Duration `mapstructure:"forget"`
	// ExpectedRanges adds the gauges that each metric of a stream has.
	ExpectedRanges bool           `mapstructure:"expected_ranges"`
	Training       TrainingConfig `mapstructure:"training"`
	Alarms         AlarmsConfig   `mapstructure:"alarms"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// MetricConfig says where one metric of a row comes from.
type MetricConfig struct {
	Name string `mapstructure:"name"`
	// From names OpenTelemetry metrics. The first that has data is used.
	From []string `mapstructure:"from"`
	// Attributes lets only data points pass whose attribute has one of the values, Exclude only
	// those whose attribute has none of them. Values are patterns of path.Match.
	Attributes map[string][]string `mapstructure:"attributes"`
	Exclude    map[string][]string `mapstructure:"exclude"`
	// Kind is value or rate; "" means by the metric: rate for counters and deltas.
	Kind string `mapstructure:"kind"`
	// Aggregation of several data points to one number: sum, mean, max, min or share. share is
	// the sum of those that pass, divided by the sum of all. "" means sum.
	Aggregation string  `mapstructure:"aggregation"`
	Scale       float64 `mapstructure:"scale"` // factor; 0 means 1
	Unit        string  `mapstructure:"unit"`  // for people
	// Floor is the least standard deviation that the metric is taken to have, in its unit: a
	// metric that hardly moved in training would be odd with every movement.
	Floor        float64 `mapstructure:"floor"`
	Direction    string  `mapstructure:"direction"`
	MinDeviation float64 `mapstructure:"min_deviation"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// TrainingConfig says how models are made.
type TrainingConfig struct {
	Preset   string        `mapstructure:"preset"` // metrics, series or pca; "" means by the interval
	WarmUp   int           `mapstructure:"warm_up"`
	Retrain  time.Duration `mapstructure:"retrain"`
	Workers  int           `mapstructure:"workers"`
	Seasonal bool          `mapstructure:"seasonal"`
	Zone     string        `mapstructure:"zone"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// AlarmsConfig says when samples make an alarm.
type AlarmsConfig struct {
	Budget float64        `mapstructure:"budget"`
	Open   int            `mapstructure:"open"`
	Of     int            `mapstructure:"of"`
	Gap    time.Duration  `mapstructure:"gap"`
	Merge  *time.Duration `mapstructure:"merge"` // 0 means not at all

	// prevent unkeyed literal initialization
	_ struct{}
}

// Default returns the default configuration.
func Default() *Config {
	return &Config{
		Interval:       time.Minute,
		MaxStreams:     10_000,
		Forget:         7 * 24 * time.Hour,
		ExpectedRanges: true,
		Training:       TrainingConfig{WarmUp: 1000},
	}
}

// HostMetrics returns the metrics of a row for what the hostmetrics receiver sends.
func HostMetrics() []MetricConfig {
	return []MetricConfig{
		{Name: "cpu", From: []string{"system.cpu.utilization", "system.cpu.time"}, Exclude: map[string][]string{"state": {"idle"}}, Aggregation: "share", Scale: 100, Unit: "%", Floor: 1},
		{Name: "memory", From: []string{"system.memory.utilization"}, Attributes: map[string][]string{"state": {"used"}}, Scale: 100, Unit: "%", Floor: .5},
		{Name: "disk", From: []string{"system.disk.io_time"}, Aggregation: "max", Scale: 100, Unit: "%", Floor: 1},
		{Name: "network_in", From: []string{"system.network.io"}, Attributes: map[string][]string{"direction": {"receive"}}, Exclude: map[string][]string{"device": {"lo"}}, Unit: "By/s", Floor: 100_000},
	}
}

// metrics returns the metrics of a row.
func (c *Config) metrics() []MetricConfig {
	if len(c.Metrics) == 0 {
		return HostMetrics()
	}
	return c.Metrics
}

var (
	aggregations = []string{"", "sum", "mean", "max", "min", "share"}
	kinds        = []string{"", "value", "rate"}
	directions   = map[string]alarm.Direction{"": alarm.Both, "both": alarm.Both, "high": alarm.High, "low": alarm.Low}
	presets      = map[string]func() train.Config{"metrics": train.Metrics, "series": train.Series, "pca": train.PCA}
)

// Validate implements confmap.Validator. It returns all that is wrong.
func (c *Config) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Interval < time.Millisecond {
		wrong("interval: %s, want at least 1ms", c.Interval)
	}
	if c.MaxStreams < 1 {
		wrong("max_streams: %d, want at least 1", c.MaxStreams)
	}
	if c.Forget <= 0 {
		wrong("forget: %s, want more than 0", c.Forget)
	}
	if slices.Contains(c.ResourceAttributes, "") {
		wrong("resource_attributes: one has no name")
	}
	names := map[string]bool{}
	for i, m := range c.Metrics {
		if names[m.Name] {
			wrong("metrics: %q is there twice", m.Name)
		}
		names[m.Name] = true
		if err := m.validate(); err != nil {
			wrong("metrics: number %d, %q: %w", i+1, m.Name, err)
		}
	}
	if c.Training.Preset != "" && presets[c.Training.Preset] == nil {
		wrong("training: preset %q, want metrics, series or pca", c.Training.Preset)
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	return c.validateMonitor()
}

func (m *MetricConfig) validate() error {
	switch {
	case m.Name == "":
		return errors.New("name is missing")
	case len(m.From) == 0 || slices.Contains(m.From, ""):
		return errors.New("from: want names of metrics")
	case !slices.Contains(kinds, m.Kind):
		return fmt.Errorf("kind %q, want value or rate", m.Kind)
	case !slices.Contains(aggregations, m.Aggregation):
		return fmt.Errorf("aggregation %q, want sum, mean, max, min or share", m.Aggregation)
	}
	if !(m.Floor >= 0) || math.IsInf(m.Floor, 1) {
		return fmt.Errorf("floor %g, want at least 0", m.Floor)
	}
	if _, ok := directions[m.Direction]; !ok {
		return fmt.Errorf("direction %q, want high, low or both", m.Direction)
	}
	for _, filter := range []map[string][]string{m.Attributes, m.Exclude} {
		for _, key := range slices.Sorted(maps.Keys(filter)) {
			for _, pattern := range filter[key] {
				if _, err := path.Match(pattern, ""); err != nil {
					return fmt.Errorf("attribute %s: %q: %w", key, pattern, err)
				}
			}
		}
	}
	return nil
}

// validateMonitor opens a Monitor in memory, which knows what else can be wrong.
func (c *Config) validateMonitor() error {
	mc, err := c.monitor()
	if err != nil {
		return err
	}
	mc.Dir = ""
	m, err := monitor.Open(mc)
	if err != nil {
		return err
	}
	return m.Close()
}

// monitor returns the settings of the Monitor, without its receivers.
func (c *Config) monitor() (monitor.Config, error) {
	zone, err := time.LoadLocation(c.Training.Zone)
	if err != nil {
		return monitor.Config{}, fmt.Errorf("training: zone: %w", err)
	}
	preset := presets[c.preset()]()
	for _, m := range c.metrics() {
		preset.Scaling.Floors = append(preset.Scaling.Floors, m.Floor)
	}
	out := monitor.Config{
		Train:    train.Windows(preset),
		Interval: c.Interval,
		Detector: alarm.Config{Budget: c.Alarms.Budget, Open: c.Alarms.Open, Of: c.Alarms.Of,
			Gap: c.Alarms.Gap, Merge: c.Alarms.merge(), Metrics: map[string]alarm.MetricRule{}},
		WarmUp: c.Training.WarmUp, Retrain: c.Training.Retrain, Workers: c.Training.Workers,
		Seasonal: c.Training.Seasonal, Zone: zone,
		MaxStreams: c.MaxStreams,
	}
	if c.Directory != "" {
		out.Dir = filepath.Join(c.Directory, "monitor")
	}
	for _, m := range c.metrics() {
		out.Columns = append(out.Columns, m.Name)
		if m.Direction != "" || m.MinDeviation != 0 {
			out.Detector.Metrics[m.Name] = alarm.MetricRule{Direction: directions[m.Direction], MinDeviation: m.MinDeviation}
		}
	}
	return out, nil
}

func (c *Config) preset() string {
	switch {
	case c.Training.Preset != "":
		return c.Training.Preset
	case c.Interval >= train.SeriesInterval:
		return "series"
	}
	return "metrics"
}

// merge returns alarm.Config.Merge, where negative means not at all.
func (a *AlarmsConfig) merge() time.Duration {
	switch {
	case a.Merge == nil:
		return 0
	case *a.Merge == 0:
		return -1
	}
	return *a.Merge
}
