package dagmm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

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

// contender is a model with the longest runs of its training, which tell what it takes for
// absent.
type contender struct {
	*Model
	longest []int
}

// row returns a row of the window as the model knows rows.
func (c contender) row(t time.Time, x []float64) []float64 {
	return c.deseasonalised(t, learned(x, c.longest))
}

// challenge compares a new model with the old one on rows that the new one has not
// learned from: its tail must be calibrated on them, or at least better than the old
// one's, and it must find synthetic faults about as well. With too few such rows the old
// one stays: there will be enough as soon as twice that many with a value have come.
func challenge(old, challenger contender, w *Window) (verdictOfGate, error) {
	var tail, auc [2]float64
	rows := 0
	for k, c := range []contender{old, challenger} {
		e, err := w.examine(c)
		if err != nil {
			return verdictOfGate{}, err
		}
		rows = len(e.ordinary)
		if rows < fewestRows {
			return verdictOfGate{false, fmt.Sprintf("%d recent rows to judge it by, need %d", rows, fewestRows)}, nil
		}
		for _, v := range e.ordinary {
			if c.PValue(v) <= gateP {
				tail[k] += 1 / float64(rows)
			}
		}
		auc[k] = rankAUC(e.ordinary, e.faulty)
	}
	numbers := fmt.Sprintf("share of %d recent rows with p ≤ %g: %.3f (old %.3f); synthetic faults: ROC-AUC %.3f (old %.3f)", rows, gateP, tail[1], tail[0], auc[1], auc[0])
	switch {
	case tail[1] > gateShare && tail[1] >= tail[0]:
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
// faults, in the metrics' own values. What is missing from a row takes no part.
func (w *Window) examine(c contender) (examination, error) {
	var e examination
	n, d := w.X.Dims()
	if d != len(c.p.Columns) {
		return e, fmt.Errorf("dagmm: challenger: model of %d columns for rows of width %d: %w", len(c.p.Columns), d, ErrWidth)
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
	f := newFiller(c.Model)
	fault := make([]float64, d)
	for r := max(0, slices.Index(w.judged, true)-contextRows); r < n; r++ {
		x, t := w.X.RawRowView(r), w.Times[r]
		if w.judged[r] {
			for range copies {
				copy(fault, x)
				j := rng.IntN(d)
				for fault[j] != fault[j] {
					j = rng.IntN(d)
				}
				fault[j] += (2 + 4*rng.Float64()) * float64(1-2*rng.IntN(2)) * spread[j]
				if v := w.X.At(rng.IntN(n), j); rng.IntN(2) == 0 && v == v {
					fault[j] = v
				}
				e.faulty = append(e.faulty, f.peek(c.row(t, fault)))
			}
			e.ordinary = append(e.ordinary, f.peek(c.row(t, x)))
		}
		if _, _, err := f.next(c.row(t, x)); err != nil {
			return e, err
		}
	}
	return e, nil
}

// peek returns the energy of a row without taking it into the context.
func (f *filler) peek(x []float64) float64 {
	y := f.s.s.scaled
	f.s.m.scale(y, x)
	var unknown []int
	for j, v := range y {
		if v != v {
			unknown = append(unknown, j)
		}
	}
	return f.assume(y, unknown)
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
