package watch

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ServeHTTP answers /healthz and /readyz, for probes, and /stats with the worker's Beat as JSON. It
// is well while its loop turns, and ready while it is connected to NATS too; 503 says why not.
func (w *Worker) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz":
		probe(out, w.alive())
	case "/readyz":
		probe(out, errors.Join(w.alive(), w.connected()))
	case "/stats":
		out.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(out).Encode(w.Beat(false)); err != nil {
			w.log.Printf("stats: %v", err)
		}
	default:
		http.NotFound(out, r)
	}
}

func probe(out http.ResponseWriter, err error) {
	if err != nil {
		http.Error(out, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(out, "ok")
}

func (w *Worker) connected() error {
	if !w.fleet.nc.IsConnected() {
		return errors.New("watch: no connection to the server")
	}
	return nil
}

// alive reports that the worker's loop stands still.
func (w *Worker) alive() error {
	last := time.Unix(0, w.turned.Load())
	if since := time.Since(last); since > 4*w.cfg.Silent {
		return fmt.Errorf("watch: the loop stands still for %s", since.Round(time.Second))
	}
	return nil
}
