package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	httpconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v2"

	"github.com/metric-streams/anomaly/examples/anomalyd/align"
	"github.com/metric-streams/anomaly/examples/anomalyd/series"
)

// sourcesConfig says where samples come from.
type sourcesConfig struct {
	Prometheus  *prometheusConfig `yaml:"prometheus"`
	RemoteWrite *receiverConfig   `yaml:"remote_write"`
	OTLP        *receiverConfig   `yaml:"otlp"`
	CSV         *csvConfig        `yaml:"csv"`
}

// UnmarshalYAML implements yaml.Unmarshaler: a key without a value is a source with its defaults.
func (s *sourcesConfig) UnmarshalYAML(unmarshal func(any) error) error {
	type plain sourcesConfig
	if err := unmarshal((*plain)(s)); err != nil {
		return err
	}
	var keys yaml.MapSlice
	if err := unmarshal(&keys); err != nil {
		return err
	}
	for _, k := range keys {
		switch {
		case k.Value != nil:
		case k.Key == "prometheus":
			s.Prometheus = &prometheusConfig{HTTP: httpconfig.DefaultHTTPClientConfig}
		case k.Key == "remote_write":
			s.RemoteWrite = new(receiverConfig)
		case k.Key == "otlp":
			s.OTLP = new(receiverConfig)
		}
	}
	return nil
}

// prometheusConfig is a Prometheus that is asked.
type prometheusConfig struct {
	URL      string                      `yaml:"url"`
	Interval model.Duration              `yaml:"interval"` // what config.Interval was before there were other sources
	Delay    *model.Duration             `yaml:"delay"`
	Lookback model.Duration              `yaml:"lookback"`
	Timeout  model.Duration              `yaml:"timeout"`
	HTTP     httpconfig.HTTPClientConfig `yaml:"http"`
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (p *prometheusConfig) UnmarshalYAML(unmarshal func(any) error) error {
	type plain prometheusConfig
	p.HTTP = httpconfig.DefaultHTTPClientConfig
	return unmarshal((*plain)(p))
}

// receiverConfig is an address that others send to.
type receiverConfig struct {
	Path       string            `yaml:"path"`
	TokenFile  string            `yaml:"token_file"`
	Anyone     bool              `yaml:"anyone"`
	Labels     map[string]string `yaml:"labels"` // names that the labels of config.By have there
	Wait       model.Duration    `yaml:"wait"`
	MaxBody    int64             `yaml:"max_body"`
	MaxWaiting int               `yaml:"max_waiting"`

	token string // that TokenFile holds
}

// selectionConfig says which series are a metric, and what is made of them.
type selectionConfig struct {
	Series    string  `yaml:"series"`
	Counter   *bool   `yaml:"counter"`
	Aggregate string  `yaml:"aggregate"`
	DividedBy string  `yaml:"divided_by"`
	Scale     float64 `yaml:"scale"`
	Offset    float64 `yaml:"offset"`
}

// UnmarshalYAML implements yaml.Unmarshaler: a text alone is the series.
func (s *selectionConfig) UnmarshalYAML(unmarshal func(any) error) error {
	if err := unmarshal(&s.Series); err == nil {
		return nil
	}
	type plain selectionConfig
	return unmarshal((*plain)(s))
}

// csvConfig are files that grow.
type csvConfig struct {
	Files      []string           `yaml:"files"`
	Key        string             `yaml:"key"`
	Labels     map[string]string  `yaml:"labels"`
	Time       string             `yaml:"time"`
	TimeLayout string             `yaml:"time_layout"`
	Zone       string             `yaml:"zone"`
	Comma      string             `yaml:"comma"`
	Decimal    string             `yaml:"decimal"`
	Missing    []string           `yaml:"missing"`
	Sentinels  []float64          `yaml:"sentinels"`
	Counters   []string           `yaml:"counters"`
	Scale      map[string]float64 `yaml:"scale"`
	Poll       model.Duration     `yaml:"poll"`
}

// fill fills in the defaults.
func (s *sourcesConfig) fill(c *config) {
	if c.Source != nil {
		s.Prometheus = c.Source
	}
	if *s == (sourcesConfig{}) {
		s.Prometheus = &prometheusConfig{HTTP: httpconfig.DefaultHTTPClientConfig}
	}
	if p := s.Prometheus; p != nil {
		setDefault(&c.Interval, p.Interval)
	}
	setDefault(&c.Interval, model.Duration(15*time.Second))
	if p := s.Prometheus; p != nil {
		setDefault(&p.Interval, c.Interval)
		setDefault(&p.URL, "http://127.0.0.1:9090")
		setDefault(&p.Lookback, model.Duration(24*time.Hour))
		setDefault(&p.Timeout, model.Duration(30*time.Second))
		if p.Delay == nil {
			delay := c.Interval
			p.Delay = &delay
		}
	}
	for path, r := range map[string]*receiverConfig{"/api/v1/write": s.RemoteWrite, "/v1/metrics": s.OTLP} {
		if r != nil {
			setDefault(&r.Path, path)
			setDefault(&r.Wait, max(c.Interval, model.Duration(10*time.Second)))
			setDefault(&r.MaxBody, 16<<20)
			setDefault(&r.MaxWaiting, 1_000_000)
		}
	}
	if s.CSV != nil {
		setDefault(&s.CSV.Poll, min(c.Interval, model.Duration(time.Second)))
	}
	for i := range c.Metrics {
		setDefault(&c.Metrics[i].Column, c.Metrics[i].Name)
	}
}

// setDirectory makes paths relative to a folder.
func (s *sourcesConfig) setDirectory(dir string, join func(path *string)) {
	if s.Prometheus != nil {
		s.Prometheus.HTTP.SetDirectory(dir)
	}
	for _, r := range s.receivers() {
		join(&r.TokenFile)
	}
	if s.CSV != nil {
		for i := range s.CSV.Files {
			join(&s.CSV.Files[i])
		}
	}
}

// receivers returns those that are configured, by their key.
func (s *sourcesConfig) receivers() map[string]*receiverConfig {
	out := map[string]*receiverConfig{}
	if s.RemoteWrite != nil {
		out[remoteWriteSource] = s.RemoteWrite
	}
	if s.OTLP != nil {
		out[otlpSource] = s.OTLP
	}
	return out
}

// names returns the sources that are configured.
func (s *sourcesConfig) names() (out []string) {
	for name, there := range map[string]bool{prometheusSource: s.Prometheus != nil, remoteWriteSource: s.RemoteWrite != nil, otlpSource: s.OTLP != nil, csvSource: s.CSV != nil} {
		if there {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// stale is the age from which a sample says nothing of now.
func (s *sourcesConfig) stale(interval time.Duration) time.Duration {
	late := time.Duration(0)
	if s.Prometheus != nil {
		late = time.Duration(*s.Prometheus.Delay)
	}
	for _, r := range s.receivers() {
		late = max(late, time.Duration(r.Wait)+interval)
	}
	return late + max(10*interval, time.Minute)
}

func (s *sourcesConfig) readTokens() (err error) {
	for name, r := range s.receivers() {
		if r.token, err = readToken("sources: "+name+": token_file", r.TokenFile); err != nil {
			return err
		}
	}
	return nil
}

// The names of the sources, in the configuration, in the log and in what is exported.
const (
	prometheusSource  = "prometheus"
	remoteWriteSource = "remote_write"
	otlpSource        = "otlp"
	csvSource         = "csv"
)

func (s *sourcesConfig) check(c *config) error {
	if p := s.Prometheus; p != nil {
		if *p.Delay < 0 || p.Interval != c.Interval {
			return fmt.Errorf("sources: prometheus: interval %s, delay %s; the interval is %s", p.Interval, p.Delay, c.Interval)
		}
		if err := eachMetric(c, prometheusSource, "query", func(m *metricConfig) bool { return m.Query != "" }); err != nil {
			return err
		}
	}
	for name, r := range s.receivers() {
		if err := r.check(c, name); err != nil {
			return err
		}
	}
	if s.RemoteWrite != nil && s.OTLP != nil && s.RemoteWrite.Path == s.OTLP.Path {
		return fmt.Errorf("sources: remote_write and otlp have the same path %q", s.OTLP.Path)
	}
	if s.CSV != nil {
		return s.CSV.check(c)
	}
	return nil
}

// eachMetric is an error where a metric lacks what a source needs.
func eachMetric(c *config, source, key string, has func(*metricConfig) bool) error {
	for i := range c.Metrics {
		if !has(&c.Metrics[i]) {
			return fmt.Errorf("metrics: %s has no %s, which the source %s needs", c.Metrics[i].Name, key, source)
		}
	}
	return nil
}

func (r *receiverConfig) check(c *config, name string) error {
	if err := eachMetric(c, name, name, func(m *metricConfig) bool { return m.selection(name) != nil }); err != nil {
		return err
	}
	if _, err := newSelector(c, name); err != nil {
		return err
	}
	for label := range r.Labels {
		if !slices.Contains(c.By, label) {
			return fmt.Errorf("sources: %s: labels: %q is not in by", name, label)
		}
	}
	if !strings.HasPrefix(r.Path, "/") || strings.HasSuffix(r.Path, "/") || strings.ContainsAny(r.Path, " {}") || slices.Contains(ownPaths, r.Path) {
		return fmt.Errorf("sources: %s: path %q", name, r.Path)
	}
	if r.Wait < 0 || r.MaxBody < 0 || r.MaxWaiting < 0 || time.Duration(c.Interval)%time.Millisecond != 0 {
		return fmt.Errorf("sources: %s: wait %s, max_body %d, max_waiting %d, interval %s", name, r.Wait, r.MaxBody, r.MaxWaiting, c.Interval)
	}
	if !c.loopback() && r.TokenFile == "" && !r.Anyone {
		return fmt.Errorf("sources: %s: others than this host can reach %s: it needs a token_file, or anyone: true", name, c.Listen)
	}
	return nil
}

// selection returns what a metric is for a receiver.
func (m *metricConfig) selection(source string) *selectionConfig {
	if source == otlpSource {
		return m.OTLP
	}
	return m.RemoteWrite
}

// column returns what an Aligner makes of the series.
func (s *selectionConfig) column() align.Column {
	return align.Column{Aggregate: s.Aggregate, Scale: s.Scale, Offset: s.Offset, Divided: s.DividedBy != ""}
}

// selectors reads the selectors of a metric: the series, and what divides them.
func (s *selectionConfig) selectors() (own, by *series.Selector, err error) {
	if own, err = series.Parse(s.Series); err != nil {
		return nil, nil, err
	}
	if s.DividedBy != "" {
		by, err = series.Parse(s.DividedBy)
	}
	if !slices.Contains(align.Aggregates, s.Aggregate) {
		err = errors.Join(err, fmt.Errorf("aggregate %q, want one of%s", s.Aggregate, strings.Join(align.Aggregates, " ")))
	}
	return own, by, err
}

func (f *csvConfig) check(c *config) error {
	if len(f.Files) == 0 {
		return errors.New("sources: csv: no files")
	}
	for _, pattern := range f.Files {
		if _, err := filepath.Match(pattern, ""); err != nil {
			return fmt.Errorf("sources: csv: files: %q: %w", pattern, err)
		}
	}
	for label := range f.Labels {
		if !slices.Contains(c.By, label) {
			return fmt.Errorf("sources: csv: labels: %q is not in by", label)
		}
	}
	if len(c.By) > len(f.Labels)+1 {
		return fmt.Errorf("sources: csv: by has %d labels, and labels has %d: only one can come from the files", len(c.By), len(f.Labels))
	}
	for key, text := range map[string]string{"comma": f.Comma, "decimal": f.Decimal} {
		if len(text) > 1 {
			return fmt.Errorf("sources: csv: %s: %q, want one character", key, text)
		}
	}
	if f.Poll < model.Duration(time.Millisecond) {
		return fmt.Errorf("sources: csv: poll %s", f.Poll)
	}
	if _, err := time.LoadLocation(f.Zone); err != nil {
		return fmt.Errorf("sources: csv: zone: %w", err)
	}
	return nil
}
