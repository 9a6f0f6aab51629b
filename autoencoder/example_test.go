package autoencoder_test

import (
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/metric-streams/anomaly/autoencoder"
)

// A network that compresses four metrics to a code of one number and reconstructs them.
// Package dagmm/train trains such networks.
func Example() {
	net, err := autoencoder.New(4, []int{12, 4}, 1, 4, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		log.Fatal(err)
	}
	x := []float64{.3, -.1, .4, .2} // one row of scaled metrics
	code, reconstruction := make([]float64, net.LatentDim()), make([]float64, net.OutDim())
	net.Forward(code, reconstruction, x, 1, make([]float64, net.ScratchLen(1)))

	z := make([]float64, autoencoder.RelativeCosine.Dim(4))
	autoencoder.RelativeCosine.Apply(z, x, reconstruction, 4, 1)
	fmt.Println(len(code), len(reconstruction), len(z))
	fmt.Println("untrained, it reconstructs badly:", z[0] > .2)
	// Output:
	// 1 4 2
	// untrained, it reconstructs badly: true
}
