package browsertest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/report/live"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// liveWorld is a live page over a Monitor.
type liveWorld struct {
	page    *live.Page
	monitor *monitor.Monitor
	server  *httptest.Server
	pushed  map[string]int
	start   time.Time // of the samples, so that the next ones are of now
}

const usual = 400 // samples of a host before anything happens

func newLive(t *testing.T, cfg live.Config, columns []string) *liveWorld {
	t.Helper()
	w := &liveWorld{page: live.New(cfg), pushed: map[string]int{}, start: time.Now().Add(-usual * time.Minute).Truncate(time.Second)}
	var err error
	w.monitor, err = monitor.Open(monitor.Config{Columns: columns, WarmUp: 200, Synchronous: true, Detector: alarm.Config{Budget: 4}, Scored: w.page.Scored, Handle: w.page.Handle,
		Train: func(_ context.Context, win *monitor.Window) (*dagmm.Model, error) {
			return dagmmtest.QuickModel(win.Columns, win.X, win.Exclude, []float64{.05, .5})
		}})
	require.NoError(t, err)
	w.page.Watch(w.monitor)
	w.server = httptest.NewServer(w.page)
	t.Cleanup(func() {
		w.page.Close()
		w.server.Close()
		require.NoError(t, w.monitor.Close())
	})
	return w
}

// push pushes n samples of a host, with a busy processor or without.
func (w *liveWorld) push(t *testing.T, host string, n int, busy bool) {
	t.Helper()
	rows := dagmmtest.Ordinary(w.pushed[host]+n, 3)
	for range n {
		i := w.pushed[host]
		if busy {
			rows[i][0] = 97
		}
		require.NoError(t, w.monitor.Push(host, w.start.Add(time.Duration(i)*time.Minute), rows[i]))
		w.pushed[host]++
	}
}

// visit opens a page of the server and waits until it follows.
func (w *liveWorld) visit(t *testing.T, p *tab, path string) {
	t.Helper()
	p.do(t, chromedp.Navigate(w.server.URL+"/"+path))
	p.until(t, `document.querySelector("#live").classList.contains("on")`)
}

// until waits until an expression is true. The page forbids the polling of the driver, which
// makes functions from text.
func (p *tab) until(t *testing.T, expression string) {
	t.Helper()
	require.Eventually(t, func() bool {
		v, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		return err == nil && v
	}, 30*time.Second, 20*time.Millisecond, expression)
}

// tabTo presses Tab until an element has the focus, which can be seen.
func (p *tab) tabTo(t *testing.T, id string) {
	t.Helper()
	for range 30 {
		p.do(t, chromedp.KeyEvent(kb.Tab))
		if js[string](t, p, `document.activeElement.id`) == id {
			require.NotEqual(t, "none", js[string](t, p, `getComputedStyle(document.activeElement).outlineStyle`), "%s: the focus can't be seen", id)
			return
		}
	}
	t.Fatalf("Tab does not reach %s", id)
}

// requireStill holds that the page logged no error, loaded nothing from elsewhere, and fits.
func (w *liveWorld) requireStill(t *testing.T, p *tab) {
	t.Helper()
	errors, requests := p.logged()
	require.Empty(t, errors)
	for _, address := range requests {
		require.True(t, strings.HasPrefix(address, w.server.URL+"/") || strings.HasPrefix(address, "data:"), address)
	}
	require.True(t, js[bool](t, p, noOverflow))
	require.Empty(t, slices.DeleteFunc(js[[]string](t, p, cutOff), func(s string) bool { return strings.HasPrefix(s, "P.unseen ") })) // it is for reading out
}

// An alarm appears and goes without a reload, and is read out.
func TestLiveAlarmsAppear(t *testing.T) {
	w := newLive(t, live.Config{Title: "Shop"}, dagmmtest.Columns)
	w.push(t, "web-1", usual, false)
	w.push(t, "web-2", usual, false)
	p := newTab(t, false, 1400)
	w.visit(t, p, "")
	p.eval(t, `window.same = true`)
	require.Contains(t, js[string](t, p, `document.getElementById("alarms").textContent`), "All is as usual")
	w.push(t, "web-2", 2, true)
	p.until(t, `document.querySelector(".alarms tbody tr .host")?.textContent === "web-2"`)
	p.until(t, `document.getElementById("said").textContent.startsWith("critical alarm on web-2: cpu is 97, expected")`)
	require.True(t, strings.HasPrefix(js[string](t, p, `document.title`), "(1) Shop"))
	require.Equal(t, "web-1", js[string](t, p, `document.querySelector(".others tbody tr .host").textContent`))
	w.push(t, "web-2", 15, false)
	p.until(t, `!document.querySelector(".alarms") && document.querySelectorAll(".others tbody tr").length === 2`)
	w.push(t, "web-3", 1, false)
	p.until(t, `document.querySelectorAll(".others tbody tr").length === 3`)
	require.True(t, js[bool](t, p, `window.same`), "it was loaded again")
	w.requireStill(t, p)
}

// The keyboard reaches everything. A verdict is shown and keeps the focus, while samples come.
func TestLiveKeyboard(t *testing.T) {
	w := newLive(t, live.Config{}, dagmmtest.Columns)
	w.push(t, "web-1", usual, false)
	w.push(t, "web-1", 2, true)
	p := newTab(t, false, 1400)
	w.visit(t, p, "")
	p.do(t, chromedp.KeyEvent(kb.Tab))
	require.Equal(t, "Skip to the hosts", js[string](t, p, `document.activeElement.textContent`))
	p.tabTo(t, js[string](t, p, `document.querySelector(".alarms a").id`))
	p.do(t, chromedp.KeyEvent(kb.Enter))
	p.until(t, `location.pathname === "/host" && document.querySelector("#live.on")`)

	p.eval(t, `window.same = true`)
	p.tabTo(t, "true-1")
	p.do(t, chromedp.KeyEvent(kb.Enter))
	p.until(t, `document.getElementById("verdict")?.textContent.includes("a true alarm")`)
	require.Equal(t, "true", js[string](t, p, `document.getElementById("true-1").getAttribute("aria-pressed")`))
	require.Contains(t, js[string](t, p, `document.getElementById("said").textContent`), "You called it a true alarm")
	w.push(t, "web-1", 1, true)
	p.until(t, `document.getElementById("now").textContent.includes("3 samples")`)
	require.Equal(t, "true-1", js[string](t, p, `document.activeElement.id`), "the focus stays")
	p.tabTo(t, "false-1")
	p.do(t, chromedp.KeyEvent(" "))
	p.until(t, `document.getElementById("verdict")?.textContent.includes("a false alarm")`)
	require.False(t, w.monitor.Alarms("web-1")[0].Real)

	p.tabTo(t, "for")
	p.do(t, chromedp.KeyEvent(kb.ArrowDown))
	require.Equal(t, "2h", js[string](t, p, `document.getElementById("for").value`))
	w.push(t, "web-1", 1, true)
	p.until(t, `document.getElementById("now").textContent.includes("4 samples")`)
	require.Equal(t, "2h", js[string](t, p, `document.getElementById("for").value`), "the choice stays")
	p.tabTo(t, "expect")
	p.do(t, chromedp.KeyEvent(kb.Enter))
	p.until(t, `document.getElementById("expected")?.textContent.startsWith("Expected until")`)
	p.until(t, `document.querySelector("#past tbody tr")`)
	require.Len(t, w.monitor.Expected("web-1"), 1)
	require.True(t, js[bool](t, p, `window.same`))

	// What the server refuses is said. The request itself is logged by the browser.
	w.page.Forget("web-1")
	p.eval(t, `document.getElementById("expect").click()`)
	p.until(t, `document.getElementById("problem").textContent.includes("There is no host web-1") && !document.getElementById("problem").hidden`)
}

// Wide and narrow, bright and dark, the pages fit, and each state has a word besides its colour.
func TestLiveLooks(t *testing.T) {
	w := newLive(t, live.Config{Title: "Shop", Units: []string{"%", "%", "bit/s"}}, dagmmtest.Columns)
	for _, name := range []string{"web-1", "ip-10-11-12-13.eu-central-1.compute.internal", strings.Repeat("long", 40)} {
		w.push(t, name, usual, false)
	}
	w.push(t, "new", 5, false)
	w.push(t, "web-1", 3, true)
	w.push(t, "web-1", 80, false) // within an hour the alarm would be reopened
	w.push(t, "web-1", 2, true)
	for _, look := range []struct {
		dark  bool
		width int
	}{{false, 1400}, {false, 768}, {true, 420}, {true, 360}} {
		p := newTab(t, look.dark, look.width)
		for _, path := range []string{"", "host?name=new", "host?name=" + strings.Repeat("long", 40), "host?name=web-1"} {
			w.visit(t, p, path)
			w.requireStill(t, p)
			require.Equal(t, look.dark, strings.HasPrefix(js[string](t, p, `getComputedStyle(document.body).backgroundColor`), "rgb(14"))
			require.Zero(t, js[int](t, p, `[...document.querySelectorAll("button, a, input:not([type=hidden]), select")].filter(e => !(e.textContent || e.labels?.length)).length`), "something has no name")
		}
		for _, mark := range []string{".mark-y", ".mark-x", ".strip .line", ".area.critical", "#past tbody tr", ".notes div"} {
			require.Positive(t, js[int](t, p, fmt.Sprintf(`document.querySelectorAll(%q).length`, mark)), mark)
		}
		require.Equal(t, "critical", js[string](t, p, `document.querySelector("#now .pill").textContent`))
	}
}

// Who wants no motion gets none.
func TestLiveMotion(t *testing.T) {
	w := newLive(t, live.Config{}, dagmmtest.Columns)
	w.push(t, "web-1", usual, false)
	for _, preference := range []string{"no-preference", "reduce"} {
		p := newTab(t, false, 1400)
		_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: preference}}})
		require.NoError(t, err)
		w.visit(t, p, "")
		w.push(t, "web-1", 2, true)
		p.until(t, `document.querySelector(".alarms tr.fresh")`)
		animation := js[string](t, p, `getComputedStyle(document.querySelector(".alarms tr.fresh")).animationName`)
		require.Equal(t, preference == "reduce", animation == "none", animation)
		w.push(t, "web-1", 20, false)
		p.until(t, `!document.querySelector(".alarms")`)
	}
}

// Names are text, whatever they hold, and lead to their hosts.
func TestLiveHostileNames(t *testing.T) {
	names := []string{`</script><script>window.hit = 1</script>`, `<img src=x onerror="window.hit=1">`, `javascript:window.hit=1`, `" onfocus="window.hit=1" autofocus="`, "\u202etxt.exe", "a\x00b\n", "\xff",
		strings.Repeat("very-long-", 2000), "Z" + strings.Repeat("\u0301", 300)}
	w := newLive(t, live.Config{}, []string{`<img src=x onerror="window.hit=1">`, `"><svg onload="window.hit=1">`, strings.Repeat("m", 3000)})
	p := newTab(t, true, 420)
	for _, name := range names {
		w.push(t, name, usual, false)
	}
	w.visit(t, p, "")
	for _, name := range names {
		w.push(t, name, 2, true)
	}
	p.until(t, fmt.Sprintf(`document.querySelectorAll(".alarms tbody tr").length === %d`, len(names)))
	w.requireStill(t, p)
	links := js[[]string](t, p, `[...document.querySelectorAll(".alarms a")].map(a => a.href)`)
	for _, link := range links {
		p.do(t, chromedp.Navigate(link))
		p.until(t, `document.querySelector("#live.on")`)
		p.eval(t, `document.getElementById("true-1").click()`)
		p.until(t, `document.getElementById("verdict")`)
		require.True(t, js[bool](t, p, `window.hit === undefined`), link)
		w.requireStill(t, p)
		u, err := url.Parse(link)
		require.NoError(t, err)
		require.True(t, w.monitor.Alarms(u.Query().Get("name"))[0].Real, link)
	}
}

// A page whose server goes away says so, and goes on by itself when it is back.
func TestLiveConnectionIsLost(t *testing.T) {
	w := newLive(t, live.Config{}, dagmmtest.Columns)
	w.push(t, "web-1", usual, false)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	serve := func(l net.Listener) *http.Server {
		s := &http.Server{Handler: w.page}
		go func() { _ = s.Serve(l) }()
		return s
	}
	server := serve(listener)
	p := newTab(t, false, 1400)
	p.do(t, chromedp.Navigate("http://"+address+"/"))
	p.until(t, `document.querySelector("#live.on")`)
	p.eval(t, `window.same = true`)
	require.NoError(t, server.Close())
	p.until(t, `document.querySelector("#live.off")?.textContent.includes("connection lost")`)
	w.push(t, "web-1", 2, true)
	listener, err = net.Listen("tcp", address)
	require.NoError(t, err)
	server = serve(listener)
	p.until(t, `document.querySelector("#live.on") && document.querySelector(".alarms tbody tr")`)
	require.True(t, js[bool](t, p, `window.same`))
	require.NoError(t, server.Close())
}

// A browser that brings the token sees the page, and stays logged in.
func TestLiveLogin(t *testing.T) {
	w := newLive(t, live.Config{Title: "Shop", Token: "correct horse"}, dagmmtest.Columns)
	w.push(t, "web-1", usual, false)
	p := newTab(t, false, 420)
	p.do(t, chromedp.Navigate(w.server.URL+"/host?name=web-1"))
	require.True(t, js[bool](t, p, noOverflow))
	require.Empty(t, js[[]string](t, p, cutOff))
	p.until(t, `document.activeElement.id === "token"`)
	p.do(t, chromedp.KeyEvent("wrong"), chromedp.KeyEvent(kb.Enter))
	p.until(t, `document.getElementById("wrong")?.textContent === "That is not the token."`)
	p.until(t, `document.activeElement.id === "token"`)
	p.do(t, chromedp.KeyEvent("correct horse"), chromedp.KeyEvent(kb.Enter))
	p.until(t, `document.querySelector("h1")?.textContent === "web-1" && document.querySelector("#live.on")`)
	w.visit(t, p, "")
	p.eval(t, `document.getElementById("logout").click()`)
	p.until(t, `document.getElementById("token")`)
}

// TestLivePictures saves pictures of the live pages for a person to look at.
func TestLivePictures(t *testing.T) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		t.Skip("SCREENSHOTS names no folder for pictures")
	}
	w := newLive(t, live.Config{Title: "Shop", Units: []string{"%", "%", "bit/s"}}, dagmmtest.Columns)
	for _, name := range []string{"db-1", "web-1", "web-2", "web-3", "ip-10-11-12-13.eu-central-1.compute.internal"} {
		for range usual / 20 { // explained as they come
			w.push(t, name, 20, false)
			time.Sleep(5 * time.Millisecond)
		}
	}
	w.push(t, "new", 5, false)
	w.push(t, "web-1", 12, true)
	w.push(t, "web-1", 80, false)
	w.push(t, "web-2", 90, false)
	require.NoError(t, w.monitor.Judge("web-1", w.monitor.Alarms("web-1")[0].Seq, false))
	w.push(t, "web-1", 7, true)
	w.push(t, "web-2", 3, true)
	require.NoError(t, w.monitor.Expect("db-1", time.Now(), time.Now().Add(time.Hour)))
	for _, dark := range []bool{false, true} {
		for _, width := range []int{1400, 420} {
			for name, path := range map[string]string{"all": "", "host": "host?name=web-1", "quiet": "host?name=db-1"} {
				p := newTab(t, dark, width)
				w.visit(t, p, path)
				p.do(t, chromedp.Sleep(2500*time.Millisecond)) // what is new is shown so for two seconds
				capture(t, p, filepath.Join(dir, fmt.Sprintf("live-%s-%d-%s.png", name, width, map[bool]string{false: "light", true: "dark"}[dark])), chromedp.FullScreenshot(100))
			}
		}
	}
}
