// Command asm generates the SIMD kernels of package kernel: run go generate there.
package main

import (
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
)

var negInf = math.Inf(-1)

func splitNames(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ", ")
}

func main() {
	ConstraintExpr("!noasm")
	for _, v := range []isa{avx2, avx512} {
		affine(v)
		affineRows(v)
		dots(v)
		tanh(v)
		simple(v)
		reductions(v)
		bend(v)
		maxAbs(v)
		adam(v)
		softmax(v)
		softmaxGrad(v)
		logDensity(v)
		halfSquares(v)
		objectiveGrad(v)
		relativeCosine(v)
		relativeCosineGrad(v)
	}
	Generate()
}
