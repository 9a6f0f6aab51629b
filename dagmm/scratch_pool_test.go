package dagmm_test

import (
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
)

// perturbed returns a model of the same shape with other weights and scales.
func perturbed(t *testing.T, m *dagmm.Model, by float64) *dagmm.Model {
	p := m.Parameters()
	p.Members = slices.Clone(p.Members)
	for i := range p.Members {
		net := p.Members[i].Network.Clone()
		for _, l := range net.Encoder {
			for k := range l.Theta {
				l.Theta[k] *= 1 + by
			}
		}
		p.Members[i].Network = net
		p.Members[i].Scale = slices.Clone(p.Members[i].Scale)
		for k := range p.Members[i].Scale {
			p.Members[i].Scale[k] *= 1 - by
		}
	}
	out, err := dagmm.New(p)
	require.NoError(t, err)
	return out
}

// Streams of several models that lend each other their scratch, sample by sample and at the same
// time, give the bits of Series.
func TestStreamsOfSeveralModelsInTurn(t *testing.T) {
	for name, m := range map[string]*dagmm.Model{"series": seriesModel(t), "predict": predictModel(t), "metrics": metricsModel(t)} {
		t.Run(name, func(t *testing.T) {
			models := []*dagmm.Model{m, perturbed(t, m, .01), perturbed(t, m, -.02)}
			x := gaps(host(300, 9, true), .01, 2)
			var streams []*dagmm.Stream
			var want [][]float64
			for _, m := range models {
				energies, err := m.Series(nil, x)
				require.NoError(t, err)
				want, streams = append(want, energies), append(streams, m.Stream())
			}
			require.NotEqual(t, want[0], want[1])
			for r := range 150 {
				for k, s := range streams {
					v, err := s.Next(x.RawRowView(r))
					require.NoError(t, err)
					require.Equal(t, math.Float64bits(want[k][r]), math.Float64bits(v.Energy), "row %d, model %d", r, k)
				}
			}
			var all sync.WaitGroup
			for k, s := range streams {
				all.Add(1)
				go func() {
					defer all.Done()
					for r := 150; r < 300; r++ {
						v, err := s.Next(x.RawRowView(r))
						if err != nil || math.Float64bits(want[k][r]) != math.Float64bits(v.Energy) {
							t.Errorf("row %d, model %d: energy %v, want %v, error %v", r, k, v.Energy, want[k][r], err)
							return
						}
					}
				}()
			}
			all.Wait()
		})
	}
}

// Whoever asks for the latent vector gets that of the sample scored last, whatever was scored
// between in the same memory.
func TestLatentIsOfTheStreamsOwnSample(t *testing.T) {
	m := seriesModel(t)
	x := host(60, 4, true)
	asked, other, late := m.Stream(), m.Stream(), m.Stream()
	require.Zero(t, slices.Max(m.Stream().Latent(0)), "before the first sample")
	for r := range 60 {
		row := x.RawRowView(r)
		for _, s := range []*dagmm.Stream{asked, late} {
			_, err := s.Next(row)
			require.NoError(t, err)
		}
		asked.Latent(0) // from the first sample on
		_, err := other.Next(x.RawRowView(59 - r))
		require.NoError(t, err)
	}
	for i := range m.Members() {
		require.Equal(t, asked.Latent(i), late.Latent(i))
		require.NotEqual(t, other.Latent(i), late.Latent(i))
	}
}
