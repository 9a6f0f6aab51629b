package train

// Precision is the width of the numbers that a training step computes with. Scoring always
// computes with float64.
type Precision string

const (
	// Float64 computes a step with float64 throughout.
	Float64 Precision = "float64"
	// Float32 computes the wide part of a step with float32: the inputs, a copy of the weights of the
	// autoencoder, its activations, the products of its layers and their gradients, which are summed
	// over the batch in float32. With one full Gaussian over residual error features (Metrics), it
	// also sums the covariance matrix and multiplies by its gradient in float32. float64 remain
	//
	//   - the weights that Adam moves, its moments, and the norm of the gradient;
	//   - the sum of the reconstruction loss over the rows; and the paper's two error features with
	//     their gradients, from four float32 sums over the metrics of a row;
	//   - all else about the mixture: the estimation network, memberships, the means and covariance
	//     matrices of several or diagonal Gaussians, every Cholesky factor, energy and penalty.
	//
	// The model has float64 weights all the same. Scales, mixtures, threshold and calibration are
	// computed from them in float64. It is as good as a model of Float64 (benchmarks/QUALITY.md) but
	// not equal to it. The same seed, data, build and CPU path give the same bits here too.
	//
	// Float32 suits wide rows and large batches, where a step takes a half to a third of the time
	// (benchmarks/SPEED.md); a batch is computed in blocks of 32 rows. Without AVX2 it is slower.
	// Training needs 4 more bytes for each value of the training rows.
	Float32 Precision = "float32"
)
