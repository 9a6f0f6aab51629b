package gmm

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// smallOrder is the order up to which plain loops beat LAPACK, whose calls cost more than the
// arithmetic of the few dimensions that most mixtures have.
const smallOrder = 16

// invertCholesky replaces the lower triangle of the symmetric matrix a = LLᵀ by L⁻¹ and
// returns log|a|.
func invertCholesky(a []float64, d int) (logDet float64, ok bool) {
	if d <= smallOrder {
		ok = factorise(a, d)
	} else {
		_, ok = lapack64.Potrf(blas64.Symmetric{Uplo: blas.Lower, N: d, Data: a, Stride: d})
	}
	if !ok {
		return 0, false
	}
	for i := range d {
		logDet += 2 * math.Log(a[i*d+i])
	}
	if math.IsNaN(logDet) || math.IsInf(logDet, 0) {
		return 0, false
	}
	if d <= smallOrder {
		invertTriangle(a, d)
		return logDet, true
	}
	return logDet, lapack64.Trtri(blas64.Triangular{Uplo: blas.Lower, Diag: blas.NonUnit, N: d, Data: a, Stride: d})
}

// factorise replaces the lower triangle of the symmetric matrix a by its Cholesky factor. It
// returns false if there is none.
func factorise(a []float64, d int) bool {
	for i := range d {
		ri := a[i*d : i*d+i+1]
		for j := range ri {
			rj := a[j*d : j*d+j+1]
			s := ri[j]
			for k, v := range rj[:j] {
				s -= float64(v * ri[k])
			}
			if j < i {
				ri[j] = s / rj[j]
				continue
			}
			if !(s > 0) {
				return false
			}
			ri[j] = math.Sqrt(s)
		}
	}
	return true
}

// invertTriangle replaces a lower triangle whose diagonal is positive by its inverse.
func invertTriangle(a []float64, d int) {
	for i := range d {
		ri := a[i*d : i*d+i+1]
		inverse := 1 / ri[i]
		for j := range ri[:i] {
			var s float64
			for k := j; k < i; k++ {
				s += float64(ri[k] * a[k*d+j])
			}
			ri[j] = -s * inverse
		}
		ri[i] = inverse
	}
}
