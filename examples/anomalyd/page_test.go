package main

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/examples/anomalyd/demo/hosts"
)

// browser asks for pages, with a token or without one, and follows no redirection.
type browser struct {
	t              *testing.T
	address, token string
}

func (b browser) do(method, path string, form url.Values) *http.Response {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, "http://"+b.address+path, strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if b.token != "" {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(b.t, err)
	return resp
}

func (b browser) ask(method, path string, form url.Values) (code int, text string) {
	b.t.Helper()
	resp := b.do(method, path, form)
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	return resp.StatusCode, string(all)
}

// The page shows hosts and an alarm, and takes a verdict, all from who has the token. Somebody
// who looks at it does not keep the program from ending.
func TestPage(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "token"), []byte("secret\n"), 0o600))
	path := filepath.Join(dir, "anomaly.yml")
	require.NoError(t, os.WriteFile(path, []byte(csvProgram+"token_file: token\n"), 0o600))
	sick := &csvHost{t, filepath.Join(dir, hosts.Names[0]+".csv"), hosts.New(1)[0], time.Now().UTC().Truncate(time.Second).Add(-40 * time.Minute)}
	sick.write(400, 0)

	address, events, end := begun(t, path)
	operator, stranger := browser{t, address, "secret"}, browser{t, address, ""}
	eventually(t, 60*time.Second, "the page shows that the host has a model", func() bool {
		sick.write(1, 0) // a model takes over with the next row
		_, page := operator.ask(http.MethodGet, "/", nil)
		return strings.Contains(get("http://"+address+"/metrics"), "anomaly_monitor_warming_up 0\n") &&
			strings.Contains(page, "<bdi>web-1</bdi>") && strings.Contains(page, ">ordinary<")
	})
	sick.write(50, 0)
	sick.write(20, 25)
	opened := eventOf(t, events, "opened")
	eventually(t, 30*time.Second, "the page shows the alarm", func() bool {
		_, page := operator.ask(http.MethodGet, "/", nil)
		return strings.Contains(page, "1 with an open alarm") && strings.Contains(page, "mem is ")
	})

	name := url.QueryEscape(opened.Event.Stream)
	verdict, genuine := "/verdict?alarm=1&name="+name, url.Values{"real": {"true"}}
	code, _ := stranger.ask(http.MethodPost, verdict, genuine)
	require.Equal(t, http.StatusUnauthorized, code)
	code, text := stranger.ask(http.MethodGet, "/", nil)
	require.Equal(t, http.StatusUnauthorized, code)
	require.NotContains(t, text, "web-1")
	_, page := operator.ask(http.MethodGet, "/host?name="+name, nil)
	require.NotContains(t, page, "called it a true alarm")
	code, text = operator.ask(http.MethodPost, verdict, genuine)
	require.Equal(t, http.StatusSeeOther, code, text)
	_, page = operator.ask(http.MethodGet, "/host?name="+name, nil)
	require.Contains(t, page, "called it a true alarm")
	require.Contains(t, page, "pages") // unit

	resp := operator.do(http.MethodGet, pageEventsPath, nil)
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	end()
	_, _ = io.Copy(io.Discard, resp.Body) // it has ended
	require.NoError(t, resp.Body.Close())
}

// Without a token the page is for this host alone, as is what operators say. Paths of the page
// are not those of sources.
func TestPageWithoutToken(t *testing.T) {
	s, server := served(t, "")
	code := func(change func(*http.Request)) int {
		r, err := http.NewRequest(http.MethodGet, server.URL, http.NoBody)
		require.NoError(t, err)
		change(r)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	require.Equal(t, http.StatusOK, code(func(*http.Request) {}))
	require.Equal(t, http.StatusForbidden, code(func(r *http.Request) { r.Host = "evil.example:9815" }))
	require.Equal(t, http.StatusForbidden, code(func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.1") }))
	s.cfg.Listen = "0.0.0.0:9815"
	require.Equal(t, http.StatusForbidden, code(func(*http.Request) {}))

	s.cfg.Listen = "127.0.0.1:0"
	b := browser{t, strings.TrimPrefix(server.URL, "http://"), ""}
	for _, path := range pagePaths {
		if path != pageEventsPath { // it does not end
			path += "?name=" + url.QueryEscape(`{instance="x"}`)
			get, _ := b.ask(http.MethodGet, path, nil)
			post, _ := b.ask(http.MethodPost, path, nil)
			require.True(t, get == http.StatusOK || post != http.StatusNotFound && post != http.StatusMethodNotAllowed, "%s: %d %d", path, get, post)
		}
	}
}

func TestCaption(t *testing.T) {
	e := newExporter([]string{"job", "instance"}, time.Hour)
	e.know("a", []string{"node", "web-1"})
	e.know("b", []string{"", "web-1"})
	e.know("c", []string{"", ""})
	for name, want := range map[string]string{"a": "node, web-1", "b": "web-1", "c": "c", "unknown": "unknown"} {
		require.Equal(t, want, e.caption(name))
	}
	require.Equal(t, []string{"", "web-1"}, e.labels("b"), "it is not changed")
}

// The page calls a stream by the values of its labels, and leaves out one that is forgotten.
func TestPageForgets(t *testing.T) {
	s, server := served(t, "")
	require.Contains(t, get(server.URL), "<bdi>x</bdi>")
	s.intake.cfg.Forget = 0
	require.NoError(t, s.intake.tick(prometheusSource, time.Now().Add(time.Hour)))
	s.intake.forget()
	require.NotContains(t, get(server.URL), "<bdi>x</bdi>")
	require.Contains(t, get(server.URL), "no host yet")
}
