package kernel

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// ThetaLen is the number of parameters of a dense layer.
func ThetaLen(in, out int) int { return (in + 1) * out }

// AffineRow computes y = theta·[x, 1] for one sample.
func AffineRow(y, x, theta []float64) {
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
	for j := 0; j < out; j++ {
		yj := y[j*n : j*n+n]
		fill(yj, theta[in*out+j])
		i := 0
		for ; i+4 <= in; i += 4 {
			axpy4(yj, x[i*n:(i+4)*n], theta[i*out+j], theta[(i+1)*out+j], theta[(i+2)*out+j], theta[(i+3)*out+j])
		}
		for ; i < in; i++ {
			Axpy(yj, x[i*n:i*n+n], theta[i*out+j])
		}
	}
}

// AffineTrain is Affine for training: wide layers go through BLAS, whose sums
// may round differently from AffineRow's.
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

// ThetaGrad writes the gradient by theta into g, given the layer's input x and the
// gradient dy by its affine output, both blocks of n samples.
func ThetaGrad(g, x, dy []float64, in, out, n int) {
	if wide(in, out) {
		blas64.Gemm(blas.NoTrans, blas.Trans, 1, general(x, in, n), general(dy, out, n), 0, general(g, in, out))
	} else {
		for i := 0; i < in; i++ {
			xi := x[i*n : i*n+n]
			for j := 0; j < out; j++ {
				g[i*out+j] = Dot(xi, dy[j*n:j*n+n])
			}
		}
	}
	for j := 0; j < out; j++ {
		g[in*out+j] = Sum(dy[j*n : j*n+n])
	}
}

// InputGrad writes the gradient by the layer's input into dx, given the gradient dy
// by its affine output.
func InputGrad(dx, theta, dy []float64, in, out, n int) {
	if wide(in, out) {
		blas64.Gemm(blas.NoTrans, blas.NoTrans, 1, general(theta, in, out), general(dy, out, n), 0, general(dx, in, n))
		return
	}
	for i := 0; i < in; i++ {
		dxi := dx[i*n : i*n+n]
		clear(dxi)
		j := 0
		for ; j+4 <= out; j += 4 {
			t := theta[i*out+j : i*out+j+4]
			axpy4(dxi, dy[j*n:(j+4)*n], t[0], t[1], t[2], t[3])
		}
		for ; j < out; j++ {
			Axpy(dxi, dy[j*n:j*n+n], theta[i*out+j])
		}
	}
}

// wide tells where a matrix product pays for its set-up.
func wide(in, out int) bool { return in >= 32 && out >= 16 || in >= 16 && out >= 32 }

func general(data []float64, rows, cols int) blas64.General {
	return blas64.General{Rows: rows, Cols: cols, Stride: cols, Data: data[:rows*cols]}
}
