package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/gmm"
)

// errNotFinite makes a step roll back.
var errNotFinite = errors.New("not finite")

// maxRollbacks is the number of roll-backs in a row after which a member's training ends.
const maxRollbacks = 10

// trainer optimises the networks of one member. It belongs to one goroutine.
type trainer struct {
	cfg     *Config
	data    *trainingData
	index   int   // of the member
	inputs  []int // features that the encoder reads
	targets []int // features that the decoder gives
	*rig
	rigs     *pool[*rig] // of trainers with networks of the same shape
	source   *rand.PCG
	rng      *rand.Rand // of source
	adam     *adam
	report   func(Progress)
	loss     []LossPoint // per epoch
	earlier  [][]float64 // parameters to start from; nil for a cold start
	batch    int         // rows; 0 divides those of the data evenly
	steps    int
	rolled   int // steps undone
	failures int // steps undone in a row
	stop     StopReason
	best     checkpoint
}

// checkpoint is the state that a roll-back restores.
type checkpoint struct {
	parameters [][]float64
	adam       adamState
}

func newTrainer(cfg *Config, data *trainingData, index int, rigs *pool[*rig], report func(Progress)) (*trainer, error) {
	source := rand.NewPCG(cfg.Seed, uint64(index)+0x6d656d626572)
	t := &trainer{cfg: cfg, data: data, index: index, rigs: rigs, report: report, stop: StopDone, source: source, rng: rand.New(source),
		adam: &adam{learningRate: cfg.Optimizer.LearningRate, clipNorm: cfg.Optimizer.ClipNorm}}
	t.inputs, t.targets = data.views(cfg.Network.Predict)
	n := cfg.Network
	if n.PrincipalComponents > 0 {
		p := data.components
		if p == nil { // of the rows but for a fold
			var err error
			if p, err = newPrincipal(data, t.inputs); err != nil {
				return nil, err
			}
		}
		t.rig = newRig(newNetworks(p.network(n.Latent), nil))
		return t, nil
	}
	net, err := autoencoder.New(len(t.inputs), n.Hidden, n.Latent, len(t.targets), t.rng)
	if err != nil {
		return nil, fmt.Errorf("train: member %d: %w", index, err)
	}
	t.muteConstant(net)
	var estimation *gmm.Estimation
	if cfg.jointly() {
		d := n.Latent + n.ErrorFeatures.Dim(len(t.targets))
		if estimation, err = gmm.NewEstimation(d, n.EstimationHidden, cfg.Mixture.Components, t.rng); err != nil {
			return nil, fmt.Errorf("train: member %d: %w", index, err)
		}
	}
	if cfg.Mixture.Components == 1 {
		estimation = nil // every membership is 1
	}
	t.rig = newRig(newNetworks(net, estimation))
	return t, nil
}

// muteConstant sets the encoder's weights from constant metrics to 0. They could not be
// learned, because the inputs are always 0. The residuals still see the metrics.
func (t *trainer) muteConstant(net *autoencoder.Network) {
	l := net.Encoder[0]
	for i, f := range t.inputs {
		if t.data.constant(f) {
			clear(l.Theta[i*l.Out : (i+1)*l.Out])
		}
	}
}

// jointly reports whether the mixture takes part in the optimisation.
func (c *Config) jointly() bool {
	return !c.Mixture.Disabled && c.Network.PrincipalComponents == 0 && (c.Optimizer.Lambda1 > 0 || c.Optimizer.Lambda2 > 0)
}

const (
	defaultBatch = 128 // rows
	leastSplit   = 512 // rows, from which on an epoch has several batches by default
)

// schedule returns the number of batches in an epoch and the number of epochs, for n rows.
func (c *Config) schedule(n int) (batches, epochs int) {
	size := c.Optimizer.BatchSize
	if size == 0 {
		size = defaultBatch
		if n < leastSplit {
			size = n
		}
	}
	batches = max(1, n/size)
	return batches, max(c.Optimizer.Epochs, (c.Optimizer.MinSteps+batches-1)/batches)
}

// run trains until all epochs are done, the context is canceled, or maxRollbacks steps in
// a row have failed.
func (t *trainer) run(ctx context.Context) error {
	_, epochs := t.cfg.schedule(t.data.n)
	switch {
	case t.cfg.Untrained:
		t.stop = StopUntrained
		return nil
	case t.cfg.Network.PrincipalComponents > 0:
		t.stop = StopClosedForm
		return nil
	case t.earlier != nil:
		return t.warmStart(ctx)
	}
	rate := t.cfg.Optimizer.LearningRate
	return t.descend(ctx, epochs, rate, rate*t.cfg.Optimizer.FinalRate)
}

// descend takes the steps of the given number of epochs. The learning rate falls from
// first to final by the same factor in every step.
func (t *trainer) descend(ctx context.Context, epochs int, first, final float64) error {
	t.mount()
	defer t.release()
	order := t.order()
	batches, size := t.batches()
	t.adam.learningRate = first
	fall := math.Pow(final/first, 1/float64(batches*epochs))
	t.keep()
	for epoch := range epochs {
		shuffle(order, t.source)
		var sum LossPoint
		for b := range batches {
			if err := ctx.Err(); err != nil {
				return err
			}
			p, err := t.step(order[b*size : (b+1)*size])
			if err != nil {
				return fmt.Errorf("train: member %d, epoch %d: %w", t.index, epoch+1, err)
			}
			if t.failures > maxRollbacks {
				t.stop = StopDiverged
				return nil
			}
			sum.add(p)
			t.adam.learningRate *= fall
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

// batches returns the number of batches in an epoch and their size. The few rows that are
// left over are other ones in every epoch. A refit, which has fewer rows, has batches of the
// same size: a graph is for one size.
func (t *trainer) batches() (count, size int) {
	if t.batch == 0 {
		count, _ = t.cfg.schedule(t.data.n)
		return count, t.data.n / count
	}
	size = min(t.batch, t.data.n)
	return t.data.n / size, size
}

// order returns the row numbers in the order of the data.
func (t *trainer) order() []int {
	order := make([]int, t.data.n)
	for i := range order {
		order[i] = i
	}
	return order
}

// step takes one batch of rows. If the loss or the gradient is not finite, or the batch's
// mixture is singular, the step is undone: the parameters go back to the last good epoch
// and the learning rate is halved.
func (t *trainer) step(rows []int) (LossPoint, error) {
	g, err := t.graph(t.cfg, t.inputs, t.targets, len(rows))
	if err != nil {
		return LossPoint{}, err
	}
	g.load(t, rows)
	t.steps++
	p, err := g.run()
	if err == nil && (math.IsNaN(p.Total) || math.IsInf(p.Total, 0)) {
		err = errNotFinite
	}
	if err == nil {
		err = t.adam.step(g.binding())
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

// gather copies the features in index of the given rows to dst (features × rows).
func (t *trainer) gather(dst []float64, index, rows []int) {
	n := len(rows)
	for i, f := range index {
		src, out := t.data.features[f*t.data.n:(f+1)*t.data.n], dst[i*n:(i+1)*n]
		for k, r := range rows {
			out[k] = src[r]
		}
	}
}

// keep makes the present state the one that restore goes back to.
func (t *trainer) keep() {
	t.best.parameters = copyAll(t.best.parameters, t.nets.parameters)
	t.best.adam.set(t.adam.state)
}

func (t *trainer) restore() {
	for i, p := range t.nets.parameters {
		copy(p, t.best.parameters[i])
	}
	t.adam.state.set(t.best.adam)
	t.adam.learningRate /= 2
	t.rolled++
	t.failures++
}
