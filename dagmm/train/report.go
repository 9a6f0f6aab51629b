package train

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
)

// StopReason tells why a member's training ended.
type StopReason string

const (
	// StopDone: the schedule was completed.
	StopDone StopReason = "done"
	// StopDiverged: steps kept failing after roll-backs; the last good parameters are used.
	StopDiverged StopReason = "diverged"
	// StopUntrained: Config.Untrained.
	StopUntrained StopReason = "untrained"
)

// LossPoint is the mean objective over one epoch, by term.
type LossPoint struct {
	Epoch          int
	Total          float64
	Reconstruction float64 // mean of ‖t−t'‖² over rows
	Energy         float64 // mean sample energy under the batch mixtures
	Penalty        float64 // Σk Σj 1/Σkjj
}

func (p *LossPoint) add(q LossPoint) {
	p.Total += q.Total
	p.Reconstruction += q.Reconstruction
	p.Energy += q.Energy
	p.Penalty += q.Penalty
}

func (p LossPoint) over(n float64) LossPoint {
	return LossPoint{Epoch: p.Epoch, Total: p.Total / n, Reconstruction: p.Reconstruction / n, Energy: p.Energy / n, Penalty: p.Penalty / n}
}

// WarningKind names a warning for programs.
type WarningKind string

// The kinds of warnings.
const (
	WarnFewRows       WarningKind = "few rows"
	WarnFewSteps      WarningKind = "few steps"
	WarnCollapse      WarningKind = "collapse"
	WarnConstant      WarningKind = "constant columns"
	WarnContamination WarningKind = "contamination"
	WarnDiverged      WarningKind = "diverged"
	WarnBaseline      WarningKind = "baseline"
)

// Warning is something to know before relying on a model.
type Warning struct {
	Kind WarningKind
	Text string
}

// Report tells how training went.
type Report struct {
	Rows, RowsUsed      int
	RowsDropped         int // incomplete
	RowsExcluded        int // by Config.Exclude or ExcludeTimes
	Dim                 int // d, the width of z
	Members             int
	Epochs, Steps       int         // of one member
	RolledBack          int         // steps undone because they were not finite, over all members
	Loss                []LossPoint // per epoch, mean over members
	Components          float64     // effective number of mixture components, mean over members
	Stop                StopReason
	Threshold, Quantile float64
	Constant            []string // names of constant columns
	Comparison          Comparison
	Warnings            []Warning
	Duration            time.Duration
}

func newReport(cfg *Config, data *trainingData, trainers []*trainer, members []dagmm.Member, model *dagmm.Model) (*Report, error) {
	r := &Report{Rows: data.n + data.dropped + data.excluded, RowsUsed: data.n, RowsDropped: data.dropped, RowsExcluded: data.excluded,
		Dim: members[0].LatentDim(), Members: cfg.Members, Threshold: model.Threshold(), Quantile: cfg.Quantile,
		Constant: model.Constant(), Stop: StopDone}
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
	r.warn(cfg, data, model)
	return r, nil
}

// meanLoss averages the members' epochs, as far as all of them went.
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

// rowsPerParameter: below 20·K·d rows a full covariance is poorly determined.
const rowsPerParameter = 20

// fewSteps is where a trained network is hardly better than a random one.
const fewSteps = 500

func (r *Report) warn(cfg *Config, data *trainingData, model *dagmm.Model) {
	add := func(kind WarningKind, format string, args ...any) {
		r.Warnings = append(r.Warnings, Warning{kind, fmt.Sprintf(format, args...)})
	}
	if want := rowsPerParameter * cfg.Components * r.Dim; !cfg.Plain && data.n < want {
		add(WarnFewRows, "%d rows for %d components in %d dimensions; %d or more make the mixture's tails reliable", data.n, cfg.Components, r.Dim, want)
	}
	if r.Steps < fewSteps && !cfg.Untrained {
		add(WarnFewSteps, "%d steps; the network is hardly trained below %d", r.Steps, fewSteps)
	}
	if cfg.Components > 1 && !cfg.Plain && r.Components < 1.05 {
		add(WarnCollapse, "the mixture's %d components have collapsed to one (effective number %.2f): the model is one Gaussian on the latent space", cfg.Components, r.Components)
	}
	if len(r.Constant) > 0 {
		add(WarnConstant, "constant in training: %s", strings.Join(r.Constant, ", "))
	}
	if k := farOut(model.TrainingEnergies()); k > 0 {
		add(WarnContamination, "at least %d training rows lie far outside the others: if they are incidents, leave them out with Exclude", k)
	}
	if r.Stop == StopDiverged {
		add(WarnDiverged, "training kept producing values that are not finite (%d steps undone); the last good networks are used", r.RolledBack)
	}
	if err := r.Comparison.Err; err != nil {
		add(WarnBaseline, "no plain Gaussian mixture to compare with: %v", err)
	}
	if c := r.Comparison; c.Faults > 0 && c.Model < c.Baseline+.005 && !cfg.Untrained {
		add(WarnBaseline, "on synthetic faults a plain Gaussian mixture on the same rows does as well (ROC-AUC %.3f, this model %.3f): the network adds nothing measurable here", c.Baseline, c.Model)
	}
}

// farOut counts energies beyond ten times the distance from the median to the 90th
// percentile above the latter.
func farOut(energies []float64) int {
	p50, p90 := Quantile(energies, .5), Quantile(energies, .9)
	limit := p90 + 10*(p90-p50)
	i, _ := slices.BinarySearch(energies, limit)
	return len(energies) - i
}

// String is a summary of a few lines for a person.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "trained on %d of %d rows", r.RowsUsed, r.Rows)
	if r.RowsDropped+r.RowsExcluded > 0 {
		fmt.Fprintf(&b, " (%d incomplete, %d excluded)", r.RowsDropped, r.RowsExcluded)
	}
	fmt.Fprintf(&b, ": %d networks, %d epochs, %d steps, %s, %s\n", r.Members, r.Epochs, r.Steps, r.Duration.Round(time.Millisecond), r.Stop)
	if k := len(r.Loss); k > 0 {
		a, z := r.Loss[0], r.Loss[k-1]
		fmt.Fprintf(&b, "loss %.4g to %.4g (reconstruction %.4g to %.4g, energy %.4g to %.4g)\n", a.Total, z.Total, a.Reconstruction, z.Reconstruction, a.Energy, z.Energy)
	}
	fmt.Fprintf(&b, "threshold %.4g: the %g quantile of the training energies\n", r.Threshold, r.Quantile)
	if c := r.Comparison; c.Faults > 0 {
		fmt.Fprintf(&b, "%d synthetic faults: ROC-AUC %.3f, plain Gaussian mixture %.3f\n", c.Faults, c.Model, c.Baseline)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s: %s\n", w.Kind, w.Text)
	}
	return b.String()
}
