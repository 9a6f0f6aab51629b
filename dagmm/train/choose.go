package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"
)

// SeriesInterval is the sampling interval from which on Choose takes Series. With a shorter
// one, a level over 20 samples spans less than five minutes, and the rows after a fault are
// flagged in place of faults.
const SeriesInterval = 15 * time.Second

const (
	// follows is the succession below which rows count as consecutive samples.
	follows = .7
	// mostPairs bounds the pairs of rows that succession looks at.
	mostPairs = 30000
	// wide is the number of metrics above which no network is trained unasked: it would take
	// minutes. PCA takes seconds.
	wide = 100
)

// Choose returns the preset that fits rows (samples × metrics) whose kind nobody has told,
// and the reason for a person, as a clause that begins with "as". times are those of the
// rows; nil means unknown.
//
//   - Series where the rows are consecutive samples of one host that are 15 seconds or more
//     apart: their times go forward, and a row is closer to the one before it than to a
//     random one.
//   - Metrics where they are not, or come faster, or are too few for recent levels.
//   - PCA with diagonal covariances where there are more than 100 metrics, with the recent
//     levels of Series where that would be taken otherwise.
//
// Table and Paper are never chosen: that rows are records and no samples cannot be seen.
func Choose(x mat.Matrix, times []time.Time) (cfg Config, reason string) {
	n, d := x.Dims()
	levels := Series().RecentLevels
	apart := time.Duration(interval(times) * float64(time.Second))
	least := 2 * (1 + len(levels)) * d
	switch {
	case !goForward(times):
		cfg, reason = Metrics(), "as the times of the rows do not go forward: each is judged for itself"
	case apart > 0 && apart < SeriesInterval:
		cfg, reason = Metrics(), fmt.Sprintf("as rows come every %v: each is judged for itself, because recent levels would span too short a time", apart.Round(time.Millisecond))
	case !(succession(x) < follows):
		cfg, reason = Metrics(), "as the rows do not follow each other: each is judged for itself"
	case n < least:
		cfg, reason = Metrics(), fmt.Sprintf("as %d rows of %d metrics are too few for recent levels: each row is judged for itself", n, d)
	default:
		cfg, reason = Series(), "as the rows follow each other: each is also compared with those before it"
	}
	if d > wide {
		before := cfg.RecentLevels
		cfg = PCA()
		cfg.RecentLevels = before
		cfg.Mixture.Covariances = DiagonalCovariance // a full one would learn its rows by heart
		reason += fmt.Sprintf("; principal components, as a network of %d metrics would train for minutes", d)
	}
	return cfg, reason
}

// goForward allows for a few repeated or late samples.
func goForward(times []time.Time) bool {
	back := 0
	for i := 1; i < len(times); i++ {
		if !times[i].After(times[i-1]) {
			back++
		}
	}
	return back*100 <= len(times)
}

// succession returns how much closer a row is to the one before it than to a row drawn at
// random: the ratio of the median distances, for the median metric. It is about 1 where the
// order of the rows means nothing, and towards 0 where they follow each other. Medians keep
// single outliers out of it. It is NaN where nothing varies.
func succession(x mat.Matrix) float64 {
	rows, width := x.Dims()
	stride := (rows + mostPairs - 1) / mostPairs
	rng := rand.New(rand.NewPCG(1, 1))
	var ratios []float64
	for j := range width {
		var near, far []float64
		for i := 1; i < rows; i += stride {
			v, before, other := x.At(i, j), x.At(i-1, j), x.At(rng.IntN(rows), j)
			if !math.IsNaN(v + before + other) {
				near, far = append(near, math.Abs(v-before)), append(far, math.Abs(v-other))
			}
		}
		if d := upperMedian(far); d > 0 {
			ratios = append(ratios, upperMedian(near)/d)
		}
	}
	return upperMedian(ratios)
}

// upperMedian sorts x; it is NaN of nothing, which compares as false.
func upperMedian(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	slices.Sort(x)
	return x[len(x)/2]
}
