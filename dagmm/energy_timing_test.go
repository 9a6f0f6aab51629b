package dagmm_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/train"
)

// timedModels are the net that other libraries' figures are for (4-12-4-1, the paper's
// features, two components) and the default preset.
func timedModels(b *testing.B) map[string]*dagmm.Model {
	paper := train.Paper("thyroid")
	paper.Network.Hidden, paper.Network.Latent, paper.Mixture.Components, paper.Optimizer.Epochs = []int{12, 4}, 1, 2, 20
	models := map[string]*dagmm.Model{}
	for name, cfg := range map[string]train.Config{"reference": paper, "default": {Optimizer: train.OptimizerConfig{MinSteps: 200}}} {
		m, _, err := train.Fit(context.Background(), host(1000, 1, false), cfg)
		if err != nil {
			b.Fatal(err)
		}
		models[name] = m
	}
	return models
}

var timed = []string{"reference", "default"}

// timedSeries is a model of the preset Series.
func timedSeries(b *testing.B) *dagmm.Model {
	cfg := train.Series()
	cfg.Optimizer.MinSteps = 200
	m, _, err := train.Fit(context.Background(), host(1000, 1, true), cfg)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// BenchmarkStream4D scores one sample after the other with the preset Series.
func BenchmarkStream4D(b *testing.B) {
	s, x, i := timedSeries(b).Stream(), host(1000, 2, true), 0
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Next(x.RawRowView(i % 1000)); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkSeries4D scores 100,000 samples with the preset Series on one core.
func BenchmarkSeries4D(b *testing.B) {
	const n = 100000
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	m, x, dst := timedSeries(b), host(n, 2, true), make([]float64, n)
	for b.Loop() {
		if _, err := m.Series(dst, x); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

// BenchmarkEnergy4D scores one row.
func BenchmarkEnergy4D(b *testing.B) {
	models, x := timedModels(b), host(1000, 2, false)
	for _, name := range timed {
		b.Run(name, func(b *testing.B) {
			m, i := models[name], 0
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Energy(x.RawRowView(i % 1000)); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// BenchmarkEnergies4D scores 100,000 rows on one core and on all.
func BenchmarkEnergies4D(b *testing.B) {
	const n = 100000
	models, x, dst := timedModels(b), host(n, 2, false), make([]float64, n)
	for _, name := range timed {
		for cores, procs := range map[string]int{"one_core": 1, "all_cores": runtime.GOMAXPROCS(0)} {
			b.Run(name+"/"+cores, func(b *testing.B) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := models[name].Energies(dst, x); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
			})
		}
	}
}
