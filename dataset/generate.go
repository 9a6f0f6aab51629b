package dataset

import (
	"time"
)

// Generate makes the metrics of a synthetic host. A load with a daily cycle, slow noise and
// bursts drives CPU, memory, disk and network, so the metrics are correlated. Each also has
// noise of its own. The percentages are between 0 and 100. The network rate is around 5e6
// bit/s, from about 5e5 to 1e8. Labels are true in the rows of the faults, which are returned
// in the order of their rows.
//
// With Independent, and OutOfRange and BrokenCorrelation in Inject, the table is the basic
// test of a detector: 1000 rows of four metrics, one row with a metric out of range, and one
// row whose metrics are unusual only in combination.
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
