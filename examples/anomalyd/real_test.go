package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/examples/anomalyd/demo/hosts"
)

// stage is the real Prometheus and Alertmanager on the loopback, hosts to watch, and the
// program.
type stage struct {
	dir                string
	hosts              []*hosts.Host
	prometheus         *server
	prometheusArgs     []string
	gate               *gate
	hook               *hook
	query, alerts, app string // addresses
	program            *server
}

const stageInterval = 250 * time.Millisecond

func newStage(t *testing.T) *stage {
	s := &stage{dir: t.TempDir(), hosts: hosts.New(1), hook: newHook(t), app: freeAddress(t)}
	s.startPrometheus(t)
	alerts := freeAddress(t)
	s.alerts = "http://" + alerts
	s.write(t, "alertmanager.yml", "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
	start(t, nil, "prometheus-alertmanager", "--config.file="+s.path("alertmanager.yml"), "--storage.path="+s.path("alertmanager"),
		"--web.listen-address="+alerts, "--cluster.listen-address=")
	eventually(t, 40*time.Second, "Alertmanager is there", func() bool { return get(s.alerts+"/-/ready") != "" })
	s.write(t, "anomaly.yml", fmt.Sprintf(`
listen: %s
dir: state
source: {url: %q, interval: 250ms, delay: 500ms, lookback: 10m, timeout: 5s}
by: [job, instance]
metrics:
  - {name: cpu, query: demo_cpu}
  - {name: mem, query: demo_mem}
  - {name: disk, query: demo_disk}
  - {name: net_in, query: demo_net_in}
training: {warm_up: 900}
alarms: {merge: 0s}
alertmanager: {urls: [%q], labels: {severity: warning}, resend: 2s}
webhook: {url: %q}
`, s.app, s.gate.URL, s.alerts, s.hook.URL))
	return s
}

// startPrometheus starts Prometheus with a past: it is to be learned from query_range.
func (s *stage) startPrometheus(t *testing.T) {
	node, address := freeAddress(t), freeAddress(t)
	start(t, nil, "prometheus-node-exporter", "--log.level=error", "--no-collector.systemd", "--web.listen-address="+node)
	scrape := fmt.Sprintf("global: {scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}\nrule_files: [%q]\nscrape_configs:\n", abs(t, prometheusFolder+"rules.yml"))
	demo := httptest.NewServer(hosts.Handler(s.hosts))
	t.Cleanup(demo.Close)
	for _, name := range hosts.Names {
		scrape += fmt.Sprintf("  - job_name: %s\n    metrics_path: /%s\n    static_configs: [{targets: [%q], labels: {instance: %s, job: demo}}]\n", name, name, demo.Listener.Addr(), name)
	}
	scrape += fmt.Sprintf("  - {job_name: node, static_configs: [{targets: [%q]}]}\n", node)
	scrape += fmt.Sprintf("  - {job_name: anomaly, honor_labels: true, static_configs: [{targets: [%q]}]}\n", s.app)
	s.write(t, "prometheus.yml", scrape)
	s.write(t, "history.txt", history(s.hosts, time.Now(), stageInterval, 1200))
	out, err := exec.Command("promtool", "tsdb", "create-blocks-from", "openmetrics", s.path("history.txt"), s.path("prometheus")).CombinedOutput()
	require.NoError(t, err, string(out))
	s.query = "http://" + address
	s.prometheusArgs = []string{"--config.file=" + s.path("prometheus.yml"), "--storage.tsdb.path=" + s.path("prometheus"), "--web.listen-address=" + address}
	s.prometheus = start(t, nil, "prometheus", s.prometheusArgs...)
	eventually(t, 40*time.Second, "Prometheus is there", func() bool { return get(s.query+"/-/ready") != "" })
	s.gate = newGate(t, s.query)
}

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

func (s *stage) write(t *testing.T, name, text string) {
	require.NoError(t, os.WriteFile(s.path(name), []byte(text), 0o600))
}

func abs(t *testing.T, name string) string {
	path, err := filepath.Abs(name)
	require.NoError(t, err)
	return path
}

func (s *stage) run(t *testing.T) {
	s.program = start(t, []string{asProgram + "=1"}, os.Args[0], "-config", s.path("anomaly.yml"))
	eventually(t, 40*time.Second, "the program listens", func() bool { return get("http://"+s.app+"/-/healthy") != "" })
}

// metric returns the value of a metric of the program, with labels in the order of a scrape.
func (s *stage) metric(name string) (float64, bool) {
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(get("http://" + s.app + "/metrics"))
	if m == nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(m[1], 64)
	return v, err == nil
}

func (s *stage) is(name string, want float64) bool {
	v, ok := s.metric(name)
	return ok && v == want
}

// ask returns how many series Prometheus has for an expression.
func (s *stage) ask(t *testing.T, expr string) int {
	body := get(s.query + "/api/v1/query?query=" + url.QueryEscape(expr))
	var answer struct{ Data struct{ Result []any } }
	require.NoError(t, json.Unmarshal([]byte(body), &answer), "%s: %s", expr, body)
	return len(answer.Data.Result)
}

// firing returns the alerts that Alertmanager has.
func (s *stage) firing(t *testing.T) (out []alert) {
	require.NoError(t, json.Unmarshal([]byte(get(s.alerts+"/api/v2/alerts?active=true")), &out))
	return out
}

func (s *stage) say(t *testing.T, path, body string) {
	resp, err := http.Post("http://"+s.app+path, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, string(text))
}

// hook is a webhook.
type hook struct {
	*httptest.Server
	mu   sync.Mutex
	all  []message
	keys map[string]int
}

func newHook(t *testing.T) *hook {
	h := &hook{keys: map[string]int{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		var m message
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		h.keys[r.Header.Get("Idempotency-Key")]++
		h.all = append(h.all, m)
	}))
	t.Cleanup(h.Close)
	return h
}

// seen returns the messages for which f is true.
func (h *hook) seen(f func(message) bool) (out []message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.all {
		if f(m) {
			out = append(out, m)
		}
	}
	return out
}

// blames tells whether a message is of an open alarm of a host whose first cause is a metric.
func blames(m message, host, metric string) bool {
	open := m.Event.Kind == alarm.Opened || m.Event.Kind == alarm.Continued
	return open && m.Labels["instance"] == host && m.Event.Explanation.Contributions[0].Metric == metric
}

// closes tells whether a message says that an alarm is over.
func closes(m, opened message) bool {
	return m.Event.Kind == alarm.Closed && m.Event.Stream == opened.Event.Stream && m.Event.Alarm == opened.Event.Alarm
}

// A fault on one of two hosts is flagged, with the metric named, in everything that the program
// has to say, and is over when it is over. The source lies, hangs, floods, dies and comes back, and so
// does the program: nothing is lost, and nobody is told twice.
func TestAgainstTheRealServers(t *testing.T) {
	t.Parallel()
	needs(t, "prometheus", "promtool", "prometheus-alertmanager", "prometheus-node-exporter")
	s := newStage(t)
	s.run(t)
	const host = `{instance="web-1",job="demo"}`
	labels := map[string]string{"alertname": "Anomaly", "instance": "web-1", "job": "demo", "severity": "warning"}
	eventually(t, 60*time.Second, "both hosts have models, learned from the past", func() bool {
		_, one := s.metric("anomaly_score" + host)
		_, two := s.metric(`anomaly_score{instance="web-2",job="demo"}`)
		return one && two && get("http://"+s.app+"/-/ready") != ""
	})
	samples, _ := s.metric("anomaly_monitor_samples_total")
	require.Greater(t, samples, 1000., "they come from the past")
	t.Run("check", func(t *testing.T) { s.checks(t) })

	// A monitor has false alarms too: the fault begins when there is none.
	eventually(t, 40*time.Second, "all is ordinary", func() bool { return s.is("anomaly_alarm"+host, 0) && len(s.firing(t)) == 0 })
	s.hosts[0].Fail(1, time.Now().Add(mostTime))
	eventually(t, 40*time.Second, "the fault is flagged", func() bool { return s.is("anomaly_alarm"+host, 1) })
	eventually(t, 30*time.Second, "the metric is named", func() bool { return s.is(`anomaly_alarm_cause{instance="web-1",job="demo",metric="mem"}`, 1) })
	value, _ := s.metric(`anomaly_value{instance="web-1",job="demo",metric="mem"}`)
	high, _ := s.metric(`anomaly_expected_high{instance="web-1",job="demo",metric="mem"}`)
	require.Less(t, high, value)
	eventually(t, 30*time.Second, "Alertmanager knows", func() bool {
		return slices.ContainsFunc(s.firing(t), func(a alert) bool {
			return maps.Equal(a.Labels, labels) && a.Annotations["metric"] == "mem" && strings.Contains(a.Annotations["summary"], "mem is ")
		})
	})
	eventually(t, 30*time.Second, "the rules fire in Prometheus", func() bool {
		return s.ask(t, `ALERTS{alertname="Anomaly",instance="web-1",metric="mem",alertstate="firing"}`) == 1 && s.ask(t, `anomaly:upper_band{instance="web-1"}`) == 4
	})
	blamed := func() []message { return s.hook.seen(func(m message) bool { return blames(m, "web-1", "mem") }) }
	eventually(t, 30*time.Second, "the webhook knows", func() bool { return len(blamed()) > 0 })
	require.Empty(t, s.hook.seen(func(m message) bool { return blames(m, "web-2", "mem") }), "the fault is the other host's")
	opened := blamed()[0]
	s.say(t, "/api/v1/verdict", fmt.Sprintf(`{"stream": %q, "seq": %d, "real": true}`, opened.Event.Stream, opened.Event.Seq))

	s.program.kill() // in the middle of an alarm
	s.run(t)
	eventually(t, 40*time.Second, "it goes on where it was killed", func() bool { return s.is("anomaly_alarm"+host, 1) })
	require.True(t, s.is("anomaly_monitor_warming_up", 0))
	s.hosts[0].Fail(1, time.Now())
	eventually(t, 40*time.Second, "the alarm is over", func() bool { return s.is("anomaly_alarm"+host, 0) })
	eventually(t, 30*time.Second, "Alertmanager knows that", func() bool { return len(s.firing(t)) == 0 })
	eventually(t, 30*time.Second, "so does the webhook", func() bool {
		return len(s.hook.seen(func(m message) bool { return closes(m, opened) })) == 1
	})

	for _, mode := range []string{"garbage", "hang", "flood"} {
		before, _ := s.metric("anomaly_source_poll_failures_total")
		s.gate.mode.Store(mode)
		eventually(t, 30*time.Second, "the source fails: "+mode, func() bool {
			failures, _ := s.metric("anomaly_source_poll_failures_total")
			return failures > before
		})
		s.gate.mode.Store("")
	}
	eventually(t, 40*time.Second, "the source is well again", func() bool { return get("http://"+s.app+"/-/ready") != "" })
	s.prometheus.kill()
	eventually(t, 40*time.Second, "the source is missed", func() bool { return get("http://"+s.app+"/-/ready") == "" })
	began := time.Now()
	s.prometheus = start(t, nil, "prometheus", s.prometheusArgs...)
	eventually(t, 40*time.Second, "the source is back and what was missed is read", func() bool {
		last, ok := s.metric("anomaly_last_sample_timestamp_seconds" + host)
		return ok && last > seconds(began) && get("http://"+s.app+"/-/ready") != ""
	})
	require.Contains(t, s.program.log.String(), "the source is back")
	s.program.stop(t)
	for key, n := range s.hook.keys {
		require.Equal(t, 1, n, key)
	}
}

// checks holds the configuration and the files that come with the program against the servers.
func (s *stage) checks(t *testing.T) {
	text, err := os.ReadFile(prometheusFolder + "anomaly.yml")
	require.NoError(t, err)
	own := strings.NewReplacer("http://127.0.0.1:9090", s.query, "interval: 15s", "interval: 1s", "[1m]", "[2s]").Replace(string(text))
	if s.ask(t, "node_disk_io_time_seconds_total") == 0 {
		own = strings.Replace(own, "max by (instance) (rate(node_disk_io_time_seconds_total[2s]))", "count by (instance) (node_uname_info)", 1)
		t.Log("this machine has no disk that can be seen")
	}
	s.write(t, "own.yml", own)
	eventually(t, 40*time.Second, "the queries of anomaly.yml find node_exporter", func() bool {
		var out, problems strings.Builder
		code := run(t.Context(), []string{"-config", s.path("own.yml"), "-check"}, &out, &problems)
		t.Log(out.String(), problems.String())
		return code == 0 && strings.Contains(out.String(), "cpu: 1 of 1 streams have it")
	})
	for _, expr := range dashboardQueries(t) {
		s.ask(t, expr) // it fails where the expression is wrong
	}
}
