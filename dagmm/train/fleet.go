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
	// Rows are samples × metrics, as Fit takes them. Where nil, Load is called when the
	// host's turn comes, from several goroutines at a time, so that not all tables need to
	// be in memory at once.
	Rows mat.Matrix
	Load func(ctx context.Context) (mat.Matrix, error)
	// Config of this host. Its Progress may be called while another host's is; Workers is
	// FitAll's to choose.
	Config Config
}

// Fitted is what became of one host.
type Fitted struct {
	Name   string
	Model  *dagmm.Model // nil after an error
	Report *Report
	// Err is Fit's or Load's, with the host's name; the context's error where the host's
	// turn never came.
	Err error
}

// FleetConfig sets up FitAll. The zero value works.
type FleetConfig struct {
	// Workers bounds the hosts trained at a time, and with fewer hosts than workers the
	// goroutines of all; 0 means GOMAXPROCS.
	Workers int
	// Done is called after every host, in the order in which they finish, never
	// concurrently; nil is none.
	Done func(FleetProgress)
	// Release drops the model and the report of a host once Done has returned, for a fleet
	// whose models are stored as they come.
	Release bool
}

// FleetProgress tells how far FitAll has come.
type FleetProgress struct {
	Fitted
	Host, Finished, Failed, Hosts int // Host is an index into hosts
	Elapsed                       time.Duration
}

// FitAll trains one model per host, several at a time. What becomes of one host does not
// depend on the others nor on the number of workers: the model is bit-identical to Fit's
// of that host alone, and its error stays its own. The results stand in the order of the
// hosts. When ctx is canceled, FitAll returns its error within one step with what was
// finished by then.
func FitAll(ctx context.Context, hosts []Host, cfg FleetConfig) ([]Fitted, error) {
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

// fleet is one FitAll under way.
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
		if rows == nil {
			return nil, nil, fmt.Errorf("no rows loaded: %w", ErrData)
		}
	}
	cfg := h.Config
	cfg.Workers = workers
	return Fit(ctx, rows, cfg)
}
