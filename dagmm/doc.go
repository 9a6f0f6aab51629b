// Package dagmm scores rows of host metrics with a trained DAGMM (Zong et al., Deep
// Autoencoding Gaussian Mixture Model for Unsupervised Anomaly Detection, ICLR 2018).
//
// A [Model] turns one row of metrics, in their own units, into an energy. The energy is the
// negative logarithm of the density that a Gaussian mixture gives to the row's latent code
// and reconstruction residual. A higher energy is more abnormal; energies may be negative.
// A row is anomalous where its energy lies above the threshold, a quantile of the training
// energies.
//
// Package dagmm/train makes models. This package only reads them. It does not depend on the
// training library, and a program that only scores stays small. A Model is immutable and
// safe for concurrent use. A [Stream] scores the samples of one host as they come and
// belongs to one goroutine. [Tail] gives calibrated p-values.
//
// For alarms rather than scores see package dagmm/alarm, and for many hosts dagmm/monitor.
package dagmm
