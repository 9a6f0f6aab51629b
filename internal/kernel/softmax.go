package kernel

import "math"

// Softmax replaces the logits x (k classes × n samples) by their softmax and writes the
// log-sum-exp log Σ exp(x) of every sample to lse.
func Softmax(x, lse []float64, k, n int) {
	if k == 0 || n == 0 {
		return
	}
	x, lse = x[:k*n], lse[:n]
	switch {
	case useAVX512:
		softmaxAVX512(&x[0], &lse[0], k, n)
	case useAVX2:
		softmaxAVX2(&x[0], &lse[0], k, n)
	default:
		for r := range n {
			top, sum := exponentials(x, k, n, r)
			lse[r] = top
			if !math.IsInf(top, -1) {
				lse[r] = top + math.Log(sum)
			}
			for j := 0; j < k; j++ {
				x[j*n+r] = math.Exp(x[j*n+r]-top) / sum
			}
		}
	}
}

// LogSumExp writes log Σ exp(x), summed over the k classes of each of n samples, to lse. It
// is −Inf where every logit is −Inf.
func LogSumExp(lse, x []float64, k, n int) {
	if k == 0 || n == 0 {
		return
	}
	x, lse = x[:k*n], lse[:n]
	switch {
	case useAVX512:
		logSumExpAVX512(&x[0], &lse[0], k, n)
	case useAVX2:
		logSumExpAVX2(&x[0], &lse[0], k, n)
	default:
		for r := range n {
			top, sum := exponentials(x, k, n, r)
			lse[r] = top
			if !math.IsInf(top, -1) {
				lse[r] = top + math.Log(sum)
			}
		}
	}
}

// exponentials returns the largest logit of sample r and the sum of exp(logit − largest).
func exponentials(x []float64, k, n, r int) (top, sum float64) {
	top = x[r]
	for j := 1; j < k; j++ {
		if v := x[j*n+r]; v > top {
			top = v
		}
	}
	for j := 0; j < k; j++ {
		sum += math.Exp(x[j*n+r] - top)
	}
	return top, sum
}

// SoftmaxGrad writes the gradient with respect to the logits to dst. y is the softmax and
// dy the gradient with respect to it.
func SoftmaxGrad(dst, dy, y []float64, k, n int) {
	if k == 0 || n == 0 {
		return
	}
	dst, dy, y = dst[:k*n], dy[:k*n], y[:k*n]
	switch {
	case useAVX512:
		softmaxGradAVX512(&dst[0], &dy[0], &y[0], k, n)
	case useAVX2:
		softmaxGradAVX2(&dst[0], &dy[0], &y[0], k, n)
	default:
		for r := range n {
			var s float64
			for j := range k {
				s += float64(dy[j*n+r] * y[j*n+r])
			}
			for j := range k {
				dst[j*n+r] = y[j*n+r] * (dy[j*n+r] - s)
			}
		}
	}
}
