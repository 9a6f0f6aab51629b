package dagmm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
)

const (
	gateP     = .01 // p-value at which the tail is looked at
	gateShare = .05 // of recent ordinary rows that may lie below gateP
	gateLoss  = .5  // over the root of the rows: the ROC-AUC on synthetic faults that a new model may lose
	faults    = 400 // or a little more
)

// verdictOfGate says whether a new model may replace the old one, and why.
type verdictOfGate struct {
	Accepted bool
	Reason   string
}

// challenge compares a new model with the old one on rows that the new one has not
// learned from: its tail must be calibrated on them, or at least better than the old
// one's, and it must find synthetic faults about as well.
func challenge(old, challenger *Model, w *Window) (verdictOfGate, error) {
	var tail, auc [2]float64
	rows := 0
	for k, m := range []*Model{old, challenger} {
		e, err := w.examine(m)
		if err != nil {
			return verdictOfGate{}, err
		}
		rows = len(e.ordinary)
		if rows < 2 {
			return verdictOfGate{true, "too few recent rows to compare the models"}, nil
		}
		for _, v := range e.ordinary {
			if m.PValue(v) <= gateP {
				tail[k] += 1 / float64(rows)
			}
		}
		auc[k] = rankAUC(e.ordinary, e.faulty)
	}
	numbers := fmt.Sprintf("share of %d recent rows with p ≤ %g: %.3f (old %.3f); synthetic faults: ROC-AUC %.3f (old %.3f)", rows, gateP, tail[1], tail[0], auc[1], auc[0])
	switch {
	case tail[1] > max(gateShare, tail[0]):
		return verdictOfGate{false, "its tail is not calibrated: " + numbers}, nil
	case auc[1] < auc[0]-gateLoss/math.Sqrt(float64(rows)):
		return verdictOfGate{false, "it finds fewer faults: " + numbers}, nil
	}
	return verdictOfGate{true, numbers}, nil
}

// examination holds the energies of the judged rows and of faulty copies of them.
type examination struct{ ordinary, faulty []float64 }

// examine scores the judged rows, each as it is and with one metric moved by 2 to 6
// standard deviations of the window or taken from another row. Every model gets the same
// faults, in the metrics' own values.
func (w *Window) examine(m *Model) (examination, error) {
	var e examination
	n, d := w.X.Dims()
	if d != len(m.p.Columns) {
		return e, fmt.Errorf("dagmm: challenger: model of %d columns for rows of width %d: %w", len(m.p.Columns), d, ErrWidth)
	}
	var judged int
	for _, j := range w.judged {
		if j {
			judged++
		}
	}
	copies := faults/max(judged, 1) + 1
	rng := rand.New(rand.NewPCG(w.Number, 0x67617465))
	spread := columnSpread(w.X)
	f := newFiller(m)
	fault := make([]float64, d)
	for r := range n {
		x, t := w.X.RawRowView(r), w.Times[r]
		if w.judged[r] && complete(x) {
			for range copies {
				copy(fault, x)
				j := rng.IntN(d)
				fault[j] += (2 + 4*rng.Float64()) * float64(1-2*rng.IntN(2)) * spread[j]
				if v := w.X.At(rng.IntN(n), j); rng.IntN(2) == 0 && v == v {
					fault[j] = v
				}
				e.faulty = append(e.faulty, f.peek(m.deseasonalised(t, fault)))
			}
			e.ordinary = append(e.ordinary, f.peek(m.deseasonalised(t, x)))
		}
		f.observe(m.deseasonalised(t, x))
	}
	return e, nil
}

// peek returns the energy of a complete row without taking it into the context.
func (f *filler) peek(x []float64) float64 {
	s := f.s
	y := s.s.scaled
	s.m.scale(y, x)
	return f.evaluate(y)
}

// observe takes the row into the context without scoring it.
func (f *filler) observe(x []float64) {
	y := f.s.s.scaled
	f.s.m.scale(y, x)
	f.s.h.observe(y)
	for j, v := range x {
		if v == v {
			f.last[j] = v
		}
	}
	f.warm = min(f.warm+1, staleFor)
}

func complete(x []float64) bool {
	for _, v := range x {
		if v != v {
			return false
		}
	}
	return true
}

// columnSpread returns the standard deviation of each column's values.
func columnSpread(x *mat.Dense) []float64 {
	n, d := x.Dims()
	out := make([]float64, d)
	for j := range d {
		var mean, sum, k float64
		for r := range n {
			if v := x.At(r, j); v == v {
				k++
				delta := v - mean
				mean += delta / k
				sum += delta * (v - mean)
			}
		}
		out[j] = math.Sqrt(sum / max(k, 1))
	}
	return out
}

// rankAUC is the share of pairs in which the second is higher, ties counting half.
func rankAUC(low, high []float64) float64 {
	sorted := slices.Clone(low)
	slices.Sort(sorted)
	var wins float64
	for _, v := range high {
		from, _ := slices.BinarySearch(sorted, v)
		to := from
		for to < len(sorted) && sorted[to] == v {
			to++
		}
		wins += float64(from) + float64(to-from)/2
	}
	return wins / max(1, float64(len(low)*len(high)))
}
