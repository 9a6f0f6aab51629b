package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func BenchmarkTanh(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	x := normals(rng, 1024)
	y := make([]float64, len(x))
	b.ReportAllocs()
	for b.Loop() {
		Tanh(y, x)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/value")
}

func BenchmarkAffine(b *testing.B) {
	for _, s := range []struct{ in, out, n int }{{4, 12, 1000}, {12, 4, 128}, {118, 60, 1024}} {
		rng := rand.New(rand.NewPCG(2, 2))
		theta, x, y := normals(rng, ThetaLen(s.in, s.out)), normals(rng, s.in*s.n), make([]float64, s.out*s.n)
		b.Run(fmt.Sprintf("%dx%d_n%d", s.in, s.out, s.n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Affine(y, x, theta, s.in, s.out, s.n)
			}
		})
		b.Run(fmt.Sprintf("%dx%d_n%d/gradients", s.in, s.out, s.n), func(b *testing.B) {
			g := make([]float64, len(theta))
			b.ReportAllocs()
			for b.Loop() {
				ThetaGrad(g, x, y, s.in, s.out, s.n)
				InputGrad(x, theta, y, s.in, s.out, s.n)
			}
		})
	}
}
