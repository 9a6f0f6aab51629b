package monitor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
	"github.com/metric-streams/anomaly/internal/synthfault"
)

const (
	gateP      = .01            // p-value at which the tail is compared
	gateShare  = .05            // of recent ordinary rows may have a p-value up to gateP
	keepShare  = .02            // and up to here the model in use stays
	knownShare = .8             // of the window's time, at least, has been learned by a model that stays
	knownTime  = 72 * time.Hour // and at least so long
	gateLoss   = .5             // divided by the root of the number of rows: the ROC-AUC on synthetic faults that a new model may lose
	faults     = 400            // synthetic ones, or a few more

	// contextRows is how many samples make a context: the weights of older ones in the slowest
	// of the usual levels are below 1e-4.
	contextRows = 200
)

// gateVerdict says whether a new model may replace the old one, and why.
type gateVerdict struct {
	accepted bool
	reason   string
}

// contender is a model together with what its training knows of the metrics, which says
// which of them it takes for absent.
type contender struct {
	*dagmm.Model
	metrics metricRuns
	span    time.Duration // of the rows that it has learned
	learned time.Time     // the last of them, or later; zero where that is unknown
}

// row returns a row of the window as the model knows rows.
func (c contender) row(t time.Time, x []float64) []float64 {
	return c.Season().Deseasonalised(t, c.metrics.learned(x))
}

// energies returns the energies of the window's rows, NaN where a row takes no part.
func (c contender) energies(w *Window) ([]float64, error) {
	x := mat.DenseCopyOf(w.X)
	for r, t := range w.Times {
		x.SetRow(r, c.row(t, w.X.RawRowView(r)))
	}
	energies, err := c.Series(nil, x)
	if err != nil {
		return nil, err
	}
	for r, out := range w.out {
		if out {
			energies[r] = math.NaN()
		}
	}
	return energies, nil
}

// challenge compares a new model with the old one on rows that the new one has not learned.
// Its p-values must be calibrated on them, or at least better than the old one's, and it
// must find synthetic faults about as well. With too few such rows the old model stays:
// there will be enough once twice as many rows with a value have come.
func challenge(old, challenger contender, w *Window) (gateVerdict, error) {
	var tail, auc [2]float64
	rows := 0
	for k, c := range []contender{old, challenger} {
		e, err := w.examine(c)
		if err != nil {
			return gateVerdict{}, err
		}
		rows = len(e.ordinary)
		if rows < fewestRows {
			return gateVerdict{false, fmt.Sprintf("%d recent rows to judge it by, need %d", rows, fewestRows)}, nil
		}
		tail[k] = c.improbable(e.ordinary)
		auc[k] = evaluate.ROCAUC(e.ordinary, e.faulty)
	}
	numbers := fmt.Sprintf("share of %d recent rows with p ≤ %g: %.3f (old %.3f); synthetic faults: ROC-AUC %.3f (old %.3f)", rows, gateP, tail[1], tail[0], auc[1], auc[0])
	switch {
	case tail[1] > gateShare && tail[1] >= tail[0]:
		return gateVerdict{false, "its tail is not calibrated: " + numbers}, nil
	case auc[1] < auc[0]-gateLoss/math.Sqrt(float64(rows)):
		return gateVerdict{false, "it finds fewer faults: " + numbers}, nil
	}
	return gateVerdict{true, numbers}, nil
}

// fits reports whether the model in use needs no successor, and why: it has learned about as
// long a time as the window goes back, and its p-values are right on the newest rows. Every
// new model learns some of the faults that nobody has seen, and moves the threshold.
func (c contender) fits(w *Window) (bool, string) {
	if c.Model == nil || c.span < knownTime || float64(c.span) < knownShare*float64(w.span()) {
		return false, ""
	}
	e, err := w.examine(c)
	if err != nil || len(e.ordinary) < fewestRows {
		return false, ""
	}
	tail := c.improbable(e.ordinary)
	return tail <= keepShare, fmt.Sprintf("the model still fits: share of %d recent rows with p ≤ %g: %.3f", len(e.ordinary), gateP, tail)
}

// improbable returns the share of energies whose p-value is at most gateP.
func (c contender) improbable(energies []float64) (share float64) {
	for _, e := range energies {
		if c.PValue(e) <= gateP {
			share += 1 / float64(len(energies))
		}
	}
	return share
}

// examination holds the energies of the judged rows and of faulty copies of them.
type examination struct{ ordinary, faulty []float64 }

// examine scores the judged rows, each as it is and with one metric moved by 2 to 6
// standard deviations of the window or taken from another row. Every model gets the same
// faults, in the metrics' own values. What is missing from a row takes no part.
func (w *Window) examine(c contender) (examination, error) {
	var e examination
	n, d := w.X.Dims()
	if width := len(c.Columns()); d != width {
		return e, fmt.Errorf("monitor: gate: model of %d columns for rows of width %d: %w", width, d, dagmm.ErrWidth)
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
	stream := c.Stream()
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
				fault[j] += synthfault.Shift(rng) * spread[j]
				if v := w.X.At(rng.IntN(n), j); rng.IntN(2) == 0 && v == v {
					fault[j] = v
				}
				energy, err := stream.Peek(c.row(t, fault))
				if err != nil {
					return e, err
				}
				e.faulty = append(e.faulty, energy)
			}
			energy, err := stream.Peek(c.row(t, x))
			if err != nil {
				return e, err
			}
			e.ordinary = append(e.ordinary, energy)
		}
		if _, _, err := stream.Impute(c.row(t, x)); err != nil {
			return e, err
		}
	}
	return e, nil
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
