package watch

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ServeHTTP answers /healthz, for probes: 200 while the worker turns its loop and hears the
// server, 503 otherwise; and /stats with its Beat as JSON.
func (w *Worker) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz":
		if err := w.health(); err != nil {
			http.Error(out, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(out, "ok")
	case "/stats":
		out.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(out).Encode(w.Beat(false)); err != nil {
			w.log.Printf("stats: %v", err)
		}
	default:
		http.NotFound(out, r)
	}
}

// health reports what keeps the worker from its work.
func (w *Worker) health() error {
	if !w.fleet.nc.IsConnected() {
		return errors.New("watch: no connection to the server")
	}
	last := time.Unix(0, w.turned.Load())
	if since := time.Since(last); since > 4*w.cfg.Silent {
		return fmt.Errorf("watch: the loop stands still for %s", since.Round(time.Second))
	}
	return nil
}
