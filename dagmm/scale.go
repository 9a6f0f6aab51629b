package dagmm

import (
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/internal/kernel"
)

// limit bounds scaled values. Beyond it a value is infinitely far for every purpose.
const limit = 1e100

// scale writes the scaled values of the raw row x into y. NaN stays NaN.
func (m *Model) scale(y, x []float64) {
	columns := m.p.Scaler.Columns
	for j := range columns {
		y[j] = x[j]
		if columns[j].Transform == dataset.Log1p {
			kernel.Log1p(y[j:j+1], columns[j].Unit)
		}
		y[j] = bound(columns[j].Standardise(y[j]))
	}
}

func bound(v float64) float64 {
	switch {
	case v > limit:
		return limit
	case v < -limit:
		return -limit
	}
	return v
}

// scaleColumn scales values of column j in place, as scale does.
func (m *Model) scaleColumn(values []float64, j int) {
	c := &m.p.Scaler.Columns[j]
	if c.Transform == dataset.Log1p {
		kernel.Log1p(values, c.Unit)
	}
	if c.Dead == 0 {
		kernel.Standardise(values, c.Center, c.Scale, limit)
		return
	}
	for r, v := range values {
		values[r] = bound(c.Standardise(v))
	}
}
