package train

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/autoencoder"
)

// farthest bounds the scaled features from which principal components are computed. A few
// absurd rows would otherwise turn the first component towards themselves.
const farthest = 10

// principal holds the principal components of rows of features.
type principal struct {
	mean     []float64
	variance []float64  // of each component, in descending order
	axes     *mat.Dense // features × components
}

// newPrincipal computes the principal components of the features in index.
func newPrincipal(data *trainingData, index []int) (*principal, error) {
	w := len(index)
	p := &principal{mean: make([]float64, w), variance: make([]float64, w), axes: mat.NewDense(w, w, nil)}
	centred := mat.NewDense(w, data.n, nil)
	for i, f := range index {
		row := centred.RawRowView(i)
		for r, v := range data.features[f*data.n : (f+1)*data.n] {
			row[r] = min(max(v, -farthest), farthest)
			p.mean[i] += row[r] / float64(data.n)
		}
		for r := range row {
			row[r] -= p.mean[i]
		}
	}
	var covariance mat.SymDense
	covariance.SymOuterK(1/float64(data.n), centred)
	var eigen mat.EigenSym
	if !eigen.Factorize(&covariance, true) {
		return nil, fmt.Errorf("train: no principal components of %d features: %w", w, ErrData)
	}
	values := eigen.Values(nil) // in ascending order
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	for k := range w {
		p.variance[k] = max(0, values[w-1-k])
		for i := range w {
			p.axes.Set(i, k, vectors.At(i, w-1-k))
		}
	}
	return p, nil
}

// count returns how many components hold the given share of the variance. At least one
// does, and at least one is left out where there are two.
func (p *principal) count(share float64) int {
	var total, sum float64
	for _, v := range p.variance {
		total += v
	}
	for k, v := range p.variance[:len(p.variance)-1] {
		if sum += v; sum >= share*total {
			return k + 1
		}
	}
	return max(1, len(p.variance)-1)
}

// network returns the linear autoencoder whose code are the first k components. Components
// without variance stay 0: nothing says in which direction they point.
func (p *principal) network(k int) *autoencoder.Network {
	w := len(p.mean)
	encoder := autoencoder.Layer{In: w, Out: k, Linear: true, Theta: make([]float64, (w+1)*k)}
	decoder := autoencoder.Layer{In: k, Out: w, Linear: true, Theta: make([]float64, (k+1)*w)}
	least := 1e-12 * p.variance[0]
	for c := range k {
		if p.variance[c] <= least {
			continue
		}
		bias := &encoder.Theta[w*k+c]
		for i := range w {
			a := p.axes.At(i, c)
			encoder.Theta[i*k+c], decoder.Theta[c*w+i] = a, a
			*bias -= a * p.mean[i]
		}
	}
	copy(decoder.Theta[k*w:], p.mean)
	return &autoencoder.Network{Encoder: []autoencoder.Layer{encoder}, Decoder: []autoencoder.Layer{decoder}}
}

// checkPrincipal reports settings that do not go with principal components.
func (n *NetworkConfig) checkPrincipal() error {
	switch p := n.PrincipalComponents; {
	case !(p >= 0 && p < 1):
		return badSetting("Network.PrincipalComponents %g is not in [0, 1)", p)
	case p > 0 && (n.Predict || n.Alternate):
		return badSetting("Network.PrincipalComponents with Network.Predict or Network.Alternate")
	}
	return nil
}

// chooseLatent computes the principal components that the configuration asks for, and sets the
// width of the code to their number.
func (c *Config) chooseLatent(data *trainingData) error {
	share := c.Network.PrincipalComponents
	if share == 0 {
		return nil
	}
	inputs, _ := data.views(false)
	p, err := newPrincipal(data, inputs)
	if err != nil {
		return err
	}
	data.components, c.Network.Latent = p, p.count(share)
	return nil
}
