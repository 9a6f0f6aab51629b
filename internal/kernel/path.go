package kernel

import "os"

// The paths of the arithmetic. Results have the same bits on one path only.
const (
	PathGo     = "go"
	PathAVX2   = "avx2"
	PathAVX512 = "avx512"
)

// The environment variable ANOMALY_KERNEL ("go", "avx2" or "avx512") forbids faster paths
// than the one that it names. It is read once, when the program starts.
var useAVX2, useAVX512 = choosePath(os.Getenv("ANOMALY_KERNEL"))

// The environment variable ANOMALY_BLAS=1 sends the matrix products of wide layers to
// blas64. It is for programs that give blas64 an implementation (blas64.Use) that is faster
// than these kernels.
var useBLAS = os.Getenv("ANOMALY_BLAS") == "1"

// Path returns the path in use.
func Path() string {
	switch {
	case useAVX512:
		return PathAVX512
	case useAVX2:
		return PathAVX2
	}
	return PathGo
}

// choosePath returns which of AVX2 and AVX-512 to use, and at most one of them.
func choosePath(limit string) (two, five bool) {
	switch limit {
	case PathGo:
		return false, false
	case PathAVX2:
		return hasAVX2, false
	}
	return hasAVX2 && !hasAVX512, hasAVX512
}
