package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

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
	for _, path := range []string{prometheusFolder + "anomaly.yml", prometheusFolder + "quickstart/anomaly.yml"} {
		_, err := loadConfig(path)
		require.NoError(t, err)
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
	registry := prometheus.NewPedanticRegistry()
	e.register(registry, m)
	families, err := registry.Gather()
	require.NoError(t, err)
	exported := map[string]bool{}
	for _, f := range families {
		exported[f.GetName()] = true
	}
	readme, err := os.ReadFile(prometheusFolder + "README.md")
	require.NoError(t, err)
	for name := range exported {
		require.Contains(t, string(readme), "`"+name+"`")
	}
	for _, path := range []string{prometheusFolder + "dashboard.json", prometheusFolder + "rules.yml", prometheusFolder + "README.md"} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, name := range regexp.MustCompile(`\banomaly_[a-z_]+\b`).FindAllString(string(text), -1) {
			require.True(t, exported[name], "%s names %s, which is not exported", path, name)
		}
	}
}
