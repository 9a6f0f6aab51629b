package live

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

func quickTrain(_ context.Context, w *monitor.Window) (*dagmm.Model, error) {
	return dagmmtest.QuickModel(w.Columns, w.X, w.Exclude, []float64{.05, .5})
}

// world is a Page over a Monitor, behind a server on the loopback.
type world struct {
	page    *Page
	monitor *monitor.Monitor
	server  *httptest.Server
	client  *http.Client // does not follow redirections
}

const (
	warmUp  = 200
	faultAt = 300 // sample of push with a fault, of 5 samples
)

// newWorld opens one. change may alter the settings of the Monitor.
func newWorld(t *testing.T, cfg Config, change func(*monitor.Config)) *world {
	t.Helper()
	w := &world{page: New(cfg)}
	mc := monitor.Config{Columns: dagmmtest.Columns, Train: quickTrain, WarmUp: warmUp, Synchronous: true, Detector: alarm.Config{Budget: 4}, Scored: w.page.Scored, Handle: w.page.Handle}
	if change != nil {
		change(&mc)
	}
	var err error
	w.monitor, err = monitor.Open(mc)
	require.NoError(t, err)
	w.page.Watch(w.monitor)
	w.server = httptest.NewServer(w.page)
	w.client = w.server.Client()
	w.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(func() {
		w.page.Close()
		w.server.Close()
		require.NoError(t, w.monitor.Close())
	})
	return w
}

// push pushes the samples [from, to) of a host. Those from faultAt on are a fault.
func (w *world) push(t *testing.T, host string, from, to int) {
	t.Helper()
	rows := dagmmtest.Ordinary(to, 3)
	for i := from; i < to; i++ {
		if i >= faultAt && i < faultAt+5 {
			rows[i][0] = 97
		}
		require.NoError(t, w.monitor.Push(host, dagmmtest.Minute(i), rows[i]))
	}
}

// reply is an answer whose body has been read.
type reply struct {
	StatusCode int
	Header     http.Header
	cookies    []*http.Cookie
}

// Cookies returns those that the answer sets.
func (r reply) Cookies() []*http.Cookie { return r.cookies }

// ask sends a request: a GET, or a POST where there is a form. alter may change it.
func (w *world) ask(t *testing.T, path string, form url.Values, alter func(*http.Request)) (reply, string) {
	t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(t.Context(), method, w.server.URL+"/"+path, body)
	require.NoError(t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if alter != nil {
		alter(r)
	}
	answer, err := w.client.Do(r)
	require.NoError(t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return reply{answer.StatusCode, answer.Header, answer.Cookies()}, string(text)
}

// get returns a page.
func (w *world) get(t *testing.T, path string) string {
	t.Helper()
	answer, text := w.ask(t, path, nil, nil)
	require.Equal(t, http.StatusOK, answer.StatusCode, text)
	return text
}

// post posts a form and returns the page that it leads to.
func (w *world) post(t *testing.T, path string, form url.Values) string {
	t.Helper()
	answer, text := w.ask(t, path, form, nil)
	require.Equal(t, http.StatusSeeOther, answer.StatusCode, text)
	return w.get(t, answer.Header.Get("Location"))
}

func inOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	at := 0
	for _, part := range parts {
		i := strings.Index(text[at:], part)
		require.GreaterOrEqual(t, i, 0, "%q is missing, or not in order", part)
		at += i + len(part)
	}
}

// clock is a time that a test sets.
func (p *Page) setClock(t time.Time) { p.now = func() time.Time { return t } }
