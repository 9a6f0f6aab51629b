// Package autoencoder holds the compression network of DAGMM: a deep autoencoder
// with tanh hidden layers and a linear code and output, and the features that its
// reconstruction gives to the mixture.
//
// For an input u the encoder gives the latent code zc = h(u), the decoder the
// reconstruction t' = g(zc) of a target t, and a feature function the reconstruction
// features zr = f(t, t') (Zong et al., ICLR 2018, equations 1 to 3). Input and target
// are the same vector for a reconstruction and differ for a prediction.
//
// A [Network] is a pure function of one sample and safe for concurrent reads.
package autoencoder
