// Package train fits DAGMM models. The compression network and the estimation network are
// trained jointly on gorgonia; the mixture is then computed exactly over all training
// rows.
//
// Start with [Fit]; the zero [Config] works. The [Report] that comes with the model says
// which rows were used, how the loss fell, how the model compares with a plain Gaussian
// mixture on the same rows, and what to know before relying on the model. [FitAll] trains
// one model per host.
package train
