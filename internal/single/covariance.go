package single

import "github.com/metric-streams/anomaly/internal/kernel"

// covariance is the memory for the covariance matrix of z = [code, residual].
type covariance struct {
	d        int
	centred  block // z, then z − μ
	sums, mu []float32
	product  []float32 // some rows of the matrix times the number of samples
	gradient []float32 // d×d
	dz       []float32 // one block
}

// bandRows is the number of rows of the covariance matrix that are computed at a time, up to the
// diagonal.
const bandRows = 16

func newCovariance(d, blocks int) *covariance {
	return &covariance{d: d, centred: newBlock(d, 0, blocks), sums: kernel.AlignedSingle(d), mu: kernel.AlignedSingle(d),
		product: kernel.AlignedSingle(bandRows * d), gradient: kernel.AlignedSingle(d * d), dz: kernel.AlignedSingle(d * blockRows)}
}

// Covariance writes the covariance matrix of z (d×d) of the batch of the last Forward to dst. The
// error features are autoencoder.Residual. Each element is summed in float32, from differences
// from the mean.
func (a *Autoencoder) Covariance(dst []float64) {
	if a.covariance == nil {
		a.covariance = newCovariance(a.latent+a.width, a.blocks)
	}
	c := a.covariance
	a.centre()
	for from := 0; from < c.d; from += bandRows {
		to := min(from+bandRows, c.d)
		kernel.DotsSingle(c.product, c.centred.values[from*blockRows:], c.centred.values, to-from, to, a.blocks, c.centred.step, c.centred.step)
		for i := from; i < to; i++ {
			for j, v := range c.product[(i-from)*to:][:i+1] {
				s := float64(v) / float64(a.rows)
				dst[i*c.d+j], dst[j*c.d+i] = s, s
			}
		}
	}
}

// centre computes z − μ.
func (a *Autoencoder) centre() {
	c := a.covariance
	for b := range a.blocks {
		z := c.centred.at(b)[:c.d*blockRows]
		copy(z, a.layers[a.coder].y.at(b)[:a.latent*blockRows])
		kernel.DifferenceSingle(z[a.latent*blockRows:], a.target.at(b), a.reconstruction(b))
	}
	a.clearPadding(c.centred, c.d)
	kernel.SumsSingle(c.sums, c.centred.values, a.blocks, c.centred.step)
	for i, v := range c.sums {
		c.mu[i] = float32(float64(v) / float64(a.rows))
	}
	for b := range a.blocks {
		kernel.CentreSingle(c.centred.at(b), c.mu)
	}
	a.clearPadding(c.centred, c.d)
}

// BackwardCovariance is Backward where the gradient with respect to z is m·(z − μ), with a
// symmetric matrix m (d×d). It is for the batch of the last Covariance.
func (a *Autoencoder) BackwardCovariance(m []float64) {
	c := a.covariance
	narrow(c.gradient, m)
	dy := a.gradient(0, a.width)
	for b := range a.blocks {
		kernel.InputGradSingle(c.dz, c.gradient, c.centred.at(b), c.d, c.d)
		copy(a.byCodeOf(b), c.dz)
		kernel.ResidualGradSingle(dy.at(b)[:a.width*blockRows], c.dz[a.latent*blockRows:], a.target.at(b), a.reconstruction(b), float32(2/float64(a.rows)))
	}
	a.propagate(dy, true)
}
