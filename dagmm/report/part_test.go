package report

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
)

func TestPartsSayTheirRange(t *testing.T) {
	base := dagmm.Contribution{Metric: "cpu", Share: .5, Value: 100.0004, Low: 10, High: 100.0001}
	for want, change := range map[string]func(*dagmm.Contribution){
		"usually 10 to 100.0001":    func(*dagmm.Contribution) {},
		"expected 10 to 100.0001":   func(c *dagmm.Contribution) { c.Conditional = true },
		"expected 10 to 100":        func(c *dagmm.Contribution) { c.Samples, c.Value, c.High = 20, 130, 100 },
		"constantly 10 in training": func(c *dagmm.Contribution) { c.Constant, c.High = true, 10 },
		"":                          func(c *dagmm.Contribution) { c.Joint, c.High = true, 200 },
	} {
		c := base
		change(&c)
		p := newPart(c)
		require.Equal(t, want, p.Expected)
		require.Equal(t, c.Joint, math.IsNaN(float64(p.Low)))
		require.Equal(t, !c.Conditional && c.Samples == 0, p.Usual)
	}
}
