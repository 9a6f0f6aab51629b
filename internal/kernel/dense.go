package kernel

import (
	"unsafe"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// ThetaLen is the number of parameters of a dense layer.
func ThetaLen(in, out int) int { return (in + 1) * out }

// RowLayer is one dense layer of one sample, ready to run. It points into the slices that
// it was made of, which must stay in place.
type RowLayer struct {
	y, x, theta *float64 // asm/dense.go depends on the layout of this struct
	in, out     int
	act         int // bits, as below
	// Of a layer with rowResidual:
	target, scale *float64
	inverse, clip float64
}

const (
	rowTanh     = 1 << iota // apply tanh
	rowRoom                 // y may be overwritten up to RowLen(out)
	rowResidual             // y = (target − y)·scale
	rowBend                 // y = clip·asinh(y·inverse) after that
)

// NewRowLayer prepares y = theta·[x, 1], or tanh of that. With room, y has a capacity of
// at least RowLen(len(y)) and its elements up to there may be overwritten, which is faster.
// Neither x nor y may be empty.
func NewRowLayer(y, x, theta []float64, tanh, room bool) RowLayer {
	l := RowLayer{y: &y[0], x: &x[0], theta: &theta[:ThetaLen(len(x), len(y))][0], in: len(x), out: len(y)}
	if tanh {
		l.act = rowTanh
	}
	if room {
		_ = y[:RowLen(len(y))] // panics where there is none
		l.act |= rowRoom
	}
	return l
}

// Residual makes of a layer that computes y one that computes (target − y)·scale, and with a
// clip other than 0 clip·asinh of that divided by clip. The bits are those of ScaledDiff,
// Scale, and Bend in turn. target and scale have the length of y and must stay in place.
func (l RowLayer) Residual(target, scale []float64, clip float64) RowLayer {
	l.target, l.scale = &target[:l.out][0], &scale[:l.out][0]
	l.act |= rowResidual
	if clip != 0 {
		l.inverse, l.clip = 1/clip, clip
		l.act |= rowBend
	}
	return l
}

// SetThetas replaces the weights of the layers by others of the same shapes. Each pointer is to the
// first of a layer's weights.
func SetThetas(layers []RowLayer, thetas []*float64) {
	thetas = thetas[:len(layers)]
	for i := range layers {
		layers[i].theta = thetas[i]
	}
}

// AffineRows runs the layers in order.
func AffineRows(layers []RowLayer) {
	switch {
	case len(layers) == 0:
	case useAVX512:
		affineRowsAVX512((*byte)(unsafe.Pointer(&layers[0])), len(layers))
	case useAVX2:
		affineRowsAVX2((*byte)(unsafe.Pointer(&layers[0])), len(layers))
	default:
		for i := range layers {
			layers[i].run()
		}
	}
}

// AffineRow computes y = theta·[x, 1], or tanh of that, of one sample.
func AffineRow(y, x, theta []float64, tanh bool) {
	if len(x) == 0 || len(y) == 0 {
		return
	}
	l := [1]RowLayer{NewRowLayer(y, x, theta, tanh, false)}
	AffineRows(l[:])
}

func (l *RowLayer) run() {
	y, x := unsafe.Slice(l.y, l.out), unsafe.Slice(l.x, l.in)
	affineRowGo(y, x, unsafe.Slice(l.theta, ThetaLen(l.in, l.out)))
	if l.act&rowTanh != 0 {
		tanhGo(y)
	}
	if l.act&rowResidual != 0 {
		target, scale := unsafe.Slice(l.target, l.out), unsafe.Slice(l.scale, l.out)
		for i, v := range y {
			y[i] = (target[i] - v) * scale[i]
		}
	}
	if l.act&rowBend != 0 {
		bendGo(y, l.inverse, l.clip)
	}
}

// RowLen is the capacity of a slice of n values that NewRowLayer calls room: n rounded up
// to a multiple of 8.
func RowLen(n int) int { return (n + 7) &^ 7 }

func affineRowGo(y, x, theta []float64) {
	out := len(y)
	copy(y, theta[len(x)*out:])
	for i, v := range x {
		w := theta[i*out : i*out+out : i*out+out]
		for j, wj := range w {
			y[j] += float64(v * wj)
		}
	}
}

// Affine computes y = theta·[x, 1] for a block of n samples.
func Affine(y, x, theta []float64, in, out, n int) {
	theta = theta[:ThetaLen(in, out)]
	product(y, x, theta[:in*out], theta[in*out:], in, out, n, out, 1)
}

var zero = []float64{0}

// Product computes y = W·x for a block of n samples. The weight from input i to output j
// is w[i*inStride+j*outStride].
func Product(y, x, w []float64, in, out, n, inStride, outStride int) {
	product(y, x, w, nil, in, out, n, inStride, outStride)
}

func product(y, x, w, bias []float64, in, out, n, inStride, outStride int) {
	if in == 0 || out == 0 || n == 0 {
		return
	}
	y, x = y[:out*n], x[:in*n]
	_ = w[(in-1)*inStride+(out-1)*outStride]
	biasStride := 8
	if bias == nil {
		bias, biasStride = zero, 0
	}
	switch {
	case crowded(in, n):
		productCrowded(y, x, w, bias, in, out, n, inStride, outStride, biasStride, nil)
	case useAVX512:
		affineAVX512(&y[0], &x[0], &w[0], &bias[0], in, out, n, 8*n, 8*n, 8*inStride, 8*outStride, biasStride)
	case useAVX2:
		affineAVX2(&y[0], &x[0], &w[0], &bias[0], in, out, n, 8*n, 8*n, 8*inStride, 8*outStride, biasStride)
	default:
		productGo(y, x, w, bias, in, out, n, inStride, outStride, biasStride/8)
	}
}

const (
	crowdSpan  = 512 // samples: a page of the memory
	crowdBlock = 64  // samples
	leastCrowd = 16  // features
	mostCrowd  = 128
)

// crowded reports whether the same sample of many features falls on the same few places of the
// processor's first cache, which is addressed by the place in a page.
func crowded(features, n int) bool {
	return n%crowdSpan == 0 && features >= leastCrowd && features <= mostCrowd && (useAVX2 || useAVX512)
}

// productCrowded copies the inputs of some samples at a time to memory that is not crowded. With a
// tanh, it multiplies by its gradient. The bits are those of the kernel on all samples at once.
func productCrowded(y, x, w, bias []float64, in, out, n, inStride, outStride, biasStride int, tanh []float64) {
	var block [mostCrowd * crowdBlock]float64
	for from := 0; from < n; from += crowdBlock {
		for i := range in {
			copy(block[i*crowdBlock:(i+1)*crowdBlock], x[i*n+from:])
		}
		switch {
		case useAVX512 && tanh != nil:
			affineTanhGradAVX512(&y[from], &block[0], &w[0], &bias[0], in, out, crowdBlock, 8*crowdBlock, 8*n, 8*inStride, 8*outStride, biasStride, &tanh[from])
		case useAVX512:
			affineAVX512(&y[from], &block[0], &w[0], &bias[0], in, out, crowdBlock, 8*crowdBlock, 8*n, 8*inStride, 8*outStride, biasStride)
		case tanh != nil:
			affineTanhGradAVX2(&y[from], &block[0], &w[0], &bias[0], in, out, crowdBlock, 8*crowdBlock, 8*n, 8*inStride, 8*outStride, biasStride, &tanh[from])
		default:
			affineAVX2(&y[from], &block[0], &w[0], &bias[0], in, out, crowdBlock, 8*crowdBlock, 8*n, 8*inStride, 8*outStride, biasStride)
		}
	}
}

func productGo(y, x, w, bias []float64, in, out, n, inStride, outStride, biasStride int) {
	for j := range out {
		yj := y[j*n : j*n+n]
		fill(yj, bias[j*biasStride])
		wj := w[j*outStride:]
		i := 0
		for ; i+4 <= in; i += 4 {
			axpy4(yj, x[i*n:(i+4)*n], wj[i*inStride], wj[(i+1)*inStride], wj[(i+2)*inStride], wj[(i+3)*inStride])
		}
		for ; i < in; i++ {
			axpyGo(yj, x[i*n:i*n+n], wj[i*inStride])
		}
	}
}

// AffineTrain is Affine for training. On the path in plain Go, wide layers go through BLAS,
// whose sums may round differently from those of AffineRow.
func AffineTrain(y, x, theta []float64, in, out, n int) {
	if !wide(in, out) {
		Affine(y, x, theta, in, out, n)
		return
	}
	for j := 0; j < out; j++ {
		fill(y[j*n:j*n+n], theta[in*out+j])
	}
	blas64.Gemm(blas.Trans, blas.NoTrans, 1, general(theta, in, out), general(x, in, n), 1, general(y, out, n))
}

// ThetaGrad writes the gradient with respect to theta to g. x (in×n) is the layer's input
// and dy (out×n) the gradient with respect to its affine output.
func ThetaGrad(g, x, dy []float64, in, out, n int) {
	if in == 0 || out == 0 || n == 0 {
		return
	}
	g, x, dy = g[:ThetaLen(in, out)], x[:in*n], dy[:out*n]
	switch {
	case wide(in, out):
		blas64.Gemm(blas.NoTrans, blas.Trans, 1, general(x, in, n), general(dy, out, n), 0, general(g, in, out))
	case useAVX512:
		thetaGradAVX512(&g[0], &x[0], &dy[0], in, out, n)
		return
	case useAVX2:
		thetaGradAVX2(&g[0], &x[0], &dy[0], in, out, n)
		return
	default:
		Dots(g, x, dy, in, out, n)
	}
	for j := range out {
		g[in*out+j] = Sum(dy[j*n : j*n+n])
	}
}

// Dots writes the inner products of the rows of x (in×n) with those of dy (out×n) to g
// (in×out).
func Dots(g, x, dy []float64, in, out, n int) {
	if in == 0 || out == 0 || n == 0 {
		return
	}
	g, x, dy = g[:in*out], x[:in*n], dy[:out*n]
	switch {
	case useAVX512:
		dotsAVX512(&g[0], &x[0], &dy[0], in, out, n)
	case useAVX2:
		dotsAVX2(&g[0], &x[0], &dy[0], in, out, n)
	default:
		for i := range in {
			xi := x[i*n : i*n+n]
			for j := range out {
				g[i*out+j] = dotGo(xi, dy[j*n:j*n+n])
			}
		}
	}
}

// InputGrad writes the gradient with respect to the layer's input to dx (in×n). dy (out×n)
// is the gradient with respect to its affine output.
func InputGrad(dx, theta, dy []float64, in, out, n int) {
	if wide(in, out) {
		blas64.Gemm(blas.NoTrans, blas.NoTrans, 1, general(theta, in, out), general(dy, out, n), 0, general(dx, in, n))
		return
	}
	Product(dx, dy, theta, out, in, n, 1, out)
}

// InputGradTanh writes InputGrad times 1 − tanh², the gradient with respect to the argument of
// the tanh (in×n) that the layer's input is. The bits are those of InputGrad and TanhGrad.
func InputGradTanh(dx, theta, dy, tanh []float64, in, out, n int) {
	if in == 0 || out == 0 || n == 0 {
		return
	}
	dx, dy, theta, tanh = dx[:in*n], dy[:out*n], theta[:in*out], tanh[:in*n]
	switch {
	case wide(in, out):
	case crowded(out, n):
		productCrowded(dx, dy, theta, zero, out, in, n, 1, out, 0, tanh)
		return
	case useAVX512:
		affineTanhGradAVX512(&dx[0], &dy[0], &theta[0], &zero[0], out, in, n, 8*n, 8*n, 8, 8*out, 0, &tanh[0])
		return
	case useAVX2:
		affineTanhGradAVX2(&dx[0], &dy[0], &theta[0], &zero[0], out, in, n, 8*n, 8*n, 8, 8*out, 0, &tanh[0])
		return
	}
	InputGrad(dx, theta, dy, in, out, n)
	TanhGrad(dx, dx, tanh)
}

// wide reports whether a matrix product goes through BLAS.
func wide(in, out int) bool {
	return (useBLAS || !useAVX2 && !useAVX512) && (in >= 32 && out >= 16 || in >= 16 && out >= 32)
}

func general(data []float64, rows, cols int) blas64.General {
	return blas64.General{Rows: rows, Cols: cols, Stride: cols, Data: data[:rows*cols]}
}
