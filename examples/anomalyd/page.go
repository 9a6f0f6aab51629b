package main

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/report/live"
)

// pagePaths are what the page answers.
var pagePaths = []string{"/", "/host", pageEventsPath, pageVerdictPath, pageExpectPath, "/login", "/logout", "/style.css", "/live.js"}

const pageEventsPath, pageVerdictPath, pageExpectPath = "/events", "/verdict", "/expect"

// newPage makes the page that people see at "/", and hands it what the receivers of mc get. e
// knows the labels of streams.
func newPage(c *config, mc *monitor.Config, e *exporter) *live.Page {
	units := make([]string, len(c.Metrics))
	for j, m := range c.Metrics {
		units[j] = m.Unit
	}
	page := live.New(live.Config{Title: "anomalyd", Units: units, Token: c.token, Zone: mc.Zone, Hosts: c.MaxStreams, Label: e.caption})
	handle, scored := mc.Handle, mc.Scored
	mc.Handle = func(e alarm.Event) {
		handle(e)
		page.Handle(e)
	}
	mc.Scored = func(stream string, t time.Time, r alarm.Result) {
		scored(stream, t, r)
		page.Scored(stream, t, r)
	}
	return page
}

// servePage shows the page to those who may say something for an operator: it has buttons for
// that. With a token it asks for it itself.
func (s *service) servePage(w http.ResponseWriter, r *http.Request) {
	if s.cfg.token == "" && !s.allowed(r) {
		http.Error(w, "Without token_file in the configuration this page answers only on the loopback, through no proxy, and only if anomalyd listens nowhere else.", http.StatusForbidden)
		return
	}
	s.intake.page.ServeHTTP(w, r)
	if said := r.URL.Path == pageVerdictPath || r.URL.Path == pageExpectPath; said && w.Header().Get("Location") != "" { // it was taken
		slog.Info("an operator said", "path", r.URL.Path, "query", r.URL.RawQuery, "form", r.PostForm.Encode())
	}
}

// withoutDeadline lets the page send what happens for as long as somebody looks at it. A request
// with a body keeps its deadline.
func withoutDeadline(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			if err := http.NewResponseController(w).SetReadDeadline(time.Time{}); err != nil {
				slog.Debug("a request keeps its deadline", "err", err)
			}
		}
		h(w, r)
	}
}
