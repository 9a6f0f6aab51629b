package single

import (
	"math"

	"github.com/metric-streams/anomaly/autoencoder"
)

// compared holds Σ t², Σ y², Σ t·y and Σ (t−y)² of one sample's target t and reconstruction y.
type compared struct{ tt, yy, ty, dd float64 }

// sumsOf returns the sums of block b.
func (a *Autoencoder) sumsOf(b int) []float32 { return a.sums[4*blockRows*b:][:4*blockRows] }

func (a *Autoencoder) compared(r int) compared {
	s, k := a.sumsOf(r/blockRows), r%blockRows
	return compared{float64(s[k]), float64(s[blockRows+k]), float64(s[2*blockRows+k]), float64(s[3*blockRows+k])}
}

// writeRelativeCosine writes the two features autoencoder.RelativeCosine to z (2×rows).
func (a *Autoencoder) writeRelativeCosine(z []float64) {
	floor, n := autoencoder.NormFloor(a.width), a.rows
	for r := range n {
		c := a.compared(r)
		nt, ny := max(math.Sqrt(c.tt), floor), max(math.Sqrt(c.yy), floor)
		z[r] = math.Sqrt(c.dd) / nt
		z[n+r] = c.ty / (nt * ny)
	}
}

// fillFactors writes the factors of the differences, targets and reconstructions of block b in the
// gradient by the reconstructions. scale is that of the differences in the gradient of the loss.
func (a *Autoencoder) fillFactors(dz []float64, b int, scale float64) {
	floor, n := autoencoder.NormFloor(a.width), a.rows
	byDistance, byTarget, byReconstruction := a.factors[:blockRows], a.factors[blockRows:2*blockRows], a.factors[2*blockRows:]
	for k := range a.rowsOf(b) {
		byDistance[k], byTarget[k], byReconstruction[k] = float32(scale), 0, 0
		if dz == nil {
			continue
		}
		r := b*blockRows + k
		c := a.compared(r)
		nt, yn := max(math.Sqrt(c.tt), floor), math.Sqrt(c.yy)
		ny := max(yn, floor)
		if c.dd != 0 { // there is no gradient where target and reconstruction are equal
			byDistance[k] = float32(scale + dz[a.latent*n+r]/(nt*math.Sqrt(c.dd)))
		}
		cosine := dz[(a.latent+1)*n+r] / (nt * ny)
		byTarget[k] = float32(cosine)
		if yn > floor { // below the floor, the norm of the reconstruction counts as a constant
			byReconstruction[k] = float32(-cosine * c.ty / c.yy)
		}
	}
}
