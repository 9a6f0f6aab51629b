package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	httpconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v2"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/train"
)

// config is the configuration file. README.md has a table of its keys.
type config struct {
	Listen       string              `yaml:"listen"`
	TokenFile    string              `yaml:"token_file"`
	Dir          string              `yaml:"dir"`
	Interval     model.Duration      `yaml:"interval"`
	Source       *prometheusConfig   `yaml:"source"` // what Sources.Prometheus was before there were others
	Sources      sourcesConfig       `yaml:"sources"`
	By           []string            `yaml:"by"`
	MaxStreams   int                 `yaml:"max_streams"`
	Forget       model.Duration      `yaml:"forget"`
	Metrics      []metricConfig      `yaml:"metrics"`
	Training     trainingConfig      `yaml:"training"`
	Alarms       alarmsConfig        `yaml:"alarms"`
	Stdout       bool                `yaml:"stdout"`
	Alertmanager *alertmanagerConfig `yaml:"alertmanager"`
	Webhook      *webhookConfig      `yaml:"webhook"`

	token string // that TokenFile holds
}

type metricConfig struct {
	Name         string           `yaml:"name"`
	Unit         string           `yaml:"unit"`
	Direction    string           `yaml:"direction"`
	MinDeviation float64          `yaml:"min_deviation"`
	Query        string           `yaml:"query"`
	RemoteWrite  *selectionConfig `yaml:"remote_write"`
	OTLP         *selectionConfig `yaml:"otlp"`
	Column       string           `yaml:"column"`
}

type trainingConfig struct {
	Preset   string         `yaml:"preset"`
	WarmUp   int            `yaml:"warm_up"`
	Retrain  model.Duration `yaml:"retrain"`
	Workers  int            `yaml:"workers"`
	Seasonal bool           `yaml:"seasonal"`
	Zone     string         `yaml:"zone"`
}

type alarmsConfig struct {
	Budget float64         `yaml:"budget"`
	Open   int             `yaml:"open"`
	Of     int             `yaml:"of"`
	Gap    model.Duration  `yaml:"gap"`
	Merge  *model.Duration `yaml:"merge"`
	MaxAge model.Duration  `yaml:"max_age"`
}

type alertmanagerConfig struct {
	URLs   []string                    `yaml:"urls"`
	Labels map[string]string           `yaml:"labels"`
	Resend model.Duration              `yaml:"resend"`
	HTTP   httpconfig.HTTPClientConfig `yaml:"http"`
}

type webhookConfig struct {
	URL  string                      `yaml:"url"`
	HTTP httpconfig.HTTPClientConfig `yaml:"http"`
}

// setDefault replaces a zero value.
func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// loadConfig reads and checks a configuration file. Paths in it are relative to its folder.
func loadConfig(path string) (*config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c, err := parseConfig(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c.setDirectory(filepath.Dir(path))
	if c.token, err = readToken("token_file", c.TokenFile); err == nil {
		err = c.Sources.readTokens()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// readToken reads a file with a token; "" where there is no file.
func readToken(key, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("%s: %s is empty", key, path)
	}
	return token, nil
}

func parseConfig(text []byte) (*config, error) {
	c := new(config)
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.SetStrict(true)
	if err := d.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if c.Source != nil && c.Sources.Prometheus != nil {
		return nil, errors.New("source and sources.prometheus are the same: use one of them")
	}
	c.fill()
	return c, c.check()
}

// fill fills in the defaults.
func (c *config) fill() {
	setDefault(&c.Listen, "127.0.0.1:9815")
	setDefault(&c.Dir, "anomaly.state")
	if len(c.By) == 0 {
		c.By = []string{"instance"}
	}
	setDefault(&c.MaxStreams, 10000)
	setDefault(&c.Forget, model.Duration(7*24*time.Hour))
	c.Sources.fill(c)
	setDefault(&c.Training.WarmUp, 1000)
	if c.Training.Preset == "" {
		c.Training.Preset = "metrics"
		if time.Duration(c.Interval) >= train.SeriesInterval {
			c.Training.Preset = "series"
		}
	}
	setDefault(&c.Alarms.MaxAge, model.Duration(time.Hour))
	if a := c.Alertmanager; a != nil {
		setDefault(&a.Resend, model.Duration(time.Minute))
	}
}

// setDirectory makes the paths of the file relative to a folder.
func (c *config) setDirectory(dir string) {
	join := func(path *string) {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(dir, *path)
		}
	}
	join(&c.Dir)
	join(&c.TokenFile)
	c.Sources.setDirectory(dir, join)
	if c.Alertmanager != nil {
		c.Alertmanager.HTTP.SetDirectory(dir)
	}
	if c.Webhook != nil {
		c.Webhook.HTTP.SetDirectory(dir)
	}
}

// reserved are labels that the exporter and the sinks set themselves.
var reserved = []string{"metric", "severity", "alertname", "kind", model.MetricNameLabel}

func (c *config) check() error {
	if len(c.Metrics) == 0 {
		return errors.New("metrics: there are none")
	}
	for i, m := range c.Metrics {
		if m.Name == "" {
			return fmt.Errorf("metrics: number %d has no name", i+1)
		}
		if slices.ContainsFunc(c.Metrics[:i], func(o metricConfig) bool { return o.Name == m.Name }) {
			return fmt.Errorf("metrics: %s is there twice", m.Name)
		}
		if _, ok := directions[m.Direction]; !ok {
			return fmt.Errorf("metrics: %s: direction %q, want high, low or both", m.Name, m.Direction)
		}
	}
	for i, l := range c.By {
		if !model.LegacyValidation.IsValidLabelName(l) || slices.Contains(reserved, l) || slices.Contains(c.By[:i], l) {
			return fmt.Errorf("by: %q is no label that can name a stream", l)
		}
	}
	if _, ok := presets[c.Training.Preset]; !ok {
		return fmt.Errorf("training: preset %q, want metrics, series or pca", c.Training.Preset)
	}
	if c.Interval < model.Duration(time.Millisecond) {
		return fmt.Errorf("interval: %s", c.Interval)
	}
	if err := c.Sources.check(c); err != nil {
		return err
	}
	if c.MaxStreams < 0 {
		return fmt.Errorf("max_streams: %d", c.MaxStreams)
	}
	if err := c.checkURLs(); err != nil {
		return err
	}
	return c.checkMonitor()
}

func (c *config) checkURLs() error {
	urls := map[string][]string{}
	if c.Sources.Prometheus != nil {
		urls["source"] = []string{c.Sources.Prometheus.URL}
	}
	if c.Alertmanager != nil {
		urls["alertmanager"] = c.Alertmanager.URLs
		if len(c.Alertmanager.URLs) == 0 {
			return errors.New("alertmanager: no urls")
		}
		for l := range c.Alertmanager.Labels {
			if !model.LegacyValidation.IsValidLabelName(l) || l == model.MetricNameLabel || slices.Contains(c.By, l) {
				return fmt.Errorf("alertmanager: label %q", l)
			}
		}
	}
	if c.Webhook != nil {
		urls["webhook"] = []string{c.Webhook.URL}
	}
	for key, list := range urls {
		for _, text := range list {
			if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
				return fmt.Errorf("%s: %q is no URL", key, text)
			}
		}
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return nil
}

// checkMonitor opens a Monitor in memory, which knows what else can be wrong.
func (c *config) checkMonitor() error {
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

var directions = map[string]alarm.Direction{"": alarm.Both, "both": alarm.Both, "high": alarm.High, "low": alarm.Low}

var presets = map[string]func() train.Config{"metrics": train.Metrics, "series": train.Series, "pca": train.PCA}

// monitor returns the settings of the Monitor, without its receivers.
func (c *config) monitor() (monitor.Config, error) {
	zone, err := time.LoadLocation(c.Training.Zone)
	if err != nil {
		return monitor.Config{}, fmt.Errorf("training: zone: %w", err)
	}
	out := monitor.Config{
		Train:    train.Windows(presets[c.Training.Preset]()),
		Interval: time.Duration(c.Interval),
		Detector: alarm.Config{Budget: c.Alarms.Budget, Open: c.Alarms.Open, Of: c.Alarms.Of,
			Gap: time.Duration(c.Alarms.Gap), Merge: c.Alarms.merge(), Metrics: map[string]alarm.MetricRule{}},
		WarmUp: c.Training.WarmUp, Retrain: time.Duration(c.Training.Retrain), Workers: c.Training.Workers,
		Seasonal: c.Training.Seasonal, Zone: zone,
		MaxStreams: c.MaxStreams,
		Dir:        filepath.Join(c.Dir, "monitor"),
	}
	for _, m := range c.Metrics {
		out.Columns = append(out.Columns, m.Name)
		if m.Direction != "" || m.MinDeviation != 0 {
			out.Detector.Metrics[m.Name] = alarm.MetricRule{Direction: directions[m.Direction], MinDeviation: m.MinDeviation}
		}
	}
	return out, nil
}

// merge returns alarm.Config.Merge, where negative means not at all.
func (a *alarmsConfig) merge() time.Duration {
	switch {
	case a.Merge == nil:
		return 0
	case *a.Merge == 0:
		return -1
	}
	return time.Duration(*a.Merge)
}

// loopback reports whether the program listens on the loopback only.
func (c *config) loopback() bool {
	host, _, _ := net.SplitHostPort(c.Listen)
	return isLoopback(host)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
