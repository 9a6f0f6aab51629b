// Package dagmm scores rows of host metrics with a trained DAGMM (Zong et al., Deep
// Autoencoding Gaussian Mixture Model for Unsupervised Anomaly Detection, ICLR 2018).
//
// A [Model] turns one row of metrics, in their own units, into an energy: the negative
// log density of the row's latent code and reconstruction residual under a Gaussian
// mixture. Higher is more abnormal; energies may be negative. A row is anomalous where
// its energy lies above the threshold, a quantile of the training energies.
//
// Package dagmm/train makes models. This package only reads them: it does not depend on
// the training library, and a program that only scores stays small. A Model is
// immutable and safe for concurrent use by many goroutines; a [Stream] belongs to one.
package dagmm
