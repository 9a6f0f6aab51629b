package dagmm

import (
	"math"
	"slices"
)

// TailKind says how far the p-values of a Tail reach.
type TailKind string

const (
	// TailConformal means that there were too few excesses for a fit. No p-value is below
	// 1/(n+1).
	TailConformal TailKind = "conformal"
	// TailExponential means that an exponential was fitted to the excesses.
	TailExponential TailKind = "exponential"
	// TailPareto means that a generalised Pareto distribution was fitted to the excesses.
	TailPareto TailKind = "pareto"
)

const (
	tailShare       = .02 // of the calibration energies are excesses
	minExponential  = 50
	minPareto       = 100
	maxShape        = .5
	minShape        = -.1 // below 0 the fit ends: an energy beyond the end would have p = 0
	shapeCandidates = 64
	// leastPValue bounds what a fit to hundreds of excesses can say.
	leastPValue = 1e-12
)

// Tail gives calibrated p-values of energies, also beyond the largest calibration energy
// where the calibration has enough of them. It uses peaks over threshold (Siffer, Fouque,
// Termier and Largouët, Anomaly Detection in Streams with Extreme Value Theory, KDD 2017).
// A Tail is immutable and safe for concurrent use.
//
// Up to the largest calibration energy, Above, p is the conformal p-value, which no fit
// betters on average. Beyond it p is
//
//	p(E) = p(Above)·(1 + Shape·(E − Above)/Scale)^(−1/Shape),
//
// a generalised Pareto tail, or an exponential one where Shape is 0. The tail is fitted to
// the excesses over the energy that about 2 % of the calibration's exceed. With fewer than
// 100 excesses (5,000 energies) the shape is not fitted and the tail is exponential. With
// fewer than 50 there is no fit and p is conformal throughout. The shape is held between
// −.1 and .5.
//
// For ordinary rows p is at most q with probability q, on average over calibrations, for q
// down to 1/n. Below that the fit extrapolates: at q = .1/n the probability is one to two
// times q, and up to five times where an exponential has to stand for a heavy tail.
//
// All of this holds as long as the host behaves as it did in training. The p-values are
// calibrated, not guaranteed.
type Tail struct {
	Kind         TailKind
	Excesses     int     // fitted
	Above        float64 // energy beyond which the fit holds; NaN without one
	Shape, Scale float64 // of the energies beyond Above
	calibration  Calibration
	at           float64 // p(Above)
}

// Tail returns the model's calibrated tail.
func (m *Model) Tail() *Tail { return NewTail(m.p.Calibration) }

// NewTail fits the tail of a calibration that NewCalibration made. It keeps c's slices.
func NewTail(c Calibration) *Tail {
	t := &Tail{Kind: TailConformal, Above: math.NaN(), calibration: c}
	k := min(int(tailShare*float64(c.N)), len(c.Energies)-1, keptTail-1)
	if k < minExponential {
		return t
	}
	above, largest := c.Energies[len(c.Energies)-1-k], c.Energies[len(c.Energies)-1]
	excesses := make([]float64, 0, k)
	var mean float64
	for _, e := range c.Energies[len(c.Energies)-k:] {
		if e > above {
			excesses = append(excesses, e-above)
			mean += e - above
		}
	}
	mean /= float64(len(excesses))
	if len(excesses) < minExponential || math.IsInf(mean, 0) {
		return t // ties: a staircase has no tail to fit
	}
	kind, shape, scale := TailExponential, 0., mean
	if len(excesses) >= minPareto {
		kind = TailPareto
		shape, scale = fitPareto(excesses, mean)
		// What exceeds a higher level is Pareto with the same shape.
		scale += shape * (largest - above)
	}
	if !(scale > 0) || math.IsInf(scale, 0) {
		return t // energies that overflow
	}
	t.Kind, t.Excesses, t.Above, t.Shape, t.Scale, t.at = kind, len(excesses), largest, shape, scale, c.pValue(math.Inf(1))
	return t
}

// PValue returns the probability that an ordinary row has an energy at least as high. It
// never rises with the energy. The p-value of NaN is NaN. The least p-values are a little too
// small: of ordinary rows that do not depend on each other, 1000 of them to train on, .1 % to
// .2 % have a p-value of at most .001, and 1.1 % to 1.2 % one of at most .01.
func (t *Tail) PValue(energy float64) float64 {
	if t.Kind == TailConformal || !(energy > t.Above) {
		return t.calibration.pValue(energy)
	}
	y := (energy - t.Above) / t.Scale
	if math.Abs(t.Shape) < 1e-9 {
		return max(t.at*math.Exp(-y), leastPValue)
	}
	base := 1 + t.Shape*y
	if base <= 0 {
		return leastPValue
	}
	return max(t.at*math.Pow(base, -1/t.Shape), leastPValue)
}

// Energy returns the least energy whose p-value is at most p. Where p lies beyond what the
// tail reaches, it is the largest energy that the calibration knows.
func (t *Tail) Energy(p float64) float64 {
	low, high := t.calibration.Energies[0], t.calibration.Energies[len(t.calibration.Energies)-1]
	if t.Kind != TailConformal {
		for range 64 {
			if t.PValue(high) <= p {
				break
			}
			high += max(t.Scale, high-t.Above)
		}
	}
	for range 100 {
		if mid := low + (high-low)/2; t.PValue(mid) <= p {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

// fitPareto maximises the likelihood of the generalised Pareto distribution over a grid of
// shapes. For each shape the scale is the root of the likelihood equation. The grid is
// needed because the likelihood has several local maxima in both parameters together, but
// one in the scale alone.
func fitPareto(excesses []float64, mean float64) (shape, scale float64) {
	best := math.Inf(-1)
	for i := range shapeCandidates + 1 {
		g := minShape + (maxShape-minShape)*float64(i)/shapeCandidates
		s := paretoScale(excesses, mean, g)
		if l := paretoLikelihood(excesses, g, s); l > best {
			best, shape, scale = l, g, s
		}
	}
	return shape, scale
}

// paretoScale solves mean((1+g)·x/(s + g·x)) = 1 for s by bisection. The left side falls as
// s grows.
func paretoScale(excesses []float64, mean, g float64) float64 {
	low, high := 1e-6*mean, 10*mean
	if g < 0 {
		low = max(low, -g*slices.Max(excesses)*(1+1e-9))
		high = max(high, 2*low)
	}
	for range 60 {
		s := (low + high) / 2
		var sum float64
		for _, x := range excesses {
			sum += (1 + g) * x / (s + g*x)
		}
		if sum > float64(len(excesses)) {
			low = s
		} else {
			high = s
		}
	}
	return high
}

func paretoLikelihood(excesses []float64, g, s float64) float64 {
	l := -float64(len(excesses)) * math.Log(s)
	for _, x := range excesses {
		if math.Abs(g) < 1e-9 {
			l -= x / s
			continue
		}
		l -= (1 + 1/g) * math.Log1p(g*x/s)
	}
	return l
}
