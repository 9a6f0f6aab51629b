// Package kernel holds the arithmetic that scoring and training share: dense layers, tanh,
// softmax, densities of Gaussian mixtures and the optimiser, all on float64; and those of a dense
// layer on float32, whose names end in Single.
//
// A block holds n samples feature by feature: feature f of sample r is element f*n+r. The
// inner loops therefore run over samples, whatever the width of a layer. A dense layer from
// in to out features is one slice theta of (in+1)*out elements: the weight from input i to
// output j is element i*out+j, and the biases come last.
//
// There are three implementations, called paths: plain Go, AVX2 with FMA, and AVX-512F.
// Package asm generates the last two. On one path a sample gives the same bits alone, in a
// block, and at any place in a block, because the functions for one sample do the same
// operations in the same order as those for blocks, and the last lanes of a vector do the
// same as the others. Results of different paths agree to rounding.
//
// Plain Go rounds every product before it is added. The conversions to float64 demand that
// of the compiler: without them a build could fuse multiplication and addition in one
// function and not in another.
package kernel
