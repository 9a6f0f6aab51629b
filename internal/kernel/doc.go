// Package kernel holds the arithmetic that scoring and training share: dense
// layers, tanh, exp and softmax on float64.
//
// A block holds n samples feature by feature: feature f of sample r is element
// f*n+r. All inner loops then run over samples, whatever the width of a layer.
// A dense layer from in to out features is one slice theta of (in+1)*out
// elements: weight (i, j) at i*out+j, the biases in the last row.
//
// The row variants compute one sample. They add in the same order as the block
// variants, so that both give the same bits. Products are rounded before they are
// added (the float64 conversions say so to the compiler): no build may fuse them
// in one variant and not in the other.
package kernel
