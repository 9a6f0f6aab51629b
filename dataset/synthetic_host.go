package dataset

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"
)

// HostMetrics returns the columns that Generate makes: CPU usage, memory usage and disk busy
// time in percent, and received network traffic in bits per second.
func HostMetrics() []string { return []string{"cpu", "mem", "disk", "net_in"} }

// metricShape is how a metric follows the load of the host.
type metricShape struct {
	weight   float64       // correlation with the load
	memory   time.Duration // correlation time of the metric's own noise
	mean, sd float64       // of the logit of a percentage, or of the logarithm of a rate
	percent  bool
}

var hostShapes = []metricShape{
	{weight: .95, memory: 2 * time.Minute, mean: -.8, sd: .5, percent: true},
	{weight: .85, memory: 2 * time.Hour, mean: 0, sd: .25, percent: true},
	{weight: .90, memory: 5 * time.Minute, mean: -1.4, sd: .6, percent: true},
	{weight: .92, memory: 5 * time.Minute, mean: math.Log(5e6), sd: .7},
}

// value maps a standardised metric to its range and unit.
func (s metricShape) value(z float64) float64 {
	v := math.Exp(s.mean + s.sd*z)
	if s.percent {
		return 100 * v / (1 + v)
	}
	return v
}

// host holds the metrics while they are made. They are standardised until matrix maps them to
// their ranges.
type host struct {
	cfg    GenerateConfig
	load   []float64
	z      [][]float64 // one slice per metric
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

// noise returns noise of unit variance. It is an AR(1) process with a memory in time, so that
// it does not depend on the interval.
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

// seriesLoad returns a load with a daily cycle that peaks in the afternoon, slow noise, and
// about four bursts a day. A burst fades within minutes.
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

// matrix maps all values to their ranges and holds what is stuck.
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
