// Package train fits DAGMM models: the compression and the estimation network are
// trained jointly on gorgonia, the mixture is then computed exactly over all training
// rows.
//
// Fit is the entry point; the zero [Config] works. The [Report] beside the model tells
// what was used, how the loss fell, how the model compares with a plain Gaussian
// mixture on the same rows, and what a user should know before relying on it.
package train
