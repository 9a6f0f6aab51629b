package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/gmm"
	"github.com/metric-streams/anomaly/internal/kernel"
)

// errNotFinite makes a step roll back.
var errNotFinite = errors.New("not finite")

// maxRollbacks in a row end a member's training.
const maxRollbacks = 10

// trainer optimises one member.
type trainer struct {
	cfg      *Config
	data     *trainingData
	index    int
	inputs   []int
	targets  []int
	nets     *networks
	rng      *rand.Rand
	adam     *Adam
	graphs   map[int]*graph
	report   func(Progress)
	loss     []LossPoint // per epoch
	steps    int
	rolled   int // steps undone
	stop     StopReason
	best     checkpoint
	failures int // in a row
}

// checkpoint is what a roll-back returns to.
type checkpoint struct {
	parameters [][]float64
	adam       AdamState
}

func newTrainer(cfg *Config, data *trainingData, index int, report func(Progress)) (*trainer, error) {
	t := &trainer{cfg: cfg, data: data, index: index, report: report, graphs: map[int]*graph{}, stop: StopDone,
		rng: rand.New(rand.NewPCG(cfg.Seed, uint64(index)+0x6d656d626572)), adam: &Adam{LearningRate: cfg.LearningRate, ClipNorm: cfg.ClipNorm}}
	t.inputs, t.targets = data.views(cfg.Predict)
	net, err := autoencoder.New(len(t.inputs), cfg.Hidden, cfg.Latent, len(t.targets), t.rng)
	if err != nil {
		return nil, fmt.Errorf("train: member %d: %w", index, err)
	}
	t.nets = &networks{compression: net}
	muteConstant(net.Encoder[0], t.inputs, data)
	if cfg.jointly() {
		d := cfg.Latent + cfg.Features.Dim(len(t.targets))
		if t.nets.estimation, err = gmm.NewEstimation(d, cfg.EstimationHidden, cfg.Components, t.rng); err != nil {
			return nil, fmt.Errorf("train: member %d: %w", index, err)
		}
	}
	return t, nil
}

// muteConstant removes constant metrics from the encoder's input: their weights could
// not be learned, since their values are all 0. Their residuals see them.
func muteConstant(l autoencoder.Layer, inputs []int, data *trainingData) {
	for i, f := range inputs {
		if data.constant(f) {
			clear(l.Theta[i*l.Out : (i+1)*l.Out])
		}
	}
}

// jointly tells whether the mixture takes part in the optimisation.
func (c *Config) jointly() bool { return !c.Plain && (c.Lambda1 > 0 || c.Lambda2 > 0) }

// schedule returns how many batches an epoch has and how many epochs there are.
func (c *Config) schedule(n int) (batches, epochs int) {
	batches = max(1, n/c.BatchSize)
	return batches, max(c.Epochs, (c.MinSteps+batches-1)/batches)
}

// run trains until the schedule ends, the context is canceled, or nothing but
// roll-backs happens.
func (t *trainer) run(ctx context.Context) error {
	if t.cfg.Untrained {
		t.stop = StopUntrained
		return nil
	}
	batches, epochs := t.cfg.schedule(t.data.n)
	order := t.order()
	t.keep()
	for epoch := range epochs {
		t.shuffle(order)
		var sum LossPoint
		for b := range batches {
			if err := ctx.Err(); err != nil {
				return err
			}
			p, err := t.step(order[b*len(order)/batches : (b+1)*len(order)/batches])
			if err != nil {
				return fmt.Errorf("train: member %d, epoch %d: %w", t.index, epoch+1, err)
			}
			if t.failures > maxRollbacks {
				t.stop = StopDiverged
				return nil
			}
			sum.add(p)
		}
		point := sum.over(float64(batches))
		point.Epoch = epoch + 1
		t.loss = append(t.loss, point)
		if t.failures == 0 {
			t.keep()
		}
		t.report(Progress{Member: t.index, Members: t.cfg.Members, Epoch: epoch + 1, Epochs: epochs, Step: t.steps, Steps: batches * epochs, Loss: point.Total})
	}
	return nil
}

// order is that of the rows in the data.
func (t *trainer) order() []int {
	order := make([]int, t.data.n)
	for i := range order {
		order[i] = i
	}
	return order
}

func (t *trainer) shuffle(order []int) {
	t.rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
}

// step takes one batch of rows. A step whose loss or gradient is not finite, or whose
// mixture is singular, is undone: back to the last good epoch, at half the rate.
func (t *trainer) step(rows []int) (LossPoint, error) {
	g, err := t.graph(len(rows))
	if err != nil {
		return LossPoint{}, err
	}
	t.gather(g.input, t.inputs, rows)
	if &g.target[0] != &g.input[0] {
		t.gather(g.target, t.targets, rows)
	}
	g.fillMask(t.cfg.Keep, t.rng)
	t.steps++
	p, err := g.run()
	if err == nil && (math.IsNaN(p.Total) || math.IsInf(p.Total, 0)) {
		err = errNotFinite
	}
	if err == nil {
		err = t.adam.Step(g.model)
	}
	switch {
	case err == nil:
		t.failures = 0
	case recoverable(err):
		t.restore()
		p = LossPoint{}
	default:
		return p, err
	}
	return p, nil
}

func recoverable(err error) bool {
	return errors.Is(err, errNotFinite) || errors.Is(err, gmm.ErrNotPositiveDefinite)
}

func (t *trainer) graph(rows int) (*graph, error) {
	g := t.graphs[rows]
	if g == nil {
		var err error
		if g, err = newGraph(t.nets, t.cfg, t.inputs, t.targets, rows); err != nil {
			return nil, err
		}
		t.graphs[rows] = g
	}
	return g, nil
}

func (t *trainer) close() error {
	var err error
	for _, g := range t.graphs {
		err = errors.Join(err, g.machine.Close())
	}
	return err
}

func (t *trainer) gather(dst []float64, index, rows []int) {
	n := len(rows)
	for i, f := range index {
		src, out := t.data.features[f*t.data.n:(f+1)*t.data.n], dst[i*n:(i+1)*n]
		for k, r := range rows {
			out[k] = src[r]
		}
	}
}

func (t *trainer) keep() {
	t.best.parameters = copyAll(t.best.parameters, t.nets.parameters())
	t.best.adam.set(t.adam.State)
}

func (t *trainer) restore() {
	for i, p := range t.nets.parameters() {
		copy(p, t.best.parameters[i])
	}
	t.adam.State.set(t.best.adam)
	t.adam.LearningRate /= 2
	t.rolled++
	t.failures++
}

// minResidualScale is the smallest standard deviation of a residual, in units of its
// metric's own: reconstructing better than that is no reason for alarm.
const minResidualScale = .03

// finish turns the networks into a member: z scaled over all training rows, and the
// mixtures computed in one exact pass from the memberships, then refined.
func (t *trainer) finish() (dagmm.Member, error) {
	cfg, n := t.cfg, t.data.n
	m := dagmm.Member{Network: t.nets.compression, Features: cfg.Features, Inputs: t.inputs, Targets: t.targets, Clip: cfg.Clip}
	raw := m.RawLatents(t.data.features, n)
	d := m.LatentDim()
	if !cfg.Unscaled {
		m.Scale = t.scales(raw, d)
	}
	if cfg.Plain {
		return m, nil
	}
	points := gmm.Points{Dim: d, N: n, Z: m.Latents(t.data.features, n)}
	gamma, err := t.memberships(gmm.Points{Dim: d, N: n, Z: raw}, points)
	if err != nil {
		return m, err
	}
	for _, cov := range cfg.mixtureKinds() {
		mix, err := gmm.FromResponsibilities(gamma, cfg.Components, points, cfg.Ridge, cov)
		if err != nil {
			return m, fmt.Errorf("train: member %d: %w", t.index, err)
		}
		if cfg.EMSteps > 0 {
			if mix, _, err = mix.Refine(points, cfg.refinement(cov, cfg.EMSteps)); err != nil {
				return m, fmt.Errorf("train: member %d: %w", t.index, err)
			}
		}
		m.Mixtures = append(m.Mixtures, mix)
	}
	return m, nil
}

// memberships come from the estimation network where it was trained, else from the
// classical fit.
func (t *trainer) memberships(raw, shaped gmm.Points) ([]float64, error) {
	if t.nets.estimation != nil {
		return t.nets.estimation.Memberships(raw)
	}
	return gmm.StartResponsibilities(shaped, t.cfg.Components, t.cfg.Seed+uint64(t.index))
}

func (c *Config) mixtureKinds() []gmm.Covariance {
	switch c.Covariances {
	case DiagonalCovariance:
		return []gmm.Covariance{gmm.Diagonal}
	case BothCovariances:
		return []gmm.Covariance{gmm.Full, gmm.Diagonal}
	}
	return []gmm.Covariance{gmm.Full}
}

func (c *Config) refinement(cov gmm.Covariance, steps int) gmm.FitConfig {
	ridge := c.Ridge
	if ridge == 0 {
		ridge = -1
	}
	return gmm.FitConfig{Covariance: cov, Ridge: ridge, Trim: c.Trim, MaxIterations: steps, Tolerance: 1e-9}
}

// scales returns the reciprocal standard deviations of z (d×n), whose first dimensions
// are the code. That of a constant metric's residual is 1.
func (t *trainer) scales(z []float64, d int) []float64 {
	out, n := make([]float64, d), t.data.n
	for i := range out {
		row := z[i*n : (i+1)*n]
		mean := kernel.Sum(row) / float64(n)
		var sum float64
		for _, v := range row {
			sum += (v - mean) * (v - mean)
		}
		sd := math.Sqrt(sum / float64(n))
		if k := i - t.cfg.Latent; k >= 0 {
			sd = max(sd, minResidualScale)
			if t.cfg.Features == autoencoder.Residual && t.data.constant(t.targets[k]) {
				sd = 1
			}
		}
		out[i] = 1 / max(sd, 1e-9)
	}
	return out
}
