package train

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// referenceNet is the network for which there are figures of other libraries: 4-12-4-1
// with the paper's error features, estimation network 3-10-2, dropout .5.
func referenceNet() Config {
	c := Paper("thyroid")
	c.Network.Hidden, c.Network.Latent, c.Mixture.Components = []int{12, 4}, 1, 2
	return c
}

func wideNet() Config { return Paper("kddcup") }

func inSingle(c Config) Config { c.Optimizer.Precision = Float32; return c }

// loadRows returns n rows of d metrics that follow a common load.
func loadRows(n, d int, seed uint64) *mat.Dense {
	r := rand.New(rand.NewPCG(seed, 99))
	x := mat.NewDense(n, d, nil)
	for i := range n {
		load := .5 + .3*math.Sin(float64(i)/60) + .1*r.NormFloat64()
		for j := range d {
			x.Set(i, j, float64(10+j)+float64(50-j%40)*load+2*r.NormFloat64())
		}
	}
	return x
}

// BenchmarkStep measures one training step including the optimiser.
func BenchmarkStep(b *testing.B) {
	for _, c := range []stepCase{{"d4_batch128", referenceNet(), 4, 128}, {"d4_batch1000", referenceNet(), 4, 1000}, {"d118_batch1024", wideNet(), 118, 1024}} {
		c.run(b)
		c.inSingle().run(b)
	}
}

// BenchmarkStepOfPresets measures steps of presets whose latent vector is as wide as the row.
func BenchmarkStepOfPresets(b *testing.B) {
	for _, c := range []stepCase{{"metrics4_batch142", Metrics(), 4, 142}, {"series4_batch256", Series(), 4, 256}, {"metrics38_batch142", Metrics(), 38, 142}, {"metrics118_batch1024", Metrics(), 118, 1024}} {
		c.run(b)
		c.inSingle().run(b)
	}
}

type stepCase struct {
	name  string
	cfg   Config
	d     int
	batch int
}

func (c stepCase) inSingle() stepCase {
	return stepCase{c.name + "_float32", inSingle(c.cfg), c.d, c.batch}
}

func (c stepCase) run(b *testing.B) {
	b.Run(c.name, func(b *testing.B) {
		cfg, err := c.cfg.resolved(c.d)
		if err != nil {
			b.Fatal(err)
		}
		data, err := prepare(loadRows(c.batch, c.d, 1), &cfg)
		if err != nil {
			b.Fatal(err)
		}
		t, err := newTrainer(&cfg, data, 0, &pool[*rig]{}, func(Progress) {})
		if err != nil {
			b.Fatal(err)
		}
		rows := t.rng.Perm(data.n)
		if _, err := t.step(rows); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := t.step(rows); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "µs/step")
	})
}

// BenchmarkRefit1000x4 measures a training of the default preset that starts from an earlier
// model of the host.
func BenchmarkRefit1000x4(b *testing.B) {
	earlier, _, err := Fit(context.Background(), loadRows(1000, 4, 1), Config{})
	if err != nil {
		b.Fatal(err)
	}
	x := loadRows(1000, 4, 2)
	b.ReportAllocs()
	for b.Loop() {
		_, rep, err := Fit(context.Background(), x, Config{From: earlier})
		if err != nil || !rep.Warm {
			b.Fatal(err, rep)
		}
	}
}

// BenchmarkFit1000x4 measures the default preset from rows to model.
func BenchmarkFit1000x4(b *testing.B) {
	x := loadRows(1000, 4, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Fit(context.Background(), x, Config{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFit1000x38 measures the default preset for many metrics, in both precisions.
func BenchmarkFit1000x38(b *testing.B) {
	x := loadRows(1000, 38, 1)
	for _, p := range []Precision{Float64, Float32} {
		b.Run(string(p), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Fit(context.Background(), x, Config{Optimizer: OptimizerConfig{Precision: p}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkScore1000x4 measures the energies of 1000 later rows.
func BenchmarkScore1000x4(b *testing.B) {
	for name, cfg := range map[string]Config{"default": {}, "pca": PCA()} {
		b.Run(name, func(b *testing.B) {
			m, _, err := Fit(context.Background(), loadRows(1000, 4, 1), cfg)
			if err != nil {
				b.Fatal(err)
			}
			x, dst := loadRows(1000, 4, 2), make([]float64, 1000)
			for b.Loop() {
				if _, err := m.Energies(dst, x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
