// Package autoencoder holds the compression network of DAGMM and the features of its
// reconstruction error. The network is a deep autoencoder with tanh hidden layers, a
// linear code and a linear output.
//
// For an input u the encoder computes the latent code zc = h(u). From the code the decoder
// computes the reconstruction t' = g(zc) of a target t. The error features zr = f(t, t')
// describe how the two differ (Zong et al., ICLR 2018, equations 1 to 3). Input and target
// are the same vector in a reconstruction and different vectors in a prediction.
//
// Blocks of n samples are stored feature by feature: feature i of sample r is element
// i*n+r. A [Network] does not change while it scores, and any number of goroutines may
// read it.
package autoencoder
