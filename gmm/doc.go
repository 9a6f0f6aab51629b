// Package gmm holds the Gaussian mixture of DAGMM: the energy of a point and the
// responsibilities of the components for it, the estimation network that predicts
// memberships, the training objective with its gradients, and the classical fit by
// expectation maximisation (EM).
//
// The energy of a point z under a mixture of K components with weights φk, means μk and
// covariances Σk is
//
//	E(z) = −log Σk φk N(z; μk, Σk)
//
// (Zong et al., Deep Autoencoding Gaussian Mixture Model for Unsupervised Anomaly
// Detection, ICLR 2018, equation 6, with |2πΣ| = (2π)^d |Σ| under one square root). It is the
// negative logarithm of a density, so it may be negative. A higher energy is more abnormal.
// All computations are in log space over Cholesky factors, with a true log-sum-exp. No
// constant is added inside a logarithm, so the energy keeps growing with the distance.
//
// A [Mixture] never changes and is safe for concurrent use.
package gmm
