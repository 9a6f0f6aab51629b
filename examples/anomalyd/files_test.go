package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	query "github.com/grafana/grafana-foundation-sdk/go/prometheus"
	statpanel "github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// prometheusFolder has what users of Prometheus need beside the program.
const prometheusFolder = "../prometheus/"

func TestRules(t *testing.T) {
	needs(t, "promtool")
	for _, args := range [][]string{{"check", "rules", "rules.yml"}, {"test", "rules", "rules_test.yml"}, {"check", "config", "quickstart/prometheus.yml"}} {
		promtool := exec.Command("promtool", args...)
		promtool.Dir = prometheusFolder
		out, err := promtool.CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

// The configuration files that come with the program are right.
func TestConfigurationFiles(t *testing.T) {
	for _, path := range []string{"anomaly.yml", "quickstart/anomaly.yml", prometheusFolder + "anomaly.yml", prometheusFolder + "quickstart/anomaly.yml"} {
		_, err := loadConfig(path)
		require.NoError(t, err)
	}
}

// The dashboard is what Grafana's own types take, without an unknown or missing field.
func TestDashboard(t *testing.T) {
	runtime := cog.NewRuntime()
	for _, panel := range []variants.PanelcfgConfig{statpanel.VariantConfig(), table.VariantConfig(), timeseries.VariantConfig(), statetimeline.VariantConfig()} {
		runtime.RegisterPanelcfgVariant(panel)
	}
	runtime.RegisterDataqueryVariant(query.VariantConfig())
	text, err := os.ReadFile(prometheusFolder + "dashboard.json")
	require.NoError(t, err)
	var strict, d dashboard.Dashboard //nolint:staticcheck // older Grafanas take nothing newer
	if err := strict.UnmarshalJSONStrict(text); err != nil {
		require.Empty(t, err.Error()) // it gives a list of problems, which may be empty
	}
	require.NoError(t, json.Unmarshal(text, &d))
	require.NoError(t, d.Validate())
	require.NotEmpty(t, d.Panels)
	for _, p := range d.Panels {
		require.NotNil(t, p.Panel)
		require.NotEmpty(t, p.Panel.Targets, *p.Panel.Title)
	}
}

// dashboardQueries returns what the dashboard asks.
func dashboardQueries(t *testing.T) (out []string) {
	text, err := os.ReadFile(prometheusFolder + "dashboard.json")
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct{ List []struct{ Query any } }
	}
	require.NoError(t, json.Unmarshal(text, &dashboard))
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			out = append(out, strings.NewReplacer("$instance", ".*", "$metric", "cpu", "$__rate_interval", "1m").Replace(target.Expr))
		}
	}
	require.NotEmpty(t, out)
	return out
}

// Dashboard, rules and README name only metrics that are exported, and README names all.
func TestNamesOfMetrics(t *testing.T) {
	m, err := monitor.Open(monitor.Config{Columns: []string{"cpu"}, Train: func(context.Context, *monitor.Window) (*dagmm.Model, error) { return nil, nil }})
	require.NoError(t, err)
	defer m.Close()
	e := newExporter([]string{"instance"}, time.Hour)
	e.know("a", []string{"web-1"})
	e.scored("a", time.Now(), alarm.Result{Open: true})
	e.explained("a", &dagmm.Explanation{Contributions: []dagmm.Contribution{{Metric: "cpu"}}})
	e.happened(alarm.Event{Kind: alarm.Opened, Stream: "a", Explanation: &dagmm.Explanation{Contributions: []dagmm.Contribution{{Metric: "cpu"}}}})
	e.notified.WithLabelValues("webhook", "ok").Inc()
	e.requests.WithLabelValues(otlpSource, "200").Inc()
	e.samples.WithLabelValues(otlpSource, "taken").Inc()
	registry := prometheus.NewPedanticRegistry()
	e.register(registry, m, []string{prometheusSource})
	families, err := registry.Gather()
	require.NoError(t, err)
	exported := map[string]bool{}
	for _, f := range families {
		exported[f.GetName()] = true
	}
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for name := range exported {
		require.Contains(t, string(readme), "`"+name+"`")
	}
	for _, path := range []string{prometheusFolder + "dashboard.json", prometheusFolder + "rules.yml", prometheusFolder + "README.md", "README.md"} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, name := range regexp.MustCompile(`\banomaly_[a-z_]+\b`).FindAllString(string(text), -1) {
			require.True(t, exported[name], "%s names %s, which is not exported", path, name)
		}
	}
}

// The image and the unit start the program with its configuration, and keep its state.
func TestImageAndUnit(t *testing.T) {
	for path, starts := range map[string]string{"Dockerfile": `CMD \["(-config)"`, "anomalyd.service": `ExecStart=\S+ (-config) `} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(text), `"dir: /var/lib/anomalyd"`)
		require.Regexp(t, starts, string(text))
	}
	dockerfile, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	require.Contains(t, string(dockerfile), "RUN CGO_ENABLED=0 go build -C examples/anomalyd ")
}

// systemd takes the unit.
func TestUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("there is no systemd here")
	}
	text, err := os.ReadFile("anomalyd.service")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "anomalyd.service")
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), "/usr/local/bin/anomalyd -config", os.Args[0]+" -config", 1)), 0o600))
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", path).CombinedOutput()
	require.NoError(t, err, string(out))
	require.NotContains(t, string(out), "anomalyd.service", "it complains of the unit")
}
