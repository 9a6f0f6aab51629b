package kernel

import "os"

// Paths of the arithmetic. The bits of results belong to a path.
const (
	PathGo     = "go"
	PathAVX2   = "avx2"
	PathAVX512 = "avx512"
)

// The environment variable ANOMALY_KERNEL ("go", "avx2", "avx512"), read once, forbids
// faster paths than the one named; ANOMALY_BLAS=1 sends the matrix products of wide
// layers to blas64, for programs that give it a better implementation than these
// kernels (blas64.Use).
var useAVX2, useAVX512 = choosePath(os.Getenv("ANOMALY_KERNEL"))

var useBLAS = os.Getenv("ANOMALY_BLAS") == "1"

// Path tells which path is in use.
func Path() string {
	switch {
	case useAVX512:
		return PathAVX512
	case useAVX2:
		return PathAVX2
	}
	return PathGo
}

func choosePath(limit string) (two, five bool) {
	switch limit {
	case PathGo:
		return false, false
	case PathAVX2:
		return hasAVX2, false
	}
	return hasAVX2 && !hasAVX512, hasAVX512
}
