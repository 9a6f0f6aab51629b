package dataset

import (
	"time"
)

// Generate makes correlated metrics of a synthetic host: a load with a daily cycle, slow
// noise and bursts drives CPU, memory, disk and network, each with noise of its own. The
// percentages lie between 0 and 100 and the network rate around 5e6 bit/s, between about
// 5e5 and 1e8. Labels are true in the rows of the returned faults, which are in the order
// of their rows.
//
// With Independent, and OutOfRange and BrokenCorrelation in Inject, it makes the basic test
// of a detector: 1000 rows of four metrics, one row out of range, and one whose metrics are
// unusual only together.
func Generate(cfg GenerateConfig) (*Table, []Fault, error) {
	if err := cfg.fill(); err != nil {
		return nil, nil, err
	}
	h := newHost(cfg)
	faults, err := h.place()
	if err != nil {
		return nil, nil, err
	}
	labels := make([]bool, cfg.Rows)
	for _, f := range faults {
		h.inject(f)
		for i := range f.Length {
			labels[f.Start+i] = true
		}
	}
	t := &Table{Columns: HostMetrics(), X: h.matrix(faults), Labels: labels, Times: make([]time.Time, cfg.Rows)}
	for i := range t.Times {
		t.Times[i] = cfg.Start.Add(time.Duration(i) * cfg.Interval)
	}
	return t, faults, nil
}
