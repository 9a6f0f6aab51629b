package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func BenchmarkTanh(b *testing.B) {
	for _, units := range []int{1, 12} {
		b.Run(fmt.Sprint(units), func(b *testing.B) {
			const n = 128
			x := normals(rand.New(rand.NewPCG(1, 1)), units*n)
			y := make([]float64, len(x))
			b.ReportAllocs()
			for b.Loop() {
				copy(y, x)
				Tanh(y, units, n)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x)), "ns/value")
		})
	}
}

func BenchmarkElementary(b *testing.B) {
	const n = 1024
	rng := rand.New(rand.NewPCG(1, 1))
	x, y, lse := normals(rng, n), make([]float64, n), make([]float64, n)
	perValue := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/value")
	}
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"Bend", func() { copy(y, x); Bend(y, .1, 10) }},
		{"LogSumExp", func() { LogSumExp(lse, x, 2, n/2) }},
		{"Dot", func() { Dot(x, y) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.run()
			}
			perValue(b)
		})
	}
}

func BenchmarkAffine(b *testing.B) {
	for _, s := range []struct{ in, out, n int }{{4, 12, 1000}, {12, 4, 128}, {16, 8, 128}, {16, 8, 142}, {4, 16, 142}, {1, 8, 142}, {118, 60, 1024}} {
		rng := rand.New(rand.NewPCG(2, 2))
		theta, x, y := normals(rng, ThetaLen(s.in, s.out)), normals(rng, s.in*s.n), make([]float64, s.out*s.n)
		rate := func(b *testing.B, products int) {
			b.ReportMetric(float64(products*s.in*s.out*s.n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "fma/ns")
		}
		name := fmt.Sprintf("%dx%d_n%d", s.in, s.out, s.n)
		b.Run(name+"/forward", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Affine(y, x, theta, s.in, s.out, s.n)
			}
			rate(b, 1)
		})
		g, dx := make([]float64, len(theta)), make([]float64, len(x))
		b.Run(name+"/theta", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ThetaGrad(g, x, y, s.in, s.out, s.n)
			}
			rate(b, 1)
		})
		b.Run(name+"/input", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				InputGrad(dx, theta, y, s.in, s.out, s.n)
			}
			rate(b, 1)
		})
	}
}
