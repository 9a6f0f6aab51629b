package alarm

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

const (
	stuckFactor = 3 // times the longest run in training
	stuckLeast  = 30
)

// valueRuns counts for how long each metric has kept its value.
type valueRuns struct {
	longest []int // in training; 0 where absent, nil where unknown
	ignored []bool
	length  []int // of the run so far
	value   []float64
	stuck   []bool // the event was sent
}

func newValueRuns(columns, constant []string, longest []int) valueRuns {
	n := len(columns)
	v := valueRuns{longest: longest, ignored: make([]bool, n), length: make([]int, n), value: make([]float64, n), stuck: make([]bool, n)}
	for j, name := range columns {
		v.ignored[j] = slices.Contains(constant, name) // it kept its value in training, too
	}
	return v
}

// absent reports whether metric j was absent from training.
func (v *valueRuns) absent(j int) bool { return v.longest != nil && v.longest[j] == 0 }

// next takes the value of metric j and reports whether the metric is stuck from now on.
func (v *valueRuns) next(j int, x float64) bool {
	if v.length[j] == 0 || x != v.value[j] {
		v.length[j], v.value[j], v.stuck[j] = 1, x, false
		return false
	}
	v.length[j] = min(v.length[j]+1, math.MaxInt32)
	if v.longest == nil || v.stuck[j] || v.ignored[j] || v.length[j] <= max(stuckLeast, stuckFactor*v.longest[j]) {
		return false
	}
	v.stuck[j] = true
	return true
}

// LongestRuns returns the length of the longest run of equal values in each column of x,
// whose rows are consecutive samples.
func LongestRuns(x mat.Matrix) []int {
	n, w := x.Dims()
	out := make([]int, w)
	for j := range w {
		run := 0
		for r := range n {
			if r > 0 && x.At(r, j) == x.At(r-1, j) {
				run++
			} else {
				run = 1
			}
			out[j] = max(out[j], run)
		}
	}
	return out
}
