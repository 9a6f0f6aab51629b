package train

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
)

// Host is one table to train a model on.
type Host struct {
	Name string
	// Rows are samples × metrics, as for Fit. Where Rows is nil, FitAll calls Load when the
	// host's turn comes, so that not all tables have to be in memory at once. Several
	// goroutines call the Load functions of different hosts at a time.
	Rows mat.Matrix
	Load func(ctx context.Context) (mat.Matrix, error)
	// Config of this host. Its Progress may be called while that of another host is running.
	// FitAll sets Workers itself.
	Config Config
}

// Fitted is the outcome of one host.
type Fitted struct {
	Name   string
	Model  *dagmm.Model // nil after an error
	Report *Report      // nil after an error
	// Err is the error of Fit or Load with the host's name, or the context's error where
	// the host's turn never came.
	Err error
}

// FleetConfig sets up FitAll. The zero value works.
type FleetConfig struct {
	// Workers bounds the number of hosts that are trained at a time. Where there are fewer
	// hosts than workers, it bounds the number of goroutines of all hosts together. 0 or
	// less means GOMAXPROCS.
	Workers int
	// Done is called after every host, in the order in which they finish, one call at a
	// time. nil means no calls.
	Done func(FleetProgress)
	// Release drops the model and the report of a host once Done has returned. It suits a
	// fleet whose models are stored one by one.
	Release bool
}

// FleetProgress tells how far FitAll has come.
type FleetProgress struct {
	Fitted
	Host     int // index of the host that has finished
	Finished int // hosts so far, with or without an error
	Failed   int // hosts so far with an error
	Hosts    int // all hosts
	Elapsed  time.Duration
}

// FitAll trains one model per host, several at a time. The outcome of a host depends
// neither on the other hosts nor on the number of workers: the model is bit-identical to
// the one that Fit makes of that host alone, and an error concerns that host only. The
// results have the order of the hosts. When ctx is canceled, FitAll stops within one step
// and returns ctx.Err() together with what has been finished by then. A nil ctx is an error
// that wraps ErrConfig.
func FitAll(ctx context.Context, hosts []Host, cfg FleetConfig) ([]Fitted, error) {
	if ctx == nil {
		return nil, badSetting("the context is nil")
	}
	f := &fleet{cfg: cfg, hosts: hosts, fitted: make([]Fitted, len(hosts)), start: time.Now()}
	workers := cfg.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	f.perHost = max(1, workers/max(1, len(hosts)))
	queue := make(chan int)
	var wg sync.WaitGroup
	for range min(workers, len(hosts)) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range queue {
				f.fit(ctx, i)
			}
		}()
	}
	for i := range hosts {
		queue <- i
	}
	close(queue)
	wg.Wait()
	return f.fitted, ctx.Err()
}

// fleet is one running call of FitAll.
type fleet struct {
	cfg     FleetConfig
	hosts   []Host
	perHost int // goroutines
	start   time.Time

	mu               sync.Mutex
	fitted           []Fitted
	finished, failed int
}

func (f *fleet) fit(ctx context.Context, i int) {
	h := f.hosts[i]
	r := Fitted{Name: h.Name}
	r.Model, r.Report, r.Err = h.fit(ctx, f.perHost)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finished++
	if r.Err != nil {
		f.failed++
		r.Err = fmt.Errorf("train: host %d (%s): %w", i, h.Name, r.Err)
	}
	f.fitted[i] = r
	if f.cfg.Done != nil {
		f.cfg.Done(FleetProgress{Fitted: r, Host: i, Finished: f.finished, Failed: f.failed, Hosts: len(f.hosts), Elapsed: time.Since(f.start)})
	}
	if f.cfg.Release {
		f.fitted[i].Model, f.fitted[i].Report = nil, nil
	}
}

func (h *Host) fit(ctx context.Context, workers int) (*dagmm.Model, *Report, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	rows := h.Rows
	if rows == nil {
		if h.Load == nil {
			return nil, nil, fmt.Errorf("neither Rows nor Load: %w", ErrData)
		}
		var err error
		if rows, err = h.Load(ctx); err != nil {
			return nil, nil, err
		}
	}
	cfg := h.Config
	cfg.Workers = workers
	return Fit(ctx, rows, cfg)
}
