package report

import "math"

// maxLine is the number of rows that the line of energies may have before it is thinned to an envelope.
const maxLine = 4000

// thinned tells the reader what the plots leave out.
type thinned struct {
	Normal      int `json:"normal"`
	Shown       int `json:"shown"`
	Missed      int `json:"missed"`
	ShownMissed int `json:"shownMissed"`
	Bucket      int `json:"bucket"` // rows behind each lowest and highest point of the line, 1 if every row is there
}

// maxPoints is the number of rows that the scatter plots show of a kind other than flagged. It keeps the page a few megabytes long
// and the plots quick to turn.
func maxPoints(width int) int {
	return min(max(240_000/(width+2), 1000), 8000)
}

// every returns at most limit of rows, evenly spread.
func every(rows []int, limit int) []int {
	if len(rows) <= limit {
		return rows
	}
	out := make([]int, limit)
	for k := range out {
		out[k] = rows[k*len(rows)/limit]
	}
	return out
}

// envelope returns at most limit rows that draw the line of energies: all of them, or the lowest and the highest of each bucket of
// rows, so that no peak is lost. A bucket without a score is kept as one row: there the line has a gap.
func envelope(energies []float64, limit int) (rows []int, bucket int) {
	n := len(energies)
	bucket = 1
	if n > limit {
		bucket = (2*n + limit - 1) / limit
	}
	for from := 0; from < n; from += bucket {
		low, high := extremes(energies, from, min(from+bucket, n))
		rows = append(rows, min(low, high))
		if low != high {
			rows = append(rows, max(low, high))
		}
	}
	return rows, bucket
}

// extremes returns the rows of the lowest and the highest energy in [from, to), or from itself where none has a score.
func extremes(energies []float64, from, to int) (low, high int) {
	low, high = from, from
	for i := from; i < to; i++ {
		e := energies[i]
		if math.IsNaN(e) {
			continue
		}
		if math.IsNaN(energies[low]) || e < energies[low] {
			low = i
		}
		if math.IsNaN(energies[high]) || e > energies[high] {
			high = i
		}
	}
	return low, high
}
