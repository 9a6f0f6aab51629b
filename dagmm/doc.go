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
//
// For alarms rather than scores there are two more layers. A [Detector] turns the samples
// of one stream into few, explained alarms: a budget of them a day, or the model's own
// threshold. A [Monitor] does so for many streams, trains their models in the background
// with a function it is given, and keeps its state over restarts. [Input] orders what
// collectors send, [Profile] gives statistical limits by hour, [Tail] calibrated p-values.
package dagmm
