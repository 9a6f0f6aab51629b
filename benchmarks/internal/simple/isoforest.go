package simple

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// IsolationForest scores a row by how few random axis-parallel cuts separate
// it (Liu, Ting and Zhou, ICDM 2008).
type IsolationForest struct {
	Trees  int // 0 means 100
	Sample int // training rows a tree, 0 means 256
}

// Fit implements Detector.
func (f IsolationForest) Fit(_ context.Context, train *mat.Dense, seed uint64) (Scorer, error) {
	if f.Trees == 0 {
		f.Trees = 100
	}
	if f.Sample == 0 {
		f.Sample = 256
	}
	n, _ := train.Dims()
	f.Sample = min(f.Sample, n)
	rng := rand.New(rand.NewPCG(seed, 0x666f_7265))
	limit := int(math.Ceil(math.Log2(float64(f.Sample))))
	fit := &isolationForest{expected: averagePath(f.Sample)}
	for range f.Trees {
		t := &isolationTree{x: train, rng: rng, limit: limit}
		t.grow(rng.Perm(n)[:f.Sample], 0)
		fit.trees = append(fit.trees, t.nodes)
	}
	return fit, nil
}

type isolationForest struct {
	trees    [][]isolationNode
	expected float64
}

// isolationNode is a cut, or a leaf where left is 0.
type isolationNode struct {
	column      int
	cut         float64
	left, right int
	depth       float64 // of a leaf: its depth and what its rows would still need
}

type isolationTree struct {
	x     *mat.Dense
	rng   *rand.Rand
	limit int
	nodes []isolationNode
}

// grow adds the subtree of the rows and returns its root.
func (t *isolationTree) grow(rows []int, depth int) int {
	id := len(t.nodes)
	t.nodes = append(t.nodes, isolationNode{depth: float64(depth) + averagePath(len(rows))})
	if len(rows) < 2 || depth >= t.limit {
		return id
	}
	column, low, high := t.splittable(rows)
	if column < 0 {
		return id
	}
	cut := low + t.rng.Float64()*(high-low)
	split := 0
	for i, r := range rows {
		if t.x.At(r, column) < cut {
			rows[i], rows[split] = rows[split], rows[i]
			split++
		}
	}
	left := t.grow(rows[:split], depth+1)
	right := t.grow(rows[split:], depth+1)
	t.nodes[id] = isolationNode{column: column, cut: cut, left: left, right: right}
	return id
}

// splittable picks a column at random among those that vary over the rows, −1
// where none does.
func (t *isolationTree) splittable(rows []int) (column int, low, high float64) {
	_, d := t.x.Dims()
	for _, column := range t.rng.Perm(d) {
		low, high := math.Inf(1), math.Inf(-1)
		for _, r := range rows {
			v := t.x.At(r, column)
			low, high = math.Min(low, v), math.Max(high, v)
		}
		if low < high {
			return column, low, high
		}
	}
	return -1, 0, 0
}

// Score implements Scorer.
func (f *isolationForest) Score(dst []float64, x *mat.Dense) ([]float64, error) {
	n, _ := x.Dims()
	dst = reuse(dst, n)
	for i := range dst {
		row := x.RawRowView(i)
		var depth float64
		for _, nodes := range f.trees {
			at := &nodes[0]
			for at.left > 0 {
				if row[at.column] < at.cut {
					at = &nodes[at.left]
				} else {
					at = &nodes[at.right]
				}
			}
			depth += at.depth
		}
		dst[i] = math.Exp2(-depth / float64(len(f.trees)) / f.expected)
	}
	return dst, nil
}

// averagePath is the mean depth of an unsuccessful search in a binary search
// tree of n keys, 2H(n−1) − 2(n−1)/n.
func averagePath(n int) float64 {
	if n < 2 {
		return 0
	}
	var harmonic float64
	for i := 1; i < n; i++ {
		harmonic += 1 / float64(i)
	}
	return 2*harmonic - 2*float64(n-1)/float64(n)
}
