package dagmm

import (
	"fmt"
	"math"
	"slices"

	"github.com/metric-streams/anomaly/autoencoder"
	"github.com/metric-streams/anomaly/gmm"
	"github.com/metric-streams/anomaly/internal/kernel"
)

// Member is one trained network with its mixtures; a model averages the energies of
// its members, or the evidence that they give.
type Member struct {
	Network  *autoencoder.Network      `json:"network"`
	Features autoencoder.ErrorFeatures `json:"features"`
	Inputs   []int                     `json:"inputs"`  // feature indices the encoder reads
	Targets  []int                     `json:"targets"` // feature indices the decoder gives
	// Scale multiplies z = [code, features] before the mixture, per dimension; nil is 1.
	Scale []float64 `json:"scale,omitempty"`
	// Clip bends the scaled features r to Clip·asinh(r/Clip): linear for small ones,
	// logarithmic far out. 0 leaves them straight.
	Clip float64 `json:"clip,omitempty"`
	// Mixtures score z; their energies are averaged. None: the energy is the norm of the
	// scaled features, that of a plain autoencoder.
	Mixtures []*gmm.Mixture `json:"mixtures,omitempty"`
	// Evidence replaces the energy of each mixture, or of the norm where there is none; nil
	// leaves the energies as they are.
	Evidence []Evidence `json:"evidence,omitempty"`
	// Weight of the member's energy in the average; 0 is 1.
	Weight float64 `json:"weight,omitempty"`
}

// LatentDim is the width d of z.
func (m *Member) LatentDim() int {
	return m.Network.LatentDim() + m.Features.Dim(m.Network.OutDim())
}

func (m *Member) check(features int) error {
	if m.Network == nil {
		return fmt.Errorf("no network: %w", ErrModel)
	}
	if err := m.Network.Check(); err != nil {
		return err
	}
	if err := m.Features.Check(); err != nil {
		return err
	}
	if len(m.Inputs) != m.Network.InDim() || len(m.Targets) != m.Network.OutDim() {
		return fmt.Errorf("%d inputs and %d targets for a network %d→%d: %w", len(m.Inputs), len(m.Targets), m.Network.InDim(), m.Network.OutDim(), ErrModel)
	}
	for _, list := range [][]int{m.Inputs, m.Targets} {
		for _, i := range list {
			if i < 0 || i >= features {
				return fmt.Errorf("feature %d of %d: %w", i, features, ErrModel)
			}
		}
	}
	d := m.LatentDim()
	if m.Scale != nil && len(m.Scale) != d {
		return fmt.Errorf("%d scales for z of width %d: %w", len(m.Scale), d, ErrModel)
	}
	for i, v := range m.Scale {
		if !(v > 0) || math.IsInf(v, 0) {
			return fmt.Errorf("scale %d of z is %g: %w", i, v, ErrModel)
		}
	}
	if !(m.Weight >= 0) || math.IsInf(m.Weight, 0) {
		return fmt.Errorf("weight %g: %w", m.Weight, ErrModel)
	}
	if !(m.Clip >= 0) || math.IsInf(m.Clip, 0) || m.Clip > 0 && math.IsInf(1/m.Clip, 0) {
		return fmt.Errorf("clip %g: %w", m.Clip, ErrModel)
	}
	for i, mix := range m.Mixtures {
		if mix == nil || mix.Dim() != d {
			return fmt.Errorf("mixture %d does not have %d dimensions: %w", i, d, ErrModel)
		}
	}
	if m.Evidence != nil && len(m.Evidence) != max(1, len(m.Mixtures)) {
		return fmt.Errorf("evidence of %d of %d mixtures: %w", len(m.Evidence), len(m.Mixtures), ErrModel)
	}
	for i, e := range m.Evidence {
		if err := e.check(); err != nil {
			return fmt.Errorf("mixture %d: %w", i, err)
		}
	}
	return nil
}

// memberScratchLen is the number of float64 that latent and energies need for n samples.
func (m *Member) scratchLen(n int) int {
	return (m.LatentDim()+len(m.Inputs)+2*len(m.Targets))*n + max(m.Network.ScratchLen(n), m.mixtureScratchLen(n)+n)
}

// mixtureScratchLen is what one of the mixtures needs for n samples.
func (m *Member) mixtureScratchLen(n int) int {
	size := 0
	for _, mix := range m.Mixtures {
		size = max(size, mix.ScratchLen(n))
	}
	return size
}

// latent writes z, feature by feature, of n samples into scratch and returns it with
// what is left of scratch; features holds feature i of sample r at i*n+r.
func (m *Member) latent(features []float64, n int, scratch []float64) (z, rest []float64) {
	take := func(k int) []float64 {
		part := scratch[: k*n : k*n]
		scratch = scratch[k*n:]
		return part
	}
	code := m.Network.LatentDim()
	z = take(m.LatentDim())
	reconstruction := take(len(m.Targets))
	input, ok := consecutive(features, m.Inputs, n)
	if !ok {
		input = take(len(m.Inputs))
		gather(input, features, m.Inputs, n)
	}
	target, ok := consecutive(features, m.Targets, n)
	if !ok {
		target = take(len(m.Targets))
		gather(target, features, m.Targets, n)
	}
	m.Network.Forward(z[:code*n], reconstruction, input, n, scratch)
	m.Features.Apply(z[code*n:], target, reconstruction, len(m.Targets), n)
	return z, scratch
}

// consecutive returns the features of the given indices where they stand side by side.
func consecutive(features []float64, index []int, n int) ([]float64, bool) {
	for i, k := range index {
		if k != index[0]+i {
			return nil, false
		}
	}
	return features[index[0]*n : (index[0]+len(index))*n], true
}

func gather(dst, src []float64, index []int, n int) {
	if n == 1 {
		for i, k := range index {
			dst[i] = src[k]
		}
		return
	}
	for i, k := range index {
		copy(dst[i*n:i*n+n], src[k*n:k*n+n])
	}
}

// shape scales z in place and bends its features.
func (m *Member) shape(z []float64, n int) {
	code := m.Network.LatentDim() * n
	for i, s := range m.Scale {
		kernel.Scale(z[i*n:i*n+n], s)
	}
	if m.Clip != 0 {
		kernel.Bend(z[code:], 1/m.Clip, m.Clip)
	}
}

// Latents returns z, scaled and bent as the mixtures see it: dimension i of sample r at
// i*n+r. features holds feature i of sample r at i*n+r.
func (m *Member) Latents(features []float64, n int) []float64 {
	z := m.RawLatents(features, n)
	m.shape(z, n)
	return z
}

// RawLatents is Latents before scaling and bending.
func (m *Member) RawLatents(features []float64, n int) []float64 {
	d := m.LatentDim()
	all := make([]float64, d*n)
	m.blocks(features, n, func(from, k int, z, _ []float64) {
		for i := range d {
			copy(all[i*n+from:i*n+from+k], z[i*k:])
		}
	})
	return all
}

// blocks calls do with z of up to blockRows samples at a time, k from sample from on, before
// scaling and bending, and with scratch for their energies.
func (m *Member) blocks(features []float64, n int, do func(from, k int, z, scratch []float64)) {
	width, k := len(features)/max(n, 1), min(n, blockRows)
	part, scratch := make([]float64, width*k), make([]float64, m.scratchLen(k))
	for from := 0; from < n; from += k {
		k = min(k, n-from)
		for f := range width {
			copy(part[f*k:f*k+k], features[f*n+from:])
		}
		z, rest := m.latent(part[:width*k], k, scratch)
		do(from, k, z, rest)
	}
}

// ShapedLatents makes Latents of what RawLatents returned, which it leaves as it is.
func (m *Member) ShapedLatents(raw []float64, n int) []float64 {
	z := slices.Clone(raw)
	m.shape(z, n)
	return z
}

// MixtureEnergies returns the energies of n samples under each of the member's mixtures, or
// the norms of a member without any: what its Evidence and Weight are about. features holds
// feature i of sample r at i*n+r.
func (m *Member) MixtureEnergies(features []float64, n int) [][]float64 {
	out := make([][]float64, max(1, len(m.Mixtures)))
	for i := range out {
		out[i] = make([]float64, n)
	}
	m.blocks(features, n, func(from, k int, z, scratch []float64) {
		m.shape(z, k)
		if len(m.Mixtures) == 0 {
			m.norms(out[0][from:from+k], z, k)
		}
		for i, mix := range m.Mixtures {
			mix.EnergyBlock(out[i][from:from+k], z, k, scratch)
		}
	})
	for _, energies := range out {
		limitEnergies(energies)
	}
	return out
}

// addEnergies adds the member's share of the energies of n samples to dst.
func (m *Member) addEnergies(dst, features []float64, n int, share, bound float64, scratch []float64) {
	z, rest := m.latent(features, n, scratch)
	m.shape(z, n)
	m.addMixtures(dst, z, n, share, bound, rest[:n:n], rest[n:])
}

// addMixtures adds the member's share of the energies of n samples z to dst.
func (m *Member) addMixtures(dst, z []float64, n int, share, bound float64, energies, work []float64) {
	if len(m.Mixtures) == 0 {
		m.norms(energies, z, n)
		m.weigh(0, energies, bound)
		for s, e := range energies {
			dst[s] += float64(share * e)
		}
		return
	}
	share /= float64(len(m.Mixtures))
	for i, mix := range m.Mixtures {
		mix.EnergyBlock(energies, z, n, work)
		m.weigh(i, energies, bound)
		if n == 1 { // the call would cost more
			dst[0] = kernel.MulAdd(dst[0], share, energies[0])
		} else {
			kernel.Axpy(dst[:n], energies, share)
		}
	}
}

// weigh replaces the energies of mixture i by evidence.
func (m *Member) weigh(i int, energies []float64, bound float64) {
	if m.Evidence != nil {
		m.Evidence[i].weigh(energies, bound)
	}
}

// norms writes the norms of the scaled features of n samples z.
func (m *Member) norms(energies, z []float64, n int) {
	r := z[m.Network.LatentDim()*n:]
	for s := range n {
		var sum float64
		for i := s; i < len(r); i += n {
			sum += float64(r[i] * r[i])
		}
		energies[s] = math.Sqrt(sum)
	}
}
