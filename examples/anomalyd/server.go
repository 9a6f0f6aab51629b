package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// service serves what Prometheus scrapes, what an orchestrator asks, and what operators say.
type service struct {
	cfg     *config
	monitor *monitor.Monitor
	intake  *intake
}

// ownPaths are no paths for sources.
var ownPaths = append([]string{"/metrics", "/-/healthy", "/-/ready", alarmsPath, verdictPath, expectPath}, pagePaths...)

const alarmsPath, verdictPath, expectPath = "/api/v1/alarms", "/api/v1/verdict", "/api/v1/expect"

func (s *service) handler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.intake.exporter.register(registry, s.monitor, s.cfg.Sources.names())
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "healthy") })
	mux.HandleFunc("GET /-/ready", s.ready)
	mux.HandleFunc("GET "+alarmsPath, s.alarms)
	mux.HandleFunc("POST "+verdictPath, s.operator(s.verdict))
	mux.HandleFunc("POST "+expectPath, s.operator(s.expect))
	for _, one := range s.intake.sources {
		if r, ok := one.(*receiver); ok {
			mux.Handle("POST "+r.cfg.Path, r)
		}
	}
	mux.HandleFunc("/", withoutDeadline(s.servePage))
	return mux
}

// ready reports whether all sources are well.
func (s *service) ready(w http.ResponseWriter, _ *http.Request) {
	for _, one := range s.intake.sources {
		if err := one.ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
	}
	fmt.Fprintln(w, "ready")
}

// alarms lists the alarms that are open.
func (s *service) alarms(w http.ResponseWriter, _ *http.Request) {
	open := s.monitor.OpenAlarms()
	if open == nil {
		open = []alarm.Event{}
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(open); err != nil {
		slog.Debug("a client went away", "err", err)
	}
}

type verdictRequest struct {
	Stream string `json:"stream"`
	Seq    uint64 `json:"seq"`
	Real   *bool  `json:"real"`
}

func (s *service) verdict(body []byte) error {
	var r verdictRequest
	if err := strictJSON(body, &r); err != nil {
		return err
	}
	if r.Real == nil {
		return fmt.Errorf("real is missing: %w", errRequest)
	}
	return s.monitor.Judge(r.Stream, r.Seq, *r.Real)
}

type expectRequest struct {
	Stream string    `json:"stream"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
}

func (s *service) expect(body []byte) error {
	var r expectRequest
	if err := strictJSON(body, &r); err != nil {
		return err
	}
	if s.intake.exporter.labels(r.Stream) == nil {
		return fmt.Errorf("stream %q: %w", r.Stream, monitor.ErrUnknown)
	}
	if r.From.IsZero() {
		r.From = time.Now()
	}
	return s.monitor.Expect(r.Stream, r.From, r.Until)
}

const maxRequest = 4096

var errRequest = errors.New("bad request")

func strictJSON(body []byte, v any) error {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", errRequest, err)
	}
	return nil
}

// operator lets only those through who may say something: with the token where there is one,
// else from this host. A page of another site cannot send JSON without asking first, which it
// is not allowed to.
func (s *service) operator(f func(body []byte) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.allowed(r) {
			http.Error(w, "not allowed: send the token of token_file, or ask on the loopback", http.StatusForbidden)
			return
		}
		if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
			http.Error(w, "want JSON", http.StatusUnsupportedMediaType)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err == nil {
			err = f(body)
		}
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large):
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		case err == nil:
			slog.Info("an operator said", "path", r.URL.Path, "body", string(body))
			fmt.Fprintln(w, "noted")
		case errors.Is(err, monitor.ErrUnknown):
			http.Error(w, err.Error(), http.StatusNotFound)
		case errors.Is(err, errRequest), errors.Is(err, monitor.ErrConfig):
			http.Error(w, err.Error(), http.StatusBadRequest)
		default:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

// allowed reports whether the request may change anything.
func (s *service) allowed(r *http.Request) bool {
	if s.cfg.token != "" {
		return hasToken(r, s.cfg.token)
	}
	return s.cfg.loopback() && isLoopback(hostOf(r)) && !forwarded(r) // not by the name of somebody's page
}

// forwarded reports whether a proxy says that the request comes from elsewhere.
func forwarded(r *http.Request) bool {
	return r.Header.Get("Forwarded") != "" || r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("X-Real-Ip") != ""
}

// hostOf returns the host by whose name somebody came.
func hostOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		return r.Host
	}
	return host
}

// serve answers until ctx ends. Requests that are under way then are told by their context, and
// have some time to end.
func serve(ctx context.Context, listener net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: requestTimeout, ReadTimeout: requestTimeout, IdleTimeout: time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), requestTimeout)
		defer cancel()
		err := server.Shutdown(grace)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		stopped <- err
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
