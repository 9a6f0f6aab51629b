package train

// Precision is the width of the numbers that a training step computes with. Scoring always
// computes with float64.
type Precision string

const (
	// Float64 computes a step with float64 throughout.
	Float64 Precision = "float64"
	// Float32 computes the autoencoder's part of a step with float32: the inputs, a copy of the
	// weights, the activations, the products of its layers and their gradients, which are summed
	// over the batch in float32. float64 remain
	//
	//   - the weights that Adam moves, its moments, and the norm of the gradient;
	//   - the reconstruction loss, a sum of one float32 per row, and the paper's two error
	//     features with their gradients, each from four sums over the metrics;
	//   - everything about the mixture: the estimation network, memberships, means, covariances
	//     with their Cholesky factors, energy and penalty, and their gradients by the latent vector.
	//
	// The model holds float64 weights as ever; scales, mixtures, threshold and calibration are
	// computed from them in float64.
	Float32 Precision = "float32"
)
