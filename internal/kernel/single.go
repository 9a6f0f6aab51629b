package kernel

import "unsafe"

// The kernels below compute on float32, for training. They work on blocks of BlockRows samples:
// feature f of sample r of a block is element f*BlockRows+r. Where there are fewer samples, the
// caller fills the block up. Sums of float32 are float32. Weights lie as those of float64 do.

// BlockRows is the number of samples in a block of float32.
const BlockRows = 32

// BlockLen is the distance in float32 from one block of the given number of features to the
// next. The gap behind a block keeps the same feature of several blocks from sharing a few
// places of the processor's cache.
func BlockLen(features int) int { return features*BlockRows + 16 }

// AlignedSingle returns n zeros that begin at a multiple of 64 bytes, the size of a cache line.
func AlignedSingle(n int) []float32 {
	const line = 64
	s := make([]float32, n+line/4)
	skip := 0
	if off := int(uintptr(unsafe.Pointer(&s[0])) % line); off != 0 {
		skip = (line - off) / 4
	}
	return s[skip : skip+n : skip+n]
}

var zeroSingle = []float32{0}

// AffineSingle computes y = theta·[x, 1] for one block.
func AffineSingle(y, x, theta []float32, in, out int) {
	theta = theta[:ThetaLen(in, out)]
	productSingle(y, x, theta[:in*out], theta[in*out:], in, out, out, 1)
}

func productSingle(y, x, w, bias []float32, in, out, inStride, outStride int) {
	y, x = y[:out*BlockRows], x[:in*BlockRows]
	_ = w[(in-1)*inStride+(out-1)*outStride]
	biasStride := 4
	if bias == nil {
		bias, biasStride = zeroSingle, 0
	}
	switch {
	case useAVX512:
		affineF32AVX512(&y[0], &x[0], &w[0], &bias[0], in, out, 4*inStride, 4*outStride, biasStride)
	case useAVX2:
		affineF32AVX2(&y[0], &x[0], &w[0], &bias[0], in, out, 4*inStride, 4*outStride, biasStride)
	default:
		productSingleGo(y, x, w, bias, in, out, inStride, outStride, biasStride/4)
	}
}

// samples are one feature of a block.
type samples = [BlockRows]float32

func productSingleGo(y, x, w, bias []float32, in, out, inStride, outStride, biasStride int) {
	for j := range out {
		yj, b := (*samples)(y[j*BlockRows:]), bias[j*biasStride]
		for r := range yj {
			yj[r] = b
		}
		wj, i := w[j*outStride:], 0
		for ; i+4 <= in; i += 4 {
			a0, a1, a2, a3 := wj[i*inStride], wj[(i+1)*inStride], wj[(i+2)*inStride], wj[(i+3)*inStride]
			x4 := (*[4 * BlockRows]float32)(x[i*BlockRows:])
			for r := range yj {
				s := yj[r] + float32(a0*x4[r])
				s += float32(a1 * x4[BlockRows+r])
				s += float32(a2 * x4[2*BlockRows+r])
				yj[r] = s + float32(a3*x4[3*BlockRows+r])
			}
		}
		for ; i < in; i++ {
			a, xi := wj[i*inStride], (*samples)(x[i*BlockRows:])
			for r := range yj {
				yj[r] += float32(a * xi[r])
			}
		}
	}
}

// InputGradSingle writes the gradient with respect to the layer's input to dx, for one block. dy
// is the gradient with respect to its affine output.
func InputGradSingle(dx, theta, dy []float32, in, out int) {
	productSingle(dx, dy, theta[:in*out], nil, out, in, 1, out)
}

// InputGradTanhSingle writes InputGradSingle times 1 − tanh², the gradient with respect to the
// argument of the tanh that the layer's input is.
func InputGradTanhSingle(dx, theta, dy, tanh []float32, in, out int) {
	dx, dy, theta, tanh = dx[:in*BlockRows], dy[:out*BlockRows], theta[:in*out], tanh[:in*BlockRows]
	switch {
	case useAVX512:
		affineTanhGradF32AVX512(&dx[0], &dy[0], &theta[0], &zeroSingle[0], out, in, 4, 4*out, 0, &tanh[0])
	case useAVX2:
		affineTanhGradF32AVX2(&dx[0], &dy[0], &theta[0], &zeroSingle[0], out, in, 4, 4*out, 0, &tanh[0])
	default:
		productSingleGo(dx, dy, theta, zeroSingle, out, in, 1, out, 0)
		for i, t := range tanh {
			dx[i] *= 1 - float32(t*t)
		}
	}
}

// ThetaGradSingle writes the gradient with respect to theta to g, summed over all blocks. x is the
// layer's input and dy the gradient with respect to its affine output; their blocks are
// BlockLen(in) and BlockLen(out) apart.
func ThetaGradSingle(g, x, dy []float32, in, out, blocks int) {
	g = g[:ThetaLen(in, out)]
	DotsSingle(g[:in*out], x, dy, in, out, blocks, BlockLen(in), BlockLen(out))
	SumsSingle(g[in*out:], dy, blocks, BlockLen(out))
}

// SumsSingle writes the sums over all samples of the features of x to dst, one for each. The blocks
// are xBlock apart.
func SumsSingle(dst, x []float32, blocks, xBlock int) {
	features := len(dst)
	x = x[:(blocks-1)*xBlock+features*BlockRows]
	switch {
	case useAVX512:
		sumsF32AVX512(&dst[0], &x[0], features, blocks, 4*xBlock)
	case useAVX2:
		sumsF32AVX2(&dst[0], &x[0], features, blocks, 4*xBlock)
	default:
		for j := range dst {
			dst[j] = 0
			for b := range blocks {
				for _, v := range (*samples)(x[b*xBlock+j*BlockRows:]) {
					dst[j] += v
				}
			}
		}
	}
}

// DotsSingle writes the inner products of the features of x with those of dy to g (in×out),
// summed over all blocks. Those of x and dy are xBlock and dyBlock apart.
func DotsSingle(g, x, dy []float32, in, out, blocks, xBlock, dyBlock int) {
	g, x, dy = g[:in*out], x[:(blocks-1)*xBlock+in*BlockRows], dy[:(blocks-1)*dyBlock+out*BlockRows]
	switch {
	case useAVX512:
		dotsF32AVX512(&g[0], &x[0], &dy[0], in, out, blocks, 4*xBlock, 4*dyBlock)
	case useAVX2:
		dotsF32AVX2(&g[0], &x[0], &dy[0], in, out, blocks, 4*xBlock, 4*dyBlock)
	default:
		clear(g)
		for b := range blocks {
			for i := range in {
				xi := (*samples)(x[b*xBlock+i*BlockRows:])
				for j := range out {
					g[i*out+j] += dotSingleGo(xi, (*samples)(dy[b*dyBlock+j*BlockRows:]))
				}
			}
		}
	}
}

func dotSingleGo(x, y *samples) float32 {
	var s0, s1, s2, s3 float32
	for i := 0; i < BlockRows; i += 4 {
		s0 += float32(x[i] * y[i])
		s1 += float32(x[i+1] * y[i+1])
		s2 += float32(x[i+2] * y[i+2])
		s3 += float32(x[i+3] * y[i+3])
	}
	return (s0 + s1) + (s2 + s3)
}

// TanhSingle replaces y by its tanh. The length of y is a multiple of BlockRows.
func TanhSingle(y []float32) {
	checkRows(len(y))
	switch {
	case len(y) == 0:
	case useAVX512:
		tanhF32AVX512(&y[0], len(y))
	case useAVX2:
		tanhF32AVX2(&y[0], len(y))
	default:
		var double [BlockRows]float64
		for ; len(y) > 0; y = y[BlockRows:] {
			for i, v := range y[:BlockRows] {
				double[i] = float64(v)
			}
			tanhGo(double[:])
			for i, v := range double {
				y[i] = float32(v)
			}
		}
	}
}

func checkRows(n int) {
	if n%BlockRows != 0 {
		panic("kernel: not a whole number of rows of blocks")
	}
}

// CompareSingle writes Σ t², Σ y², Σ t·y and Σ (t−y)² of each sample of one block, summed over the
// targets t and reconstructions y, to dst (4 features).
func CompareSingle(dst, t, y []float32, width int) {
	dst, t, y = dst[:4*BlockRows], t[:width*BlockRows], y[:width*BlockRows]
	switch {
	case useAVX512:
		compareF32AVX512(&dst[0], &t[0], &y[0], width)
	case useAVX2:
		compareF32AVX2(&dst[0], &t[0], &y[0], width)
	default:
		clear(dst)
		for i, tv := range t {
			yv, r := y[i], i%BlockRows
			d := tv - yv
			dst[r] += float32(tv * tv)
			dst[BlockRows+r] += float32(yv * yv)
			dst[2*BlockRows+r] += float32(tv * yv)
			dst[3*BlockRows+r] += float32(d * d)
		}
	}
}

// ReconstructionGradSingle writes c0·(y−t) + c1·t + c2·y of one block to dst. c holds the three
// factors of each sample (3 features).
func ReconstructionGradSingle(dst, c, t, y []float32, width int) {
	dst, c, t, y = dst[:width*BlockRows], c[:3*BlockRows], t[:width*BlockRows], y[:width*BlockRows]
	switch {
	case useAVX512:
		reconstructionGradF32AVX512(&dst[0], &c[0], &t[0], &y[0], width)
	case useAVX2:
		reconstructionGradF32AVX2(&dst[0], &c[0], &t[0], &y[0], width)
	default:
		for i, tv := range t {
			yv, r := y[i], i%BlockRows
			dst[i] = float32(c[r]*(yv-tv)) + float32(c[BlockRows+r]*tv) + float32(c[2*BlockRows+r]*yv)
		}
	}
}

// ResidualGradSingle writes a·(y−t) − dz to dst, whose length is a multiple of BlockRows.
func ResidualGradSingle(dst, dz, t, y []float32, a float32) {
	n := len(dst)
	checkRows(n)
	dz, t, y = dz[:n], t[:n], y[:n]
	switch {
	case n == 0:
	case useAVX512:
		residualGradF32AVX512(&dst[0], &dz[0], &t[0], &y[0], n, a)
	case useAVX2:
		residualGradF32AVX2(&dst[0], &dz[0], &t[0], &y[0], n, a)
	default:
		for i, yv := range y {
			dst[i] = float32(a*(yv-t[i])) - dz[i]
		}
	}
}

// DifferenceSingle writes x − y to dst, whose length is a multiple of BlockRows.
func DifferenceSingle(dst, x, y []float32) {
	n := len(dst)
	checkRows(n)
	x, y = x[:n], y[:n]
	switch {
	case n == 0:
	case useAVX512:
		differenceF32AVX512(&dst[0], &x[0], &y[0], n)
	case useAVX2:
		differenceF32AVX2(&dst[0], &x[0], &y[0], n)
	default:
		for i, v := range x {
			dst[i] = v - y[i]
		}
	}
}

// CentreSingle subtracts mu from the features of one block, element by element of mu.
func CentreSingle(x, mu []float32) {
	x = x[:len(mu)*BlockRows]
	switch {
	case len(mu) == 0:
	case useAVX512:
		centreF32AVX512(&x[0], &mu[0], len(mu))
	case useAVX2:
		centreF32AVX2(&x[0], &mu[0], len(mu))
	default:
		for i := range x {
			x[i] -= mu[i/BlockRows]
		}
	}
}

// GatherSingle writes the samples of src whose numbers are in rows to one block with the given
// number of features, a multiple of 8. Sample i of src begins at element i*features.
func GatherSingle(dst, src []float32, rows *[BlockRows]int, features int) {
	if features%8 != 0 {
		panic("kernel: the number of features to gather is not a multiple of 8")
	}
	dst = dst[:features*BlockRows]
	for _, r := range rows {
		_ = src[r*features : (r+1)*features]
	}
	switch {
	case features == 0:
	case useAVX512:
		transposeF32AVX512(&dst[0], &src[0], &rows[0], features, 4*features)
	case useAVX2:
		transposeF32AVX2(&dst[0], &src[0], &rows[0], features, 4*features)
	default:
		for k, r := range rows {
			for f, v := range src[r*features : (r+1)*features] {
				dst[f*BlockRows+k] = v
			}
		}
	}
}
