package dataset

import (
	"slices"
	"time"
)

// seriesJoin puts the samples of several series, which come in the order of time, into rows. A
// row has the samples that are at most tolerance later than its first one, and at most one of
// each series.
type seriesJoin struct {
	tolerance time.Duration
	rows      int
	start     time.Time // of the last row
	filled    []int     // the row, from 1, of each series' last sample
}

// joinTolerance returns how far apart samples of different series may be for one row: half an
// interval, which is the shortest of the series' median steps. steps are those of each series that
// go forward.
func joinTolerance(steps [][]time.Duration) time.Duration {
	shortest := time.Duration(0)
	for _, of := range steps {
		if d := medianStep(of); d > 0 && (shortest == 0 || d < shortest) {
			shortest = d
		}
	}
	return shortest / 2
}

// medianStep sorts steps and returns their median, or 0 if there are none.
func medianStep(steps []time.Duration) time.Duration {
	if len(steps) == 0 {
		return 0
	}
	slices.Sort(steps)
	return steps[(len(steps)-1)/2]
}

func newSeriesJoin(series int, tolerance time.Duration) *seriesJoin {
	return &seriesJoin{tolerance: tolerance, filled: make([]int, series)}
}

// holds reports whether the last row has a sample of the series.
func (j *seriesJoin) holds(series int) bool { return j.rows > 0 && j.filled[series] == j.rows }

// next takes a sample into the last row, or reports that it begins another.
func (j *seriesJoin) next(series int, at time.Time) (begins bool) {
	if begins = j.rows == 0 || j.holds(series) || at.Sub(j.start) > j.tolerance; begins {
		j.rows, j.start = j.rows+1, at
	}
	j.filled[series] = j.rows
	return begins
}
