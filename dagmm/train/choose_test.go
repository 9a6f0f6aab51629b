package train

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// walkAndNoise returns rows that follow each other, and rows that do not.
func walkAndNoise(n, d int) (walk, noise *mat.Dense) {
	rng := rand.New(rand.NewPCG(1, 1))
	walk, noise = mat.NewDense(n, d, nil), mat.NewDense(n, d, nil)
	for i := range n {
		for j := range d {
			noise.Set(i, j, rng.NormFloat64())
			walk.Set(i, j, 10*math.Sin(float64(i)/40)+rng.NormFloat64())
		}
	}
	return walk, noise
}

func every(n int, apart time.Duration) []time.Time {
	times := make([]time.Time, n)
	for i := range times {
		times[i] = time.Unix(0, 0).Add(time.Duration(i) * apart)
	}
	return times
}

func TestChoose(t *testing.T) {
	const n = 500
	walk, noise := walkAndNoise(n, 2)
	walk.Set(100, 0, 1e6)
	walk.Set(200, 1, math.NaN())
	backwards := every(n, time.Minute)
	slices.Reverse(backwards)
	few, _ := walkAndNoise(50, 10)
	wideWalk, wideNoise := walkAndNoise(1000, 150)
	for name, c := range map[string]struct {
		x      *mat.Dense
		times  []time.Time
		preset string
		levels bool
		says   string
	}{
		"minutes apart":    {walk, every(n, time.Minute), "series", true, "follow each other"},
		"unknown times":    {walk, nil, "series", true, "follow each other"},
		"independent rows": {noise, every(n, time.Minute), "metrics", false, "do not follow"},
		"seconds apart":    {walk, every(n, time.Second), "metrics", false, "every 1s"},
		"newest first":     {walk, backwards, "metrics", false, "do not go forward"},
		"constant":         {mat.NewDense(300, 1, nil), nil, "metrics", false, "do not follow"},
		"few":              {few, nil, "metrics", false, "50 rows of 10 metrics are too few"},
		"wide":             {wideWalk, nil, "pca", true, "150 metrics"},
		"wide rows":        {wideNoise, nil, "pca", false, "150 metrics"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, reason := Choose(c.x, c.times)
			require.Equal(t, c.preset, cfg.Preset)
			require.Equal(t, c.levels, cfg.RecentLevels != nil)
			require.Contains(t, reason, c.says)
			require.Regexp(t, "^as ", reason)
		})
	}
}
