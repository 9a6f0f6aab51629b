package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/examples/anomalyd/demo/hosts"
)

// Rows wait for their last values for seconds: a busy machine, and Prometheus after a refusal,
// can be later by more than these intervals.
const (
	writtenInterval = 200 * time.Millisecond
	writtenScrape   = 50 * time.Millisecond // several in every interval
)

// written is a real Prometheus that writes to the program.
type written struct {
	dir, app   string
	hosts      []*hosts.Host
	query, own string // addresses of Prometheus, and of a program with the configuration that comes with it
	prometheus *server
	program    *server
}

func (s *written) path(name string) string { return filepath.Join(s.dir, name) }

func (s *written) write(t *testing.T, name, text string) {
	require.NoError(t, os.WriteFile(s.path(name), []byte(text), 0o600))
}

func newWritten(t *testing.T) *written {
	s := &written{dir: t.TempDir(), app: freeAddress(t), own: freeAddress(t), query: freeAddress(t), hosts: hosts.New(1)}
	node := freeAddress(t)
	start(t, nil, "prometheus-node-exporter", "--log.level=error", "--no-collector.systemd", "--web.listen-address="+node)
	demo := httptest.NewServer(hosts.Handler(s.hosts))
	t.Cleanup(demo.Close)
	text := fmt.Sprintf("global: {scrape_interval: %s, scrape_timeout: %[1]s}\nscrape_configs:\n", writtenScrape)
	for _, name := range hosts.Names {
		text += fmt.Sprintf("  - job_name: %s\n    metrics_path: /%[1]s\n    static_configs: [{targets: [%q], labels: {instance: %[1]s, job: demo}}]\n", name, demo.Listener.Addr())
	}
	text += fmt.Sprintf("  - {job_name: node, scrape_interval: %s, scrape_timeout: %[1]s, static_configs: [{targets: [%q]}]}\n", writtenInterval, node)
	text += fmt.Sprintf("remote_write:\n  - url: http://%s/api/v1/write\n    authorization: {credentials: secret}\n    queue_config: {batch_send_deadline: 100ms, min_shards: 3, max_samples_per_send: 5, max_backoff: 500ms}\n", s.app)
	text += fmt.Sprintf("  - url: http://%s/api/v1/write\n    queue_config: {batch_send_deadline: 100ms}\n", s.own)
	s.write(t, "prometheus.yml", text)
	s.write(t, "token", "secret\n")
	s.write(t, "anomaly.yml", fmt.Sprintf(`
listen: %s
dir: state
interval: %s
by: [instance]
sources: {remote_write: {token_file: token, wait: 5s}}
metrics:
  - {name: cpu, remote_write: demo_cpu}
  - {name: mem, remote_write: 'demo_mem{job=~"de.o"}'}
  - {name: disk, remote_write: {series: demo_disk, divided_by: demo_net_in, scale: 1e5}}
  - {name: net_in, remote_write: {series: demo_net_in, counter: false}}
training: {warm_up: 150, preset: pca}
alarms: {budget: 10, open: 3, of: 5, merge: 0s}
stdout: true
`, s.app, writtenInterval))
	s.prometheus = start(t, nil, "prometheus", "--config.file="+s.path("prometheus.yml"), "--storage.tsdb.path="+s.path("prometheus"), "--web.listen-address="+s.query)
	own, err := os.ReadFile("anomaly.yml")
	require.NoError(t, err)
	s.write(t, "own.yml", strings.NewReplacer("127.0.0.1:9815", s.own, "anomaly.state", "own", "interval: 15s", "interval: "+writtenInterval.String(), "  remote_write:     #", "  remote_write: {wait: 5s} #").Replace(string(own))+
		"training: {warm_up: 100, preset: pca}\n")
	start(t, []string{asProgram + "=1"}, os.Args[0], "-config", s.path("own.yml"))
	return s
}

// ownValue returns the last value of a metric of node_exporter, as the program has it.
func (s *written) ownValue(t *testing.T, metric string) (v float64, ok bool) {
	m := regexp.MustCompile(`(?m)^anomaly_value\{instance=".*",metric="` + metric + `"\} (\S+)$`).FindStringSubmatch(get("http://" + s.own + "/metrics"))
	if m == nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(m[1], 64)
	require.NoError(t, err)
	return v, true
}

// asked returns what Prometheus makes of an expression.
func (s *written) asked(t *testing.T, expr string) float64 {
	body := get("http://" + s.query + "/api/v1/query?query=" + url.QueryEscape("scalar("+expr+")"))
	var answer struct{ Data struct{ Result [2]any } }
	require.NoError(t, json.Unmarshal([]byte(body), &answer), body)
	v, err := strconv.ParseFloat(answer.Data.Result[1].(string), 64)
	require.NoError(t, err)
	return v
}

// checkOwn holds what anomaly.yml makes of node_exporter's series against PromQL.
func (s *written) checkOwn(t *testing.T) {
	eventually(t, 60*time.Second, "node_exporter has a model by anomaly.yml", func() bool {
		_, ok := s.ownValue(t, "net_in")
		return ok
	})
	mem, ok := s.ownValue(t, "mem")
	require.True(t, ok)
	require.InDelta(t, s.asked(t, "100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)"), mem, 10)
	cpu, ok := s.ownValue(t, "cpu")
	require.True(t, ok)
	require.Greater(t, cpu, -20.) // the counters of the kernel are not exact
	require.Less(t, cpu, 101.)
	require.Regexp(t, `(?m)^anomaly_source_ambiguous_series_total 0$`, get("http://"+s.own+"/metrics"))
}

func (s *written) run(t *testing.T) {
	s.program = start(t, []string{asProgram + "=1"}, os.Args[0], "-config", s.path("anomaly.yml"))
	eventually(t, 40*time.Second, "the program listens", func() bool { return get("http://"+s.app+"/-/ready") != "" })
}

// progress is how many rows the program has had of all hosts, and the number of the interval of
// each host's last one.
type progress struct {
	rows int
	last map[string]int
}

func (s *written) progress(t *testing.T) (p progress, ok bool) {
	page := get("http://" + s.app + "/metrics")
	number := func(text string) float64 {
		v, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		return v
	}
	p.last = map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^anomaly_last_sample_timestamp_seconds\{instance="(.*)"\} (\S+)$`).FindAllStringSubmatch(page, -1) {
		p.last[m[1]] = interval(number(m[2]))
	}
	m := regexp.MustCompile(`(?m)^anomaly_monitor_window_rows (\S+)$`).FindStringSubmatch(page)
	if m == nil || len(p.last) != len(hosts.Names) {
		return p, false
	}
	p.rows = int(number(m[1]))
	return p, true
}

// settled returns a progress whose numbers are of the same moment: a row is counted a little
// earlier than its host's last time is.
func (s *written) settled(t *testing.T) (best progress, ok bool) {
	least := math.MaxInt
	for range 20 {
		if p, ok := s.progress(t); ok {
			ahead := p.rows
			for _, last := range p.last {
				ahead -= last
			}
			if ahead <= least {
				best, least = p, ahead
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return best, least < math.MaxInt
}

// counts are what the program says of samples that became no row.
var counts = regexp.MustCompile(`(?m)^anomaly_(?:source_samples|monitor_dropped|monitor_gaps|refused_samples).*$`)

// interval returns the number of the interval of a time.
func interval(seconds float64) int {
	return int(math.Round(seconds*1000)) / int(writtenInterval.Milliseconds())
}

// scraped returns how many intervals of all hosts have a sample in Prometheus, after one progress
// and up to another. A busy machine leaves some out.
func (s *written) scraped(t *testing.T, from, to progress) int {
	body := get("http://" + s.query + "/api/v1/query?query=demo_mem[5m]")
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Values [][2]any
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(body), &answer), body)
	found := map[string]map[int]bool{}
	for _, r := range answer.Data.Result {
		host := r.Metric["instance"]
		found[host] = map[int]bool{}
		for _, v := range r.Values {
			if k := interval(v[0].(float64)); k > from.last[host] && k <= to.last[host] {
				found[host][k] = true
			}
		}
	}
	n := 0
	for _, intervals := range found {
		n += len(intervals)
	}
	return n
}

// A real Prometheus writes the metrics of two hosts. A fault on one of them is flagged, with the
// metric named. The program is killed while samples come: Prometheus sends again what was not
// acknowledged, what was acknowledged was not lost, and no row is missing afterwards.
func TestRealRemoteWrite(t *testing.T) {
	t.Parallel()
	needs(t, "prometheus", "prometheus-node-exporter")
	s := newWritten(t)
	s.run(t)
	eventually(t, 90*time.Second, "both hosts have models", func() bool {
		_, ok := s.progress(t)
		return ok
	})
	s.checkOwn(t)
	s.hosts[1].Fail(1, time.Now().Add(mostTime))
	cause := regexp.MustCompile(`(?m)^anomaly_alarm_cause\{instance="web-2",metric="mem"\} 1$`)
	eventually(t, 60*time.Second, "the fault is flagged and the metric named", func() bool { return cause.MatchString(get("http://" + s.app + "/metrics")) })
	s.hosts[1].Fail(1, time.Now())

	var before progress
	eventually(t, 20*time.Second, "the rows before", func() (ok bool) {
		before, ok = s.settled(t)
		return ok
	})
	s.program.kill()
	time.Sleep(2 * time.Second) // Prometheus finds nobody meanwhile
	s.run(t)
	var now progress
	eventually(t, 60*time.Second, "there are rows of later", func() (ok bool) {
		now, ok = s.settled(t)
		return ok && now.rows > before.rows+2*25
	})
	require.Equal(t, s.scraped(t, before, now), now.rows-before.rows, "no row is missing:\n%s", counts.FindAllString(get("http://"+s.app+"/metrics"), -1))
	require.Contains(t, s.program.log.String(), "listening")
	s.program.stop(t)
	require.NotContains(t, s.program.log.String(), "level=ERROR")
}
