package matrix

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

func TestIsNil(t *testing.T) {
	var none *mat.Dense
	for name, c := range map[string]struct {
		x    mat.Matrix
		want bool
	}{
		"nil interface": {nil, true},
		"nil pointer":   {none, true},
		"empty":         {&mat.Dense{}, false},
		"matrix":        {mat.NewDense(1, 1, nil), false},
		"struct":        {mat.Transpose{Matrix: mat.NewDense(1, 1, nil)}, false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, IsNil(c.x)) })
	}
}
