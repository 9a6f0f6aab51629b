// Package single computes the forward and backward passes of an autoencoder in single precision
// (float32), for training. What concerns one sample or the whole batch in one number stays in
// float64: the weights that the optimiser moves, the error features and their gradients, and the
// loss. Products, activations, and the sums over samples that are gradients by the weights are
// float32.
package single
