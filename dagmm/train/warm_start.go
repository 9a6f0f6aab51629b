package train

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/dagmm"
)

const (
	// warmShare of a cold start's steps lead from an earlier model to the next.
	warmShare = .1
	// The learning rate of a warm start falls from warmRate times to finalWarmRate times
	// Config.restartRate. The high rate at first lets the networks leave what no longer holds.
	// A start half-way to new random weights (Ash and Adams, On warm-starting neural network
	// training, 2020) needs twice the steps for networks that are as good.
	warmRate      = 9
	finalWarmRate = .9
)

// warmStart trains networks from the weights of an earlier model.
func (t *trainer) warmStart(ctx context.Context) error {
	for i, p := range t.nets.parameters {
		copy(p, t.earlier[i])
	}
	t.muteConstant(t.nets.compression)
	batches, epochs := t.cfg.schedule(t.data.n)
	steps := warmShare * float64(batches*epochs)
	rate := t.cfg.restartRate()
	return t.descend(ctx, int(math.Ceil(steps/float64(batches))), warmRate*rate, finalWarmRate*rate)
}

// restartRate is the learning rate that those of warm starts and refits are multiples of.
func (c *Config) restartRate() float64 { return min(c.Optimizer.LearningRate, 1e-3) }

// checkWarm says why no training of cfg can start from cfg.From, or "" where it can.
func (c *Config) checkWarm() string {
	if c.Mixture.Components > 1 && c.jointly() {
		return fmt.Sprintf("the mixture has %d components, and a model does not keep the network that estimates the memberships", c.Mixture.Components)
	}
	p := c.From.Parameters()
	switch {
	case !slices.Equal(p.Columns, c.Columns):
		return fmt.Sprintf("its columns are %q, those of the rows %q", p.Columns, c.Columns)
	case !slices.Equal(p.RecentLevels.Alphas, c.RecentLevels):
		return fmt.Sprintf("its recent levels are %v, the configuration's %v", p.RecentLevels.Alphas, c.RecentLevels)
	case len(p.Members) != c.Members:
		return fmt.Sprintf("it has %d members, the configuration %d", len(p.Members), c.Members)
	}
	return ""
}

// warm makes the training start from the networks of cfg.From, if all of them fit. It
// returns why they do not, or "".
func warm(cfg *Config, trainers []*trainer) string {
	if cfg.From == nil || cfg.Untrained || cfg.Network.PrincipalComponents > 0 {
		return "" // nothing to start from, or nothing to train
	}
	if why := cfg.checkWarm(); why != "" {
		return why
	}
	earlier := make([][][]float64, len(trainers))
	for i, t := range trainers {
		m := cfg.From.Parameters().Members[i]
		if why := t.differs(&m); why != "" {
			return fmt.Sprintf("member %d %s", i, why)
		}
		earlier[i] = newNetworks(m.Network, nil).parameters
	}
	for i, t := range trainers {
		t.earlier = earlier[i]
	}
	return ""
}

// differs says what keeps the trainer from starting at the networks of m, or "".
func (t *trainer) differs(m *dagmm.Member) string {
	if !slices.Equal(m.Inputs, t.inputs) || !slices.Equal(m.Targets, t.targets) {
		return "reads or gives other features"
	}
	if m.Features != t.cfg.Network.ErrorFeatures {
		return fmt.Sprintf("has the error features %q, the configuration %q", m.Features, t.cfg.Network.ErrorFeatures)
	}
	if a, b := layers(m.Network), layers(t.nets.compression); !slices.Equal(a, b) {
		return fmt.Sprintf("has the layers %v, the configuration %v", a, b)
	}
	return ""
}

// layers returns the widths of a network's layers, with 0 before a linear one.
func layers(n *autoencoder.Network) []int {
	out := []int{n.InDim()}
	for _, l := range slices.Concat(n.Encoder, n.Decoder) {
		if l.Linear {
			out = append(out, 0)
		}
		out = append(out, l.Out)
	}
	return out
}
