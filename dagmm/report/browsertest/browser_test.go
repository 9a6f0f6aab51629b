package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// chromium returns the browser's path. Without one the test is skipped, unless REQUIRE_BROWSER says that there has to be one.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("REQUIRE_BROWSER") != "" {
		t.Fatal("no chromium, and REQUIRE_BROWSER is set")
	}
	t.Skip("no chromium: the report is not looked at")
	return ""
}

// tab is one page of a browser, with what the page logged and asked for.
type tab struct {
	ctx      context.Context
	mu       sync.Mutex
	errors   []string
	requests []string
}

// browser is started by the first test that needs it and shared by all.
var browser struct {
	ctx  context.Context
	stop context.CancelFunc
}

func TestMain(m *testing.M) {
	code := m.Run()
	if browser.stop != nil {
		browser.stop()
	}
	os.Exit(code)
}

func startBrowser(t *testing.T) {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.WindowSize(1400, 1000),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("use-gl", "angle"), chromedp.Flag("use-angle", "swiftshader"), chromedp.Flag("enable-unsafe-swiftshader", true)) // WebGL without a graphics card
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	browser.ctx, browser.stop = ctx, func() { cancel(); stop() }
	require.NoError(t, chromedp.Do(ctx))
}

// newTab opens a page of a width, for a reader who prefers dark or light.
func newTab(t *testing.T, dark bool, width int) *tab {
	t.Helper()
	if browser.ctx == nil {
		startBrowser(t)
	}
	ctx, cancel := context.WithTimeout(browser.ctx, 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	p := &tab{ctx: ctx}
	require.NoError(t, chromedp.Listen(ctx, p.listen))
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	p.do(t, chromedp.EmulateViewport(int64(width), 900))
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	require.NoError(t, err)
	return p
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *network.EventWebSocketCreated:
		p.requests = append(p.requests, e.URL)
	case *runtime.EventExceptionThrown:
		p.errors = append(p.errors, fmt.Sprintf("%s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			p.errors = append(p.errors, fmt.Sprintf("console: %+v", e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			p.errors = append(p.errors, e.Entry.Text)
		}
	}
}

func (p *tab) logged() (errors, requests []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.errors), slices.Clone(p.requests)
}

// drawn is true once every plot is there; a page of alarms has none that a script draws.
const drawn = `!document.getElementById("data") || ["line", "density", "scatter-0"].every(id => {
	const plot = document.getElementById(id);
	return !plot ? id === "scatter-0" : plot._fullLayout && plot.querySelector("svg");
})`

// open loads the file and waits until its plots have drawn.
func (p *tab) open(t *testing.T, path string) {
	t.Helper()
	absolute, err := filepath.Abs(path)
	require.NoError(t, err)
	p.do(t, chromedp.Navigate("file://"+absolute))
	_, err = chromedp.Run(p.ctx, chromedp.Poll[bool](drawn, chromedp.WithPollingTimeout(time.Minute)))
	require.NoError(t, err)
	p.do(t, chromedp.Sleep(time.Second)) // 3-D plots draw in the frames that follow
}

func (p *tab) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	require.NoError(t, chromedp.Do(p.ctx, steps...))
}

// eval runs a script in the page.
func (p *tab) eval(t *testing.T, script string) {
	t.Helper()
	p.do(t, chromedp.Evaluate[chromedp.Void](script))
}

// js evaluates an expression in the page.
func js[T any](t *testing.T, p *tab, expression string) T {
	t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	require.NoError(t, err)
	return v
}
