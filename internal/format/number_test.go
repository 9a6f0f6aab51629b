package format

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumber(t *testing.T) {
	for want, v := range map[string]float64{"0": 0, "12.35": 12.3456, "-0.0001": -1e-4, "9999": 9999, "10000": 9999.6, "12346": 12345.6, "5000000000": 5e9, "1e+15": 1e15, "NaN": math.NaN(), "-Inf": math.Inf(-1)} {
		require.Equal(t, want, Number(v))
	}
}
