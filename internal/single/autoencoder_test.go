package single_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/internal/single"
)

const width, latent = 9, 2

// problem is a network with a batch, and the weights of a linear function of z for a cost.
type problem struct {
	net      *autoencoder.Network
	features autoencoder.ErrorFeatures
	rows     int
	input    []float64 // width×rows
	dz       []float64
}

func newProblem(t *testing.T, features autoencoder.ErrorFeatures, hidden []int, rows int) *problem {
	rng := rand.New(rand.NewPCG(1, uint64(rows)))
	net, err := autoencoder.New(width, hidden, latent, width, rng)
	require.NoError(t, err)
	p := &problem{net: net, features: features, rows: rows, input: make([]float64, width*rows), dz: make([]float64, (latent+features.Dim(width))*rows)}
	for _, values := range [][]float64{p.input, p.dz} {
		for i := range values {
			values[i] = float64(float32(rng.NormFloat64()))
		}
	}
	return p
}

// cost is the reconstruction loss plus dz·z, in float64.
func (p *problem) cost() (loss float64, z []float64, cost float64) {
	z = make([]float64, len(p.dz))
	y := make([]float64, width*p.rows)
	p.net.Forward(z[:latent*p.rows], y, p.input, p.rows, make([]float64, p.net.ScratchLen(p.rows)))
	p.features.Apply(z[latent*p.rows:], p.input, y, width, p.rows)
	for i, v := range p.input {
		loss += (v - y[i]) * (v - y[i]) / float64(p.rows)
	}
	cost = loss
	for i, v := range z {
		cost += p.dz[i] * v
	}
	return loss, z, cost
}

func (p *problem) passes() *single.Autoencoder {
	index, rows := make([]int, width), make([]int, p.rows)
	for i := range index {
		index[i] = i
	}
	for i := range rows {
		rows[i] = i
	}
	samples := single.NewSamples(p.input, p.rows, index)
	a := single.New(p.net, p.features, p.rows, true)
	a.Load(samples, samples, rows)
	return a
}

// Loss, latent vectors and gradients are those of float64, to the rounding of float32.
func TestPassesAreThoseOfDouble(t *testing.T) {
	for _, features := range []autoencoder.ErrorFeatures{autoencoder.Residual, autoencoder.RelativeCosine} {
		for _, hidden := range [][]int{nil, {7}, {8, 5}} {
			for _, rows := range []int{1, 31, 32, 33, 70} {
				t.Run(fmt.Sprintf("%s/%v/%d rows", features, hidden, rows), func(t *testing.T) {
					comparePasses(t, newProblem(t, features, hidden, rows))
				})
			}
		}
	}
}

func comparePasses(t *testing.T, p *problem) {
	loss, z, _ := p.cost()
	a := p.passes()
	got := make([]float64, len(z))
	require.InEpsilon(t, loss, a.Forward(got), 1e-6)
	for i, v := range z {
		require.InDelta(t, v, got[i], 1e-5, "z %d", i)
	}
	a.Backward(p.dz)
	checkGradients(t, p, a.Gradients())
}

// checkGradients holds the gradients against differences of the cost in float64.
func checkGradients(t *testing.T, p *problem, grads [][]float64) {
	const step = 1e-5
	layers := append(append([]autoencoder.Layer{}, p.net.Encoder...), p.net.Decoder...)
	require.Len(t, grads, len(layers))
	for i, l := range layers {
		for k := 0; k < len(l.Theta); k += 3 {
			old := l.Theta[k]
			l.Theta[k] = old + step
			_, _, up := p.cost()
			l.Theta[k] = old - step
			_, _, down := p.cost()
			l.Theta[k] = old
			want := (up - down) / (2 * step)
			require.InDelta(t, want, grads[i][k], 1e-4*(1+math.Abs(want)), "layer %d, parameter %d", i, k)
		}
	}
}

// Without a mixture there is the gradient of the loss alone.
func TestBackwardWithoutMixture(t *testing.T) {
	p := newProblem(t, autoencoder.RelativeCosine, []int{7}, 40)
	clear(p.dz)
	a := p.passes()
	loss, _, _ := p.cost()
	require.InEpsilon(t, loss, a.Forward(nil), 1e-6)
	a.Backward(nil)
	checkGradients(t, p, a.Gradients())
}

// A sample that equals its reconstruction, and one of zeros, have finite gradients.
func TestRelativeCosineAtItsEdges(t *testing.T) {
	p := newProblem(t, autoencoder.RelativeCosine, []int{7}, 3)
	for _, layers := range [][]autoencoder.Layer{p.net.Encoder, p.net.Decoder} {
		for _, l := range layers {
			clear(l.Theta)
		}
	}
	clear(p.input)
	a := p.passes()
	z := make([]float64, len(p.dz))
	require.Zero(t, a.Forward(z))
	require.Equal(t, make([]float64, len(z)), z)
	a.Backward(p.dz)
	for _, g := range a.Gradients() {
		for _, v := range g {
			require.False(t, math.IsNaN(v) || math.IsInf(v, 0))
		}
	}
}

// Inputs and targets can be different features of the same samples.
func TestTargetsOfTheirOwn(t *testing.T) {
	p := newProblem(t, autoencoder.Residual, []int{7}, 40)
	inputs := single.NewSamples(p.input, p.rows, []int{8, 7, 6, 5, 4, 3, 2, 1, 0})
	targets := single.NewSamples(p.input, p.rows, []int{0, 1, 2, 3, 4, 5, 6, 7, 8})
	require.True(t, inputs.Holds([]int{8, 7, 6, 5, 4, 3, 2, 1, 0}))
	require.False(t, inputs.Holds([]int{0, 1, 2, 3, 4, 5, 6, 7, 8}))
	rows := rand.New(rand.NewPCG(4, 5)).Perm(p.rows)
	a := single.New(p.net, p.features, p.rows, false)
	a.Load(inputs, targets, rows)
	z := make([]float64, len(p.dz))
	loss := a.Forward(z)

	mirrored, y := make([]float64, len(p.input)), make([]float64, len(p.input))
	for i := range width {
		copy(mirrored[i*p.rows:(i+1)*p.rows], p.input[(width-1-i)*p.rows:])
	}
	p.net.Forward(make([]float64, latent*p.rows), y, mirrored, p.rows, make([]float64, p.net.ScratchLen(p.rows)))
	var want float64
	for i, v := range p.input {
		want += (v - y[i]) * (v - y[i]) / float64(p.rows)
	}
	require.InEpsilon(t, want, loss, 1e-6)
	for r, row := range rows {
		require.InDelta(t, p.input[row]-y[row], z[latent*p.rows+r], 1e-5)
	}
}

// The covariance is that of code and residual, and its way back that of the same gradient by z.
func TestCovarianceAndItsGradient(t *testing.T) {
	for _, rows := range []int{5, 32, 70} {
		t.Run(fmt.Sprintf("%d rows", rows), func(t *testing.T) {
			const d = latent + width
			p := newProblem(t, autoencoder.Residual, []int{7}, rows)
			_, z, _ := p.cost()
			for i := range d {
				var mean float64
				for _, v := range z[i*rows:][:rows] {
					mean += v / float64(rows)
				}
				for r := range rows {
					z[i*rows+r] -= mean
				}
			}
			a := p.passes()
			a.Forward(nil)
			sigma, m := make([]float64, d*d), make([]float64, d*d)
			a.Covariance(sigma)
			clear(p.dz)
			for i := range d {
				for j := range d {
					var want float64
					m[i*d+j] = math.Cos(float64(i*j)) / float64(rows)
					for r := range rows {
						want += z[i*rows+r] * z[j*rows+r] / float64(rows)
						p.dz[i*rows+r] += m[i*d+j] * z[j*rows+r]
					}
					require.InDelta(t, want, sigma[i*d+j], 1e-5)
				}
			}
			a.BackwardCovariance(m)
			checkGradients(t, p, a.Gradients())
		})
	}
}
