package drive

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/examples/fleet/watch"
)

// madeUp is a made-up host: all the samples that it can have.
type madeUp struct {
	name  string
	token string
	table *dataset.Table
	quiet map[int]bool // rows that it does not send: it falls silent for a while
}

// quietRows is for how many rows a host falls silent.
const quietRows = 30

// makeHosts makes hosts of so many rows, of which each has a fault about every period rows.
// Their names hold what subjects must not.
func makeHosts(n, rows, warmUp, period int, interval time.Duration, seed uint64) ([]*madeUp, error) {
	hosts := make([]*madeUp, n)
	for k := range hosts {
		h := &madeUp{name: fmt.Sprintf("rack %d.host-%03d", k%7, k), quiet: map[int]bool{}}
		var err error
		if h.token, err = watch.Token(h.name); err != nil {
			return nil, err
		}
		rng := rand.New(rand.NewPCG(seed, uint64(k)))
		var faults []dataset.Fault
		metrics := dataset.HostMetrics()
		for at := warmUp + rng.IntN(period); at+20 < rows; at += period/2 + rng.IntN(period) {
			kind := []dataset.FaultKind{dataset.OutOfRange, dataset.BrokenCorrelation, dataset.Stuck, dataset.LevelShift}[rng.IntN(4)]
			faults = append(faults, dataset.Fault{Kind: kind, Metric: metrics[rng.IntN(len(metrics))], Start: at, Length: 5 + rng.IntN(15)})
		}
		if k%5 == 4 {
			from := warmUp + rng.IntN(period)
			for r := from; r < from+quietRows; r++ {
				h.quiet[r] = true
			}
		}
		h.table, _, err = dataset.Generate(dataset.GenerateConfig{Rows: rows, Seed: seed + uint64(k), Interval: interval, Faults: faults})
		if err != nil {
			return nil, fmt.Errorf("drive: host %q: %w", h.name, err)
		}
		hosts[k] = h
	}
	return hosts, nil
}

func (h *madeUp) sample(row int) watch.Sample {
	return watch.Sample{Time: h.table.Times[row], Values: h.table.X.RawRowView(row)}
}
