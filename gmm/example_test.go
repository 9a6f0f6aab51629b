package gmm_test

import (
	"fmt"
	"log"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/gmm"
)

func ExampleFit() {
	// Two groups of points, around (0, 0) and (10, 5).
	rng := rand.New(rand.NewPCG(1, 2))
	x := mat.NewDense(400, 2, nil)
	for i := range 400 {
		group := float64(i % 2)
		x.SetRow(i, []float64{10*group + rng.NormFloat64(), 5*group + rng.NormFloat64()})
	}
	mixture, result, err := gmm.Fit(x, gmm.FitConfig{Components: 2, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("converged:", result.Converged)
	for k := range mixture.Components() {
		fmt.Printf("weight %.1f\n", mixture.Weight(k))
	}
	within, between := mixture.Energy([]float64{10, 5}), mixture.Energy([]float64{5, 2.5})
	fmt.Println("a point between the groups is less likely:", between > within)
	// Output:
	// converged: true
	// weight 0.5
	// weight 0.5
	// a point between the groups is less likely: true
}

func ExampleMixture_Energy() {
	// The standard normal distribution in two dimensions.
	unit := mat.NewSymDense(2, []float64{1, 0, 0, 1})
	mixture, err := gmm.NewMixture([]float64{1}, mat.NewDense(1, 2, nil), []*mat.SymDense{unit})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", mixture.Energy([]float64{3, 4})) // ½·25 + log 2π
	// Output:
	// 14.3379
}
