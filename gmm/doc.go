// Package gmm holds the Gaussian mixture of DAGMM: the sample energy and the
// responsibilities, the estimation network that predicts memberships, the batch
// statistics through which gradients flow, and the classical fit by expectation
// maximisation.
//
// The energy of z under a mixture is
//
//	E(z) = −log Σk φk N(z; μk, Σk)
//
// (Zong et al., Deep Autoencoding Gaussian Mixture Model for Unsupervised Anomaly
// Detection, ICLR 2018, equation 6, with |2πΣ| = (2π)^d |Σ| under one square root).
// It is the negative logarithm of a density, so it may be negative; higher is more
// abnormal. All of it is computed in log space over Cholesky factors, with a true
// log-sum-exp: no constant is added inside a logarithm, and strong anomalies do not
// saturate.
//
// A [Mixture] is immutable and safe for concurrent use.
package gmm
