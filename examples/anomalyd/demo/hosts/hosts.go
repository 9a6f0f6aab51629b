// Package hosts makes up hosts whose metrics Prometheus can scrape, and which can be given
// faults.
package hosts

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Metrics of a host: processor, memory and disk in percent, network in bits a second. They are
// exported with the prefix demo_.
var Metrics = []string{"cpu", "mem", "disk", "net_in"}

// by how much a fault raises each metric.
var faults = []float64{45, 25, 50, 4e6}

// Names of the hosts.
var Names = []string{"web-1", "web-2"}

// Host has a load that comes and goes. Processor, disk and network follow it, memory is its own.
type Host struct {
	mu        sync.Mutex
	rng       *rand.Rand
	load, mem float64
	until     [4]time.Time // each metric's fault
}

// New makes a host for each of Names.
func New(seed uint64) []*Host {
	out := make([]*Host, len(Names))
	for i := range out {
		out[i] = &Host{rng: rand.New(rand.NewPCG(seed, uint64(i)))}
	}
	return out
}

// Sample returns the metrics of now. The load moves with every call.
func (h *Host) Sample(now time.Time) []float64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	noise := h.rng.NormFloat64
	h.load = .8*h.load + .6*noise()
	h.mem = .95*h.mem + .3*noise()
	x := []float64{30 + 6*h.load + noise(), 50 + h.mem, max(0, 20+4*h.load+2*noise()), max(0, 2e6+4e5*h.load+5e4*noise())}
	for j := range x {
		if now.Before(h.until[j]) {
			x[j] += faults[j]
		}
	}
	return x
}

// Fail gives a metric, by its index in Metrics, a fault until then.
func (h *Host) Fail(metric int, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.until[metric] = until
}

// ServeHTTP shows the metrics to Prometheus.
func (h *Host) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for j, v := range h.Sample(time.Now()) {
		fmt.Fprintf(w, "demo_%s %g\n", Metrics[j], v)
	}
}

// Handler shows each host under its name, and takes faults.
func Handler(hosts []*Host) http.Handler {
	mux := http.NewServeMux()
	for i, h := range hosts {
		mux.Handle("GET /"+Names[i], h)
	}
	mux.HandleFunc("POST /fault", func(w http.ResponseWriter, r *http.Request) {
		host, metric := slices.Index(Names, r.FormValue("host")), slices.Index(Metrics, r.FormValue("metric"))
		seconds, err := strconv.Atoi(r.FormValue("seconds"))
		if host < 0 || metric < 0 || err != nil {
			http.Error(w, fmt.Sprintf("want host=one of %v, metric=one of %v, seconds=30", Names, Metrics), http.StatusBadRequest)
			return
		}
		until := time.Now().Add(time.Duration(seconds) * time.Second)
		hosts[host].Fail(metric, until)
		fmt.Fprintf(w, "%s of %s is wrong until %s\n", Metrics[metric], Names[host], until.Format(time.TimeOnly))
	})
	return mux
}
