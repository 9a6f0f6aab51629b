package live

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Hosts with open alarms come first, with severity, beginning, reason and metric.
func TestOpenAlarmsComeFirst(t *testing.T) {
	w := newWorld(t, Config{Title: "Shop"}, nil)
	require.Contains(t, w.get(t, ""), "no host yet")
	w.push(t, "a-quiet", 0, warmUp+50)
	w.push(t, "new", 0, 10)
	w.push(t, "z-faulty", 0, faultAt+3)
	page := w.get(t, "")
	inOrder(t, page, "<title>(1) Shop</title>", "3 hosts, 1 with an open alarm, 1 warming up", "Open alarms", "z-faulty", "critical", "2026-", "cpu is 97", "expected", `<bdi>cpu</bdi>`,
		"Other hosts", "a-quiet", "ordinary", "new", "warming up")

	w.push(t, "z-faulty", faultAt+3, faultAt+40)
	page = w.get(t, "")
	inOrder(t, page, "<title>Shop</title>", "no open alarm", "All is as usual, as far as it is known", "z-faulty")
}

// Hosts are shown by their labels, and found by them and by their names.
func TestLabels(t *testing.T) {
	w := newWorld(t, Config{Label: func(stream string) string { return map[string]string{"7f3a": "Web <1>"}[stream] }}, nil)
	w.push(t, "7f3a", 0, 1)
	page := w.get(t, "")
	inOrder(t, page, `href="host?name=7f3a"`, "Web &lt;1&gt;")
	for _, query := range []string{"WEB", "7F"} {
		require.Contains(t, w.get(t, "?q="+query), "1 of 1 hosts", query)
	}
	require.Contains(t, w.get(t, "?q=other"), "0 of 1 hosts")
	require.Contains(t, w.get(t, "host?name=7f3a"), "<h1><bdi>Web &lt;1&gt;</bdi></h1>")
}

// A host's page has a chart of each metric with its expected band, the energy with its
// threshold, the incident shaded, the reason, and the events.
func TestAHost(t *testing.T) {
	w := newWorld(t, Config{Units: []string{"%", "%", "%"}}, nil)
	for i := range 40 {
		w.push(t, "web-1", i*(faultAt+3)/40, (i+1)*(faultAt+3)/40)
		if i >= 30 { // one explanation after the other, as the samples of a live host
			require.Eventually(t, func() bool {
				w.page.mu.Lock()
				defer w.page.mu.Unlock()
				return !w.page.hosts["web-1"].queued
			}, 10*time.Second, time.Millisecond)
		}
	}
	w.page.setClock(dagmmtest.Minute(faultAt + 4))
	page := w.get(t, "host?name=web-1")
	inOrder(t, page, "<h1><bdi>web-1</bdi></h1>", "last sample", "critical", "Alarm 1, open for 4m", "cpu is 97", "3 samples above the threshold",
		`action="verdict?name=web-1&amp;alarm=1"`, `action="expect?name=web-1"`,
		`class="area critical"`, "<b>energy</b>", "threshold", `class="threshold"`, "<b>cpu</b>", `<span class="muted">%</span>`, `class="band"`, `class="dots"`, "<b>net</b>",
		"Past alarms", "Past events", "opened", "alarm 1: cpu is 97", "retrained", "first model", "warming up")

	w.push(t, "web-1", faultAt+3, faultAt+40)
	page = w.get(t, "host?name=web-1")
	inOrder(t, page, "No open alarm", "Past alarms", "alarm 1", "5 samples", "cpu is 97", `aria-pressed="false"`, "Past events", "closed")

	answer, text := w.ask(t, "host?name=nobody", nil, nil)
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
	require.Equal(t, "There is no host nobody.\n", text)
}

// A verdict reaches the Monitor and is shown. It may be changed.
func TestVerdicts(t *testing.T) {
	w := newWorld(t, Config{}, nil)
	w.push(t, "web-1", 0, faultAt+3)
	require.NotContains(t, w.get(t, "host?name=web-1"), "You called it")
	page := w.post(t, "verdict?name=web-1&alarm=1", url.Values{"real": {"true"}})
	inOrder(t, page, `id="true-1" aria-pressed="true"`, "✓ True", `id="false-1" aria-pressed="false"`, "You called it a true alarm", "never learned")
	require.True(t, w.monitor.Alarms("web-1")[0].Real)
	require.Contains(t, w.get(t, ""), "called a true alarm")

	page = w.post(t, "verdict?name=web-1&alarm=1", url.Values{"real": {"false"}})
	inOrder(t, page, `id="true-1" aria-pressed="false"`, `id="false-1" aria-pressed="true"`, "You called it a false alarm", "will be learned")
	require.False(t, w.monitor.Alarms("web-1")[0].Real)

	w.push(t, "web-1", faultAt+3, faultAt+40)
	inOrder(t, w.get(t, "host?name=web-1"), "No open alarm", "Past alarms", "called a false alarm")
	for path, want := range map[string]int{
		"verdict?name=web-1&alarm=7": http.StatusNotFound, "verdict?name=nobody&alarm=1": http.StatusNotFound,
		"verdict?name=web-1&alarm=x": http.StatusBadRequest, "verdict?name=web-1": http.StatusBadRequest,
	} {
		answer, _ := w.ask(t, path, url.Values{"real": {"true"}}, nil)
		require.Equal(t, want, answer.StatusCode, path)
	}
	answer, _ := w.ask(t, "verdict?name=web-1&alarm=1", url.Values{"real": {strings.Repeat("x", 5000)}}, nil)
	require.Equal(t, http.StatusBadRequest, answer.StatusCode)
}

// What is expected holds from the beginning of the open alarm, which is then over.
func TestExpectations(t *testing.T) {
	w := newWorld(t, Config{}, nil)
	w.push(t, "web-1", 0, faultAt+3)
	now := dagmmtest.Minute(faultAt + 2)
	w.page.setClock(now)
	page := w.post(t, "expect?name=web-1", url.Values{"for": {"2h"}})
	until := now.Add(2 * time.Hour)
	inOrder(t, page, "expected</span> until "+until.Format("2006-01-02 15:04:05"), "No open alarm", "Expected until "+until.Format("2006-01-02 15:04:05"), "Past alarms", "expected until")
	require.Equal(t, []monitor.Expectation{{From: dagmmtest.Minute(faultAt), Until: until}}, w.monitor.Expected("web-1"))
	inOrder(t, w.get(t, ""), "no open alarm", "web-1", "expected", "until")

	w.page.setClock(until.Add(time.Second))
	require.NotContains(t, w.get(t, "host?name=web-1"), "Expected until")
	for path, form := range map[string]string{"expect?name=web-1": "99h", "expect?name=nobody": "1h"} {
		answer, _ := w.ask(t, path, url.Values{"for": {form}}, nil)
		require.GreaterOrEqual(t, answer.StatusCode, 400)
	}
	require.Equal(t, []string{"web-1"}, w.monitor.Streams(), "what is expected of nobody makes no host")
}

// A host that has fallen silent is told apart, and comes before those that have not.
func TestSilence(t *testing.T) {
	w := newWorld(t, Config{}, nil)
	for _, name := range []string{"a", "b"} {
		w.push(t, name, 0, warmUp+20)
	}
	w.push(t, "a", warmUp+20, warmUp+60)
	require.NoError(t, w.monitor.Tick(dagmmtest.Minute(warmUp+60)))
	inOrder(t, w.get(t, ""), "2 hosts, no open alarm, 1 silent", "Other hosts", "<bdi>b</bdi>", "no data", "since", "<bdi>a</bdi>")
	w.push(t, "b", warmUp+60, warmUp+61)
	require.NotContains(t, w.get(t, ""), "no data")
}

// After a restart there are the values, the open alarm with its reason, the verdicts, and what
// is expected.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	stored := func(c *monitor.Config) { c.Dir = dir }
	t.Run("before", func(t *testing.T) {
		w := newWorld(t, Config{}, stored)
		w.push(t, "web-1", 0, faultAt+3)
		require.NoError(t, w.monitor.Judge("web-1", w.monitor.Alarms("web-1")[0].Seq, true))
		w.push(t, "web-2", 0, faultAt+40)
		w.push(t, "new", 0, 10)
	})
	w := newWorld(t, Config{}, stored)
	w.page.setClock(dagmmtest.Minute(faultAt + 3))
	inOrder(t, w.get(t, ""), "3 hosts, 1 with an open alarm, 1 warming up", "web-1", "critical", "cpu is 97", "called a true alarm", "Other hosts", "new", "warming up", "web-2", "ordinary")
	inOrder(t, w.get(t, "host?name=web-1"), "Alarm 1, open", "cpu is 97", "You called it a true alarm", "<b>cpu</b>", "None since this program started")
	page := w.get(t, "host?name=web-2")
	inOrder(t, page, "Past alarms", "alarm 1", "from before this program started", "True")
	inOrder(t, w.post(t, "verdict?name=web-2&alarm=1", url.Values{"real": {"false"}}), "Past alarms", "called a false alarm")
}

// The addresses are relative, so the page may stand below another path.
func TestBelowAPath(t *testing.T) {
	w := newWorld(t, Config{}, nil)
	w.push(t, "web-1", 0, faultAt+3)
	mux := http.NewServeMux()
	mux.Handle("/anomaly/", http.StripPrefix("/anomaly", w.page))
	server := httptest.NewServer(mux)
	defer server.Close()
	answer, err := server.Client().PostForm(server.URL+"/anomaly/verdict?name=web-1&alarm=1", url.Values{"real": {"true"}})
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode, "followed to the host's page")
	require.Equal(t, "/anomaly/host", answer.Request.URL.Path)
	for _, path := range []string{"", "host?name=web-1"} {
		require.NotRegexp(t, `(href|src|action)="/|https?://`, w.get(t, path))
	}
}

// Before Watch the page says that it is not ready, and hooks may be called.
func TestBeforeWatch(t *testing.T) {
	p := New(Config{})
	defer p.Close()
	p.Handle(alarm.Event{Kind: alarm.WarmingUp, Stream: "a", Time: dagmmtest.Minute(0)})
	p.Scored("a", dagmmtest.Minute(1), alarm.Result{})
	for _, path := range []string{"/", "/host?name=a"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr, r.Host = "127.0.0.1:1", "localhost"
		answer := httptest.NewRecorder()
		p.ServeHTTP(answer, r)
		require.Equal(t, http.StatusServiceUnavailable, answer.Code)
	}
}

// Many hosts come in pages, and are found by a part of their names.
func TestManyHosts(t *testing.T) {
	w := newWorld(t, Config{}, nil)
	for i := range 250 {
		w.push(t, fmt.Sprintf("host-%03d", i), 0, 1)
	}
	page := w.get(t, "")
	inOrder(t, page, "250 hosts", "host-000", "host-099", "Page 1 of 3", `href="?q=&amp;page=2"`)
	require.NotContains(t, page, "host-100")
	require.Equal(t, 100, strings.Count(page, `scope="row"`))
	inOrder(t, w.get(t, "?page=3"), "host-200", "host-249", "Previous", "Page 3 of 3")
	inOrder(t, w.get(t, "?page=99"), "Page 3 of 3")
	page = w.get(t, "?q=HOST-24")
	inOrder(t, page, `value="HOST-24"`, "10 of 250 hosts", "host-240", "host-249")
	require.NotContains(t, page, "host-100")
	w.page.Forget("host-240")
	require.NotContains(t, w.get(t, "?q=HOST-24"), "host-240")
}
