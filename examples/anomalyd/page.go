package main

import (
	"fmt"
	"net/http"

	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// page is what people see at "/" and below. A page that shows a Monitor goes here: it gets every
// request that no other address takes.
func page(_ *monitor.Monitor) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>anomalyd</title><h1>anomalyd</h1><ul><li><a href="/api/v1/alarms">open alarms</a><li><a href="/metrics">metrics</a><li><a href="/-/ready">ready</a></ul>`)
	})
	return mux
}
