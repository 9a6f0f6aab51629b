package train

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/internal/format"
)

// StopReason tells why a member's training ended.
type StopReason string

const (
	// StopDone means that all epochs were completed.
	StopDone StopReason = "done"
	// StopDiverged means that steps kept failing after roll-backs. The model uses the last
	// good parameters.
	StopDiverged StopReason = "diverged"
	// StopUntrained means that Config.Untrained skipped the training.
	StopUntrained StopReason = "untrained"
	// StopClosedForm means that there was nothing to optimise: Network.PrincipalComponents.
	StopClosedForm StopReason = "closed form"
)

// LossPoint is the mean of the objective over one epoch, and of each of its terms.
type LossPoint struct {
	Epoch          int     // counted from 1
	Total          float64 // Reconstruction + λ1·Energy + λ2·Penalty
	Reconstruction float64 // mean of ‖t−t'‖² over the rows
	Energy         float64 // mean energy of the rows under the mixture of their batch
	Penalty        float64 // Σk Σj 1/Σkjj over components k and dimensions j
}

func (p *LossPoint) add(q LossPoint) {
	p.Total += q.Total
	p.Reconstruction += q.Reconstruction
	p.Energy += q.Energy
	p.Penalty += q.Penalty
}

// over divides all terms by n.
func (p LossPoint) over(n float64) LossPoint {
	return LossPoint{Epoch: p.Epoch, Total: p.Total / n, Reconstruction: p.Reconstruction / n, Energy: p.Energy / n, Penalty: p.Penalty / n}
}

// WarningKind names a kind of warning, for programs.
type WarningKind string

// The kinds of warnings.
const (
	WarnFewRows       WarningKind = "few rows"         // too few for a reliable mixture
	WarnFewSteps      WarningKind = "few steps"        // the network is hardly trained
	WarnCollapse      WarningKind = "collapse"         // the mixture's components have become one
	WarnConstant      WarningKind = "constant columns" // columns that did not vary
	WarnContamination WarningKind = "contamination"    // training rows far from the others
	WarnDiverged      WarningKind = "diverged"         // training stopped early, see StopDiverged
	WarnColdStart     WarningKind = "cold start"       // Config.From does not fit, so training began afresh
	WarnPlainMixture  WarningKind = "plain mixture"    // a plain mixture does as well, or there is none
)

// Warning is something to know before relying on a model.
type Warning struct {
	Kind WarningKind
	Text string
}

// Report tells how training went.
type Report struct {
	Rows         int         // rows given
	RowsUsed     int         // rows trained on
	RowsDropped  int         // rows with a missing value
	RowsExcluded int         // rows left out by Config.Exclude or Config.ExcludeTimes
	Dim          int         // width d of the latent vector z
	Members      int         // networks in the model
	Epochs       int         // of one member
	Steps        int         // of one member
	RolledBack   int         // steps of all members that were undone because they were not finite
	Loss         []LossPoint // per epoch, mean over the members
	Components   float64     // effective number of mixture components, mean over the mixtures
	Warm         bool        // training started from the networks of Config.From
	Stop         StopReason
	Threshold    float64
	Quantile     float64  // of the training energies that gives the Threshold
	Constant     []string // names of the constant columns
	Comparison   Comparison
	Warnings     []Warning
	Duration     time.Duration
}

func newReport(cfg *Config, data *trainingData, trainers []*trainer, members []dagmm.Member, model *dagmm.Model, cold string) (*Report, error) {
	r := &Report{Rows: data.n + data.dropped + data.excluded, RowsUsed: data.n, RowsDropped: data.dropped, RowsExcluded: data.excluded,
		Dim: members[0].LatentDim(), Members: cfg.Members, Threshold: model.Threshold(), Quantile: cfg.Quantile,
		Constant: model.Constant(), Stop: StopDone, Warm: trainers[0].earlier != nil}
	training := model.Training()
	r.Epochs, r.Steps = training.Epochs, training.Steps
	r.Loss = meanLoss(trainers)
	for i, t := range trainers {
		r.RolledBack += t.rolled
		if t.stop != StopDone {
			r.Stop = t.stop
		}
		for _, mix := range members[i].Mixtures {
			r.Components += mix.EffectiveComponents() / float64(len(members)*len(members[i].Mixtures))
		}
	}
	var err error
	if r.Comparison, err = compare(cfg, data, model); err != nil {
		return nil, err
	}
	if cold != "" {
		r.Warnings = append(r.Warnings, Warning{WarnColdStart, "training began afresh, because the earlier model does not fit: " + cold})
	}
	r.warn(cfg, data, model)
	return r, nil
}

// meanLoss averages the losses of the members over the epochs that all of them completed.
func meanLoss(trainers []*trainer) []LossPoint {
	epochs := len(trainers[0].loss)
	for _, t := range trainers {
		epochs = min(epochs, len(t.loss))
	}
	out := make([]LossPoint, epochs)
	for e := range out {
		for _, t := range trainers {
			out[e].add(t.loss[e])
		}
		out[e] = out[e].over(float64(len(trainers)))
		out[e].Epoch = e + 1
	}
	return out
}

// rowsPerParameter times K·d is the number of rows below which full covariance matrices
// of K components in d dimensions are poorly determined.
const rowsPerParameter = 20

// fewSteps is the number of steps below which a trained network is hardly better than a
// random one.
const fewSteps = 500

// collapsed is the effective number of components below which several have become one.
const collapsed = 1.05

// advantage is the least gain in ROC-AUC over the plain mixture that counts.
const advantage = .005

func (r *Report) warn(cfg *Config, data *trainingData, model *dagmm.Model) {
	add := func(kind WarningKind, format string, args ...any) {
		r.Warnings = append(r.Warnings, Warning{kind, fmt.Sprintf(format, args...)})
	}
	m := cfg.Mixture
	if want := rowsPerParameter * m.Components * r.Dim; !m.Disabled && data.n < want {
		add(WarnFewRows, "%d rows are few for %d components in %d dimensions; extreme energies become reliable from %d rows on", data.n, m.Components, r.Dim, want)
	}
	if want := math.Ceil(1/(1-cfg.Quantile) - 1e-9); float64(data.n) < min(want, enough) {
		add(WarnFewRows, "%d rows: a share of %.3g of them is less than one row, so the threshold is extrapolated from the tail of the energies; from %.0f rows on it is their quantile",
			data.n, 1-cfg.Quantile, want)
	}
	if r.Steps < fewSteps && !r.Warm && !cfg.Untrained && cfg.Network.PrincipalComponents == 0 {
		add(WarnFewSteps, "training took %d steps; below %d steps the network is hardly better than a random one", r.Steps, fewSteps)
	}
	if m.Components > 1 && !m.Disabled && r.Components < collapsed {
		add(WarnCollapse, "the mixture's %d components have collapsed into one (effective number %.2f), so the model is a single Gaussian on the latent space", m.Components, r.Components)
	}
	if len(r.Constant) > 0 {
		add(WarnConstant, "constant during training: %s", format.List(len(r.Constant), format.Few, func(i int) string { return r.Constant[i] }))
	}
	if k := farOut(model.TrainingEnergies()); k > 0 {
		add(WarnContamination, "at least %d training rows lie far from the others; if they are incidents, leave them out with Exclude", k)
	}
	if r.Stop == StopDiverged {
		add(WarnDiverged, "training kept producing values that are not finite (%d steps undone), so the last good networks are used", r.RolledBack)
	}
	if err := r.Comparison.Err; err != nil {
		add(WarnPlainMixture, "there is no plain Gaussian mixture to compare with: %v", err)
	}
	if c := r.Comparison; c.Faults > 0 && c.Model < c.PlainMixture+advantage && !cfg.Untrained {
		add(WarnPlainMixture, "a plain Gaussian mixture on the same rows finds synthetic faults as well (ROC-AUC %.3f, this model %.3f), so the network adds nothing measurable here", c.PlainMixture, c.Model)
	}
}

// farOut counts the energies that exceed the 90th percentile by more than ten times its
// distance from the median. The energies are sorted.
func farOut(energies []float64) int {
	p50, p90 := Quantile(energies, .5), Quantile(energies, .9)
	limit := p90 + 10*(p90-p50)
	i, _ := slices.BinarySearch(energies, limit)
	return len(energies) - i
}

// String summarises the report in a few lines of text.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "trained on %d of %d rows", r.RowsUsed, r.Rows)
	if r.RowsDropped+r.RowsExcluded > 0 {
		fmt.Fprintf(&b, " (%d incomplete, %d excluded)", r.RowsDropped, r.RowsExcluded)
	}
	start := ""
	if r.Warm {
		start = " from an earlier model"
	}
	fmt.Fprintf(&b, ": %d networks, %d epochs, %d steps%s, %s, %s\n", r.Members, r.Epochs, r.Steps, start, r.Duration.Round(time.Millisecond), r.Stop)
	if k := len(r.Loss); k > 0 {
		a, z := r.Loss[0], r.Loss[k-1]
		fmt.Fprintf(&b, "loss from %.4g to %.4g (reconstruction from %.4g to %.4g, energy from %.4g to %.4g)\n", a.Total, z.Total, a.Reconstruction, z.Reconstruction, a.Energy, z.Energy)
	}
	fmt.Fprintf(&b, "threshold %.4g, the %g quantile of the training energies\n", r.Threshold, r.Quantile)
	if c := r.Comparison; c.Faults > 0 {
		fmt.Fprintf(&b, "ROC-AUC on %d synthetic faults: this model %.3f, a plain Gaussian mixture %.3f\n", c.Faults, c.Model, c.PlainMixture)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s: %s\n", w.Kind, w.Text)
	}
	return b.String()
}
