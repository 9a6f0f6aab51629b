package train

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuantile(t *testing.T) {
	v := make([]float64, 1000)
	for i := range v {
		v[(i*7)%1000] = float64(i)
	}
	for q, want := range map[float64]float64{.99: 989, .5: 499, .999: 998, 1e-9: 0, .9999: 999, .005: 4} {
		t.Run(fmt.Sprint(q), func(t *testing.T) { require.Equal(t, want, Quantile(v, q)) })
	}
	require.Equal(t, 3., Quantile([]float64{3}, .99))
}
