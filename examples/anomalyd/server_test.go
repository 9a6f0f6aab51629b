package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func served(t *testing.T, text string) (*service, *httptest.Server) {
	f := followed(t, newPromise(t, "x"), t.TempDir(), text)
	require.NoError(t, f.poll(t.Context(), time.Now()))
	s := &service{f.intake.cfg, f.intake.monitor, f.intake}
	server := httptest.NewServer(s.handler())
	t.Cleanup(server.Close)
	return s, server
}

func ask(t *testing.T, server *httptest.Server, path, body string, change func(*http.Request)) (int, string) {
	r, err := http.NewRequest(http.MethodPost, server.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

func TestReadiness(t *testing.T) {
	s, server := served(t, "")
	require.Empty(t, get(server.URL+"/-/ready"))
	require.NotEmpty(t, get(server.URL+"/-/healthy"))
	s.intake.exporter.polled(nil, time.Now())
	require.NotEmpty(t, get(server.URL+"/-/ready"))
	s.intake.exporter.polled(nil, time.Now().Add(-time.Minute))
	require.Empty(t, get(server.URL+"/-/ready"))
	require.Equal(t, "[]\n", get(server.URL+"/api/v1/alarms"))
	require.Contains(t, get(server.URL+"/metrics"), "anomaly_monitor_streams 1")
}

func TestOperators(t *testing.T) {
	_, server := served(t, "")
	for body, want := range map[string]int{
		`{"stream": "{instance=\"x\"}", "seq": 1, "real": true}`: http.StatusNotFound, // no alarm
		`{"stream": "nobody", "seq": 1, "real": true}`:           http.StatusNotFound,
		`{"stream": "nobody", "seq": 1}`:                         http.StatusBadRequest,
		`{"who": "nobody"}`:                                      http.StatusBadRequest,
		strings.Repeat(" ", 2*maxRequest):                        http.StatusRequestEntityTooLarge,
	} {
		code, text := ask(t, server, "/api/v1/verdict", body, nil)
		require.Equal(t, want, code, "%s: %s", body, text)
	}
	const until = `"until": "2100-01-01T00:00:00Z"`
	for body, want := range map[string]int{
		`{"stream": "{instance=\"x\"}", ` + until + `}`:                                 http.StatusOK,
		`{"stream": "{instance=\"x\"}", "from": "2101-01-01T00:00:00Z", ` + until + `}`: http.StatusBadRequest,
		`{"stream": "nobody", ` + until + `}`:                                           http.StatusNotFound,
	} {
		code, text := ask(t, server, "/api/v1/expect", body, nil)
		require.Equal(t, want, code, "%s: %s", body, text)
	}
}

// Nobody says anything for an operator: not another host, not the page of another site, and
// with a token only who has it.
func TestStrangers(t *testing.T) {
	const path, body = "/api/v1/expect", `{"stream": "{instance=\"x\"}", "until": "2100-01-01T00:00:00Z"}`
	s, server := served(t, "")
	code, _ := ask(t, server, path, body, func(r *http.Request) { r.Host = "evil.example:9815" })
	require.Equal(t, http.StatusForbidden, code)
	code, _ = ask(t, server, path, body, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") })
	require.Equal(t, http.StatusUnsupportedMediaType, code)
	s.cfg.Listen = "0.0.0.0:9815"
	code, _ = ask(t, server, path, body, nil)
	require.Equal(t, http.StatusForbidden, code)
	s.cfg.token = "secret"
	code, _ = ask(t, server, path, body, func(r *http.Request) { r.Header.Set("Authorization", "Bearer guess") })
	require.Equal(t, http.StatusForbidden, code)
	code, _ = ask(t, server, path, body, func(r *http.Request) { r.Header.Set("Authorization", "Bearer secret") })
	require.Equal(t, http.StatusOK, code)
}

// Somebody who looks at a page that never ends does not keep the program from ending.
func TestServerEnds(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	looking := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- serve(ctx, listener, withoutDeadline(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			close(looking)
			<-r.Context().Done()
		}))
	}()
	resp, err := http.Get("http://" + listener.Addr().String())
	require.NoError(t, err)
	<-looking
	cancel()
	require.NoError(t, <-done)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
}
