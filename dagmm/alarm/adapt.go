package alarm

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/gmm"
)

// AdaptConfig lets the mixtures of a detector's model follow slow change between trainings.
// Networks, scaler, threshold and calibration stay as they were trained. That bridges hours
// or days; it replaces no training.
type AdaptConfig struct {
	// Memory is the number of samples after which one counts 1/e of a new one; 0 means 5000.
	Memory int
	// Ignore is the p-value, in (0, 1), up to which a sample is left out; 0 means .01. Samples of
	// an open alarm and incomplete samples never count.
	Ignore float64
	// Every is how many samples are taken in before the mixtures change; 0 means 60.
	Every int
}

func (c AdaptConfig) resolved() (AdaptConfig, error) {
	if c.Memory == 0 {
		c.Memory = 5000
	}
	if c.Ignore == 0 {
		c.Ignore = .01
	}
	if c.Every == 0 {
		c.Every = 60
	}
	if c.Memory < 1 || c.Every < 1 || !(c.Ignore > 0 && c.Ignore < 1) {
		return c, fmt.Errorf("alarm: adapt: memory %d, every %d, ignore %g: %w", c.Memory, c.Every, c.Ignore, ErrConfig)
	}
	return c, nil
}

// adapter holds the mixtures of every member that follow the samples.
type adapter struct {
	cfg    AdaptConfig
	online [][]*gmm.Online
	taken  int // since the mixtures changed
}

func newAdapter(m *dagmm.Model, cfg AdaptConfig) (*adapter, error) {
	a := &adapter{cfg: cfg}
	for i, mixtures := range m.Mixtures() {
		var list []*gmm.Online
		for _, mix := range mixtures {
			o, err := gmm.NewOnline(mix, float64(cfg.Memory), steadyVariance(mix))
			if err != nil {
				return nil, fmt.Errorf("alarm: adapt: member %d: %w", i, err)
			}
			list = append(list, o)
		}
		a.online = append(a.online, list)
	}
	return a, nil
}

// steadyVariance returns the part of every variance that no quiet time takes away: half of
// the least variance in any direction.
func steadyVariance(mix *gmm.Mixture) float64 {
	least := math.Inf(1)
	for k := range mix.Components() {
		var eigen mat.EigenSym
		if !eigen.Factorize(mix.Covariance(k), false) {
			return 0
		}
		least = min(least, eigen.Values(nil)[0])
	}
	return max(0, least/2)
}

// observe takes the sample that s scored last. It returns the model with the new mixtures
// when they change, and nil otherwise.
func (a *adapter) observe(m *dagmm.Model, s *dagmm.Stream) (*dagmm.Model, error) {
	for i, list := range a.online {
		for _, o := range list {
			if err := o.Observe(s.Latent(i)); err != nil {
				return nil, fmt.Errorf("alarm: adapt: member %d: %w", i, err)
			}
		}
	}
	if a.taken++; a.taken < a.cfg.Every {
		return nil, nil
	}
	a.taken = 0
	var mixtures [][]*gmm.Mixture
	for i, list := range a.online {
		var row []*gmm.Mixture
		for _, o := range list {
			mix, err := o.Mixture()
			if err != nil {
				return nil, fmt.Errorf("alarm: adapt: member %d: %w", i, err)
			}
			row = append(row, mix)
		}
		mixtures = append(mixtures, row)
	}
	return m.WithMixtures(mixtures)
}
