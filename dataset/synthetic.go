package dataset

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"gonum.org/v1/gonum/mat"
)

// FaultKind is a kind of injected anomaly.
type FaultKind int

const (
	// OutOfRange puts a metric above all of its usual values.
	OutOfRange FaultKind = iota
	// BrokenCorrelation turns a metric against the others: low where the load is high, or
	// the reverse. No metric leaves its usual range.
	BrokenCorrelation
	// LevelShift adds a constant to a metric.
	LevelShift
	// Stuck freezes a metric at one value while the others move on.
	Stuck
)

// String returns the kind's name in words.
func (k FaultKind) String() string {
	switch k {
	case OutOfRange:
		return "out of range"
	case BrokenCorrelation:
		return "broken correlation"
	case LevelShift:
		return "level shift"
	case Stuck:
		return "stuck"
	}
	return "FaultKind(" + strconv.Itoa(int(k)) + ")"
}

// Fault is an injected anomaly of one metric over consecutive rows.
type Fault struct {
	Kind   FaultKind
	Metric string // one of the table's columns
	Start  int    // first row, from 0
	Length int    // rows
}

// GenerateConfig says what Generate makes. The zero value gives 1000 normal samples, a
// minute apart.
type GenerateConfig struct {
	Rows     int           // 0 means 1000
	Seed     uint64        // the same seed gives the same bits
	Start    time.Time     // of the first row; zero means 2024-01-01 00:00 UTC
	Interval time.Duration // from row to row; 0 means one minute

	// Independent makes rows that do not depend on each other, and no daily cycle: only the
	// correlation between the metrics is left.
	Independent bool

	// Inject puts one fault for each element, of that kind, at a place and on a metric chosen
	// by the seed. A fault takes 5 rows (OutOfRange), 10 (BrokenCorrelation) or 60
	// (LevelShift, Stuck), but at most a twentieth of Rows; with Independent it takes one,
	// except Stuck. Faults do not overlap, and rows outside them do not depend on them.
	Inject []FaultKind
	// Faults are put exactly where they say.
	Faults []Fault
	// Strength scales how far faults go; 0 means 1. At 1, OutOfRange lies 2.5 standard
	// deviations beyond the largest usual value, LevelShift adds 2.5, and BrokenCorrelation
	// puts a metric 2 standard deviations from its mean, on the wrong side. All are
	// standard deviations of the metric before it is bent into its range.
	Strength float64
}

// HostMetrics returns the columns that Generate makes: CPU usage, memory usage and disk busy
// time in percent, and received network traffic in bits per second.
func HostMetrics() []string { return []string{"cpu", "mem", "disk", "net_in"} }

// metricShape is how a metric follows the load of the host.
type metricShape struct {
	weight   float64       // correlation with the load
	memory   time.Duration // of the metric's own noise
	mean, sd float64       // of the logit of a percentage, or of the logarithm of a rate
	percent  bool
}

var hostShapes = []metricShape{
	{weight: .95, memory: 2 * time.Minute, mean: -.8, sd: .5, percent: true},
	{weight: .85, memory: 2 * time.Hour, mean: 0, sd: .25, percent: true},
	{weight: .90, memory: 5 * time.Minute, mean: -1.4, sd: .6, percent: true},
	{weight: .92, memory: 5 * time.Minute, mean: math.Log(5e6), sd: .7},
}

// value bends a standardised metric into its range and unit.
func (s metricShape) value(z float64) float64 {
	v := math.Exp(s.mean + s.sd*z)
	if s.percent {
		return 100 * v / (1 + v)
	}
	return v
}

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

// fill puts the defaults in and refuses what cannot be made.
func (cfg *GenerateConfig) fill() error {
	if cfg.Rows == 0 {
		cfg.Rows = 1000
	}
	if cfg.Interval == 0 {
		cfg.Interval = time.Minute
	}
	if cfg.Start.IsZero() {
		cfg.Start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if cfg.Strength == 0 {
		cfg.Strength = 1
	}
	const mostRows = 1 << 28
	if cfg.Rows < 1 || cfg.Rows > mostRows {
		return fmt.Errorf("%w: Generate: Rows is %d, must be 1 to %d", ErrOption, cfg.Rows, mostRows)
	}
	if cfg.Interval < 0 || int64(cfg.Rows) > math.MaxInt64/int64(cfg.Interval) {
		return fmt.Errorf("%w: Generate: Interval is %s for %d rows", ErrOption, cfg.Interval, cfg.Rows)
	}
	if !(cfg.Strength > 0 && cfg.Strength <= 100) {
		return fmt.Errorf("%w: Generate: Strength is %v, must be above 0 and at most 100", ErrOption, cfg.Strength)
	}
	return nil
}

// host is the state of generation. All values are standardised until matrix bends them.
type host struct {
	cfg    GenerateConfig
	load   []float64
	z      [][]float64 // one a metric
	lo, hi []float64   // usual range of each metric
}

func newHost(cfg GenerateConfig) *host {
	rng := rand.New(rand.NewPCG(cfg.Seed, 0x6d657472696373))
	h := &host{cfg: cfg, load: make([]float64, cfg.Rows)}
	if cfg.Independent {
		for i := range h.load {
			h.load[i] = rng.NormFloat64()
		}
	} else {
		h.load = seriesLoad(rng, cfg)
	}
	for _, s := range hostShapes {
		z := h.noise(rng, s.memory)
		own := math.Sqrt(1 - s.weight*s.weight)
		for i := range z {
			z[i] = s.weight*h.load[i] + own*z[i]
		}
		h.z = append(h.z, z)
		h.lo = append(h.lo, slices.Min(z))
		h.hi = append(h.hi, slices.Max(z))
	}
	return h
}

// noise returns noise of unit variance: an AR(1) process whose memory is a time, whatever
// the interval.
func (h *host) noise(rng *rand.Rand, memory time.Duration) []float64 {
	if h.cfg.Independent {
		memory = 0
	}
	return autoregression(rng, h.cfg.Rows, memory, h.cfg.Interval)
}

func autoregression(rng *rand.Rand, n int, memory, interval time.Duration) []float64 {
	keep := 0.0
	if memory > 0 {
		keep = math.Exp(-float64(interval) / float64(memory))
	}
	out := make([]float64, n)
	out[0] = rng.NormFloat64()
	for i := 1; i < n; i++ {
		out[i] = keep*out[i-1] + math.Sqrt(1-keep*keep)*rng.NormFloat64()
	}
	return out
}

// seriesLoad is a daily cycle with its peak in the afternoon, slow noise, and bursts: about
// four a day, each dying away within minutes.
func seriesLoad(rng *rand.Rand, cfg GenerateConfig) []float64 {
	const (
		cycle, slow   = .7, .6 // standard deviations
		peak          = 15.0   // hour of the day
		burstsPerDay  = 4.0
		burstSize     = 1.5
		burstDuration = 5 * time.Minute
	)
	load := autoregression(rng, cfg.Rows, 30*time.Minute, cfg.Interval)
	chance := math.Min(.5, burstsPerDay*cfg.Interval.Hours()/24)
	fade := math.Exp(-float64(cfg.Interval) / float64(burstDuration))
	burst := 0.0
	for i := range load {
		at := cfg.Start.Add(time.Duration(i) * cfg.Interval)
		hour := float64(at.Hour()) + float64(at.Minute())/60 + float64(at.Second())/3600
		burst *= fade
		if rng.Float64() < chance {
			burst += burstSize * rng.Float64()
		}
		load[i] = cycle*math.Sqrt2*math.Cos(2*math.Pi*(hour-peak)/24) + slow*load[i] + burst
	}
	return load
}

// place returns all faults in the order of their rows, those of Inject at free places.
func (h *host) place() ([]Fault, error) {
	faults := slices.Clone(h.cfg.Faults)
	for i, f := range faults {
		if err := h.checkFault(f); err != nil {
			return nil, fmt.Errorf("%w: Generate: fault %d: %w", ErrOption, i, err)
		}
	}
	rng := rand.New(rand.NewPCG(h.cfg.Seed, 0x6576656e7473))
	for _, kind := range h.cfg.Inject {
		if kind < OutOfRange || kind > Stuck {
			return nil, fmt.Errorf("%w: Generate: Inject: %v", ErrOption, kind)
		}
		f, ok := h.freePlace(rng, kind, faults)
		if !ok {
			return nil, fmt.Errorf("%w: Generate: %d rows have no place left for a fault of kind %v", ErrOption, h.cfg.Rows, kind)
		}
		faults = append(faults, f)
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.Start, b.Start) })
	for i := 1; i < len(faults); i++ {
		if a, b := faults[i-1], faults[i]; a.Start+a.Length > b.Start {
			return nil, fmt.Errorf("%w: Generate: the faults of rows %d and %d overlap", ErrOption, a.Start, b.Start)
		}
	}
	return faults, nil
}

func (h *host) checkFault(f Fault) error {
	switch {
	case f.Kind < OutOfRange || f.Kind > Stuck:
		return fmt.Errorf("the kind is %v", f.Kind)
	case !slices.Contains(HostMetrics(), f.Metric):
		return fmt.Errorf("the metric is %q, not one of %s", f.Metric, quoteNames(HostMetrics()))
	case f.Length < 1 || f.Start < 0 || f.Start >= h.cfg.Rows || f.Length > h.cfg.Rows-f.Start:
		return fmt.Errorf("%d rows from row %d of %d", f.Length, f.Start, h.cfg.Rows)
	case f.Kind == Stuck && f.Length < 2:
		return fmt.Errorf("a value stuck for %d row", f.Length)
	}
	return nil
}

// freePlace chooses where a fault of a kind goes. A broken correlation needs a load far
// from its mean, else there is nothing to break: of many places it takes the first whose
// load is beyond one standard deviation, or else the one with the largest.
func (h *host) freePlace(rng *rand.Rand, kind FaultKind, taken []Fault) (best Fault, ok bool) {
	length := h.lengthOf(kind)
	if length > h.cfg.Rows {
		return Fault{}, false
	}
	metric := HostMetrics()[rng.IntN(len(hostShapes))]
	top := -1.0
	for range 1000 {
		f := Fault{Kind: kind, Metric: metric, Start: rng.IntN(h.cfg.Rows - length + 1), Length: length}
		if slices.ContainsFunc(taken, func(o Fault) bool { return f.Start <= o.Start+o.Length && o.Start <= f.Start+f.Length }) {
			continue
		}
		load := math.Abs(h.meanLoad(f))
		if kind != BrokenCorrelation || load > 1 {
			return f, true
		}
		if load > top {
			best, top = f, load
		}
	}
	return best, top >= 0
}

func (h *host) lengthOf(kind FaultKind) int {
	length, least := 60, 1
	switch kind {
	case OutOfRange:
		length = 5
	case BrokenCorrelation:
		length = 10
	case Stuck:
		least = 2
	}
	if h.cfg.Independent && kind != Stuck {
		length = 1
	}
	return max(least, min(length, h.cfg.Rows/20))
}

func (h *host) meanLoad(f Fault) float64 {
	sum := 0.0
	for _, v := range h.load[f.Start : f.Start+f.Length] {
		sum += v
	}
	return sum / float64(f.Length)
}

// inject changes a metric in the rows of a fault. Stuck is left to matrix, which knows the
// final values.
func (h *host) inject(f Fault) {
	m := slices.Index(HostMetrics(), f.Metric)
	z, s := h.z[m], h.cfg.Strength
	side := 1.0
	if h.meanLoad(f) > 0 {
		side = -1
	}
	for i := f.Start; i < f.Start+f.Length; i++ {
		// A little noise is kept, so that a longer fault is not stuck as well.
		own := z[i] - hostShapes[m].weight*h.load[i]
		switch f.Kind {
		case OutOfRange:
			z[i] = h.hi[m] + 2.5*s + math.Abs(own)/4
		case LevelShift:
			z[i] += 2.5 * s
		case BrokenCorrelation:
			z[i] = math.Min(math.Max(side*2*s+own/4, h.lo[m]), h.hi[m])
		}
	}
}

// matrix bends all values into range and freezes what is stuck.
func (h *host) matrix(faults []Fault) *mat.Dense {
	x := mat.NewDense(h.cfg.Rows, len(h.z), nil)
	for m, z := range h.z {
		for i, v := range z {
			x.Set(i, m, hostShapes[m].value(v))
		}
	}
	for _, f := range faults {
		if f.Kind != Stuck {
			continue
		}
		m := slices.Index(HostMetrics(), f.Metric)
		for i := 1; i < f.Length; i++ {
			x.Set(f.Start+i, m, x.At(f.Start, m))
		}
	}
	return x
}
