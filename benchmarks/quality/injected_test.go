package main

import (
	"cmp"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"github.com/metric-streams/anomaly/benchmarks/internal/suite"
)

// What an explanation can find of the faults of dcml: in how many of them do the metrics of
// the injected resource move at all, against the three samples before, more than in 99 of 100
// ordinary stretches? And do they tell the kinds of faults apart for one who knows the
// kinds of all the others? With ANOMALY_DATA only.
func TestWhatInjectedResourcesShow(t *testing.T) {
	dir := os.Getenv("ANOMALY_DATA")
	if dir == "" {
		t.Skip("set ANOMALY_DATA to a folder with dcml (README.md says where it comes from)")
	}
	var visible []float64
	for _, name := range []string{"laptop-a", "laptop-b"} {
		s, err := suite.LoadSeries(dir, "dcml", name)
		require.NoError(t, err)
		visible = append(visible, stat.Mean(resourcesThatMove(t, s), nil))
	}
	t.Logf("the injected resource moves in %.3f of the faults of laptop-a and %.3f of laptop-b, mean %.3f", visible[0], visible[1], stat.Mean(visible, nil))
	s, err := suite.LoadSeries(dir, "dcml", "laptop-a")
	require.NoError(t, err)
	listed, later := recognised(s, 0), recognised(s, 1)
	t.Logf("laptop-a: the nearest five of the other faults tell the kind of %d of %d faults from their mean sample, and of %d where each is taken one sample later", listed, len(s.Faults), later)
	require.Greater(t, later, listed, "the samples of laptop-a no longer lag behind the list")
}

// resourcesThatMove says of each fault whether a metric of the injected resource moves. It
// logs for each kind of fault in how many of them the metrics of each resource do.
func resourcesThatMove(t *testing.T, s *suite.Series) (injected []float64) {
	columns := map[string][]int{}
	for _, f := range s.Faults {
		columns[f.Kind] = f.Columns
	}
	limits := ordinaryMoves(s)
	moves := func(f suite.Fault, resource string) bool {
		return slices.ContainsFunc(columns[resource], func(j int) bool { return move(s, j, f.Span) > limits[j] })
	}
	count := map[[2]string]int{}
	for _, f := range s.Faults {
		for resource := range columns {
			if moves(f, resource) {
				count[[2]string{f.Kind, resource}]++
			}
		}
		own := 0.
		if moves(f, f.Kind) {
			own = 1
		}
		injected = append(injected, own)
		count[[2]string{f.Kind}]++
	}
	for _, kind := range []string{"cpu", "disk", "memory"} {
		t.Logf("%s: of %d %s faults cpu moves in %d, disk in %d, memory in %d", s.Machine, count[[2]string{kind}], kind,
			count[[2]string{kind, "cpu"}], count[[2]string{kind, "disk"}], count[[2]string{kind, "memory"}])
	}
	return injected
}

// before is how many samples a move is measured against.
const before = 3

// move is how far metric j gets in the rows of a span from its mean in those before.
func move(s *suite.Series, j int, span [2]int) (furthest float64) {
	var rows []float64
	for r := max(0, span[0]-before); r < span[0]; r++ {
		rows = append(rows, s.Test.At(r, j))
	}
	level := stat.Mean(rows, nil)
	for r := span[0]; r < span[1]; r++ {
		furthest = max(furthest, math.Abs(s.Test.At(r, j)-level))
	}
	return furthest
}

// ordinaryMoves returns for each metric what its moves are within in 99 of 100 stretches of
// three samples, where neither they nor those before are labelled.
func ordinaryMoves(s *suite.Series) []float64 {
	n, width := s.Test.Dims()
	limits := make([]float64, width)
	for j := range limits {
		var all []float64
		for r := before; r+3 <= n; r++ {
			if !slices.Contains(s.Labels[r-before:r+3], true) {
				all = append(all, move(s, j, [2]int{r, r + 3}))
			}
		}
		slices.Sort(all)
		limits[j] = stat.Quantile(.99, stat.Empirical, all, nil)
	}
	return limits
}

// recognised counts the faults whose kind is that of most of the five other faults whose mean
// sample is nearest, each taken shift samples later than it is listed. Distances are in
// standard deviations of the ordinary samples, far ones by their logarithm.
func recognised(s *suite.Series, shift int) (right int) {
	_, width := s.Test.Dims()
	means := make([][]float64, len(s.Faults))
	for j := range width {
		var ordinary []float64
		for r, label := range s.Labels {
			if !label {
				ordinary = append(ordinary, s.Test.At(r, j))
			}
		}
		mean, sd := stat.MeanStdDev(ordinary, nil)
		for i, f := range s.Faults {
			var sum float64
			for r := f.Span[0] + shift; r < f.Span[1]+shift; r++ {
				sum += math.Asinh((s.Test.At(r, j) - mean) / max(sd, 1e-9))
			}
			means[i] = append(means[i], sum/float64(f.Span[1]-f.Span[0]))
		}
	}
	for i, f := range s.Faults {
		others := slices.Delete(indices(len(s.Faults)), i, i+1)
		slices.SortStableFunc(others, func(a, b int) int {
			return cmp.Compare(distance(means[i], means[a]), distance(means[i], means[b]))
		})
		votes := map[string]int{}
		for _, o := range others[:5] {
			votes[s.Faults[o].Kind]++
		}
		best := s.Faults[others[0]].Kind
		for _, o := range others[:5] {
			if kind := s.Faults[o].Kind; votes[kind] > votes[best] {
				best = kind
			}
		}
		if best == f.Kind {
			right++
		}
	}
	return right
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func distance(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += (v - b[i]) * (v - b[i])
	}
	return sum
}
