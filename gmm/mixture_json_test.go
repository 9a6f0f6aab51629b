package gmm

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStoredMixtureScoresTheSame(t *testing.T) {
	r := rng(4)
	for _, cov := range []Covariance{Full, Diagonal} {
		t.Run(string(cov), func(t *testing.T) {
			m := randomMixture(t, 3, 4, cov, r)
			text, err := json.Marshal(m)
			require.NoError(t, err)
			var back Mixture
			require.NoError(t, json.Unmarshal(text, &back))
			z := []float64{.1, -.2, .3, 4}
			require.Equal(t, m.Energy(z), back.Energy(z))
			again, err := json.Marshal(&back)
			require.NoError(t, err)
			require.Equal(t, text, again)
		})
	}
}

func TestBrokenStoredMixtureIsAnError(t *testing.T) {
	for name, bad := range map[string]string{
		"empty":             `{}`,
		"not an object":     `[]`,
		"no dimensions":     `{"phi":[1],"mu":[[]],"sigma":[[]]}`,
		"short covariance":  `{"phi":[1],"mu":[[0,0]],"sigma":[[1]]}`,
		"negative variance": `{"phi":[1],"mu":[[0]],"sigma":[[-1]]}`,
		"weight above 1":    `{"phi":[2],"mu":[[0]],"sigma":[[1]]}`,
		"widths differ":     `{"phi":[.5,.5],"mu":[[0],[0,1]],"sigma":[[1],[1]]}`,
	} {
		t.Run(name, func(t *testing.T) {
			var m Mixture
			require.Error(t, json.Unmarshal([]byte(bad), &m))
			require.Zero(t, m.Dim(), "unchanged on error")
		})
	}
}
