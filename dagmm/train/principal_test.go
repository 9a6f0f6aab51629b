package train

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/metric-streams/anomaly/dagmm"
)

// principalData returns n rows of w features that lie near a plane, and their components.
func principalData(t *testing.T, n, w int) (*trainingData, *principal) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	data := &trainingData{n: n, width: w, metrics: w, features: make([]float64, n*w)}
	for i := range n {
		a, b := r.NormFloat64(), r.NormFloat64()
		for f := range w {
			data.features[f*n+i] = 1 + a*math.Sin(float64(f)) + .5*b*math.Cos(2*float64(f)) + .05*r.NormFloat64()
		}
	}
	p, err := newPrincipal(data, indicesOf(w))
	require.NoError(t, err)
	return data, p
}

func indicesOf(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// The components are those that gonum finds by a singular value decomposition.
func TestPrincipalComponentsMatchGonum(t *testing.T) {
	const n, w = 400, 6
	data, p := principalData(t, n, w)
	var pc stat.PC
	require.True(t, pc.PrincipalComponents(mat.NewDense(w, n, data.features).T(), nil))
	variances := pc.VarsTo(nil)
	var vectors mat.Dense
	pc.VectorsTo(&vectors)
	for k := range 2 {
		require.InEpsilon(t, variances[k]*(n-1)/n, p.variance[k], 1e-9)
		var dot float64
		for i := range w {
			dot += vectors.At(i, k) * p.axes.At(i, k)
		}
		require.InDelta(t, 1, math.Abs(dot), 1e-9)
	}
}

// The network projects on the components: its residual is orthogonal to them, and its error
// is the variance that they leave.
func TestPrincipalNetworkProjects(t *testing.T) {
	const n, w, k = 300, 5, 2
	data, p := principalData(t, n, w)
	require.Equal(t, k, p.count(.95))
	require.Equal(t, 1, p.count(.01))
	require.Equal(t, w-1, p.count(1-1e-12), "one is left out")
	net := p.network(k)
	require.NoError(t, net.Check())
	code, out := make([]float64, k*n), make([]float64, w*n)
	net.Forward(code, out, data.features, n, make([]float64, net.ScratchLen(n)))
	var sum, left float64
	for i, v := range data.features {
		sum += (v - out[i]) * (v - out[i]) / n
	}
	for _, v := range p.variance[k:] {
		left += v
	}
	require.InEpsilon(t, left, sum, 1e-9)
	for r := range n {
		for c := range k {
			var dot float64
			for f := range w {
				dot += (data.features[f*n+r] - out[f*n+r]) * p.axes.At(f, c)
			}
			require.InDelta(t, 0, dot, 1e-9)
		}
	}
}

// A few absurd rows do not turn the first component.
func TestPrincipalComponentsWithstandAbsurdRows(t *testing.T) {
	data, clean := principalData(t, 1000, 4)
	for _, r := range []int{10, 500} {
		data.features[3*data.n+r] = 1e9
	}
	p, err := newPrincipal(data, indicesOf(4))
	require.NoError(t, err)
	var dot float64
	for i := range 4 {
		dot += clean.axes.At(i, 0) * p.axes.At(i, 0)
	}
	require.Greater(t, math.Abs(dot), .9)
}

func TestPCAIsAModelLikeAnother(t *testing.T) {
	for name, levels := range map[string][]float64{"rows": nil, "series": {.05, .5}} {
		t.Run(name, func(t *testing.T) {
			cfg := PCA()
			cfg.RecentLevels = levels
			x := hostRows(1000, 1)
			m, rep := fit(t, x, cfg)
			require.Equal(t, StopClosedForm, rep.Stop)
			require.Zero(t, rep.Steps)
			for _, w := range rep.Warnings {
				require.NotEqual(t, WarnFewSteps, w.Kind)
			}
			again, _ := fit(t, x, cfg)
			var a, b bytes.Buffer
			require.NoError(t, m.Save(&a))
			require.NoError(t, again.Save(&b))
			require.Equal(t, a.String(), b.String())
			loaded, err := dagmm.Load(&a)
			require.NoError(t, err)
			want, err := m.Series(nil, x)
			require.NoError(t, err)
			got, err := loaded.Series(nil, x)
			require.NoError(t, err)
			require.Equal(t, want, got)
			e, err := loaded.ExplainSeries(x, 300)
			require.NoError(t, err)
			require.True(t, e.Verdict.Anomalous, e.String())
			require.Less(t, e.Verdict.PValue, .02)
		})
	}
}

// Constant metrics have no component, but a value that moves counts.
func TestPCASeesConstantMetricsMove(t *testing.T) {
	x := hostRows(500, 2)
	for r := range 500 {
		x.Set(r, 1, 40)
	}
	m, _ := fit(t, x, PCA())
	row := append([]float64(nil), x.RawRowView(20)...)
	row[1] = 60
	v, err := m.Detect(row)
	require.NoError(t, err)
	require.True(t, v.Anomalous)
}

func TestPCARejectsForecasts(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.Network.Predict = true },
		func(c *Config) { c.Network.Alternate = true },
		func(c *Config) { c.Network.PrincipalComponents = 1 },
		func(c *Config) { c.Network.PrincipalComponents = -.1 },
		func(c *Config) { c.Network.PrincipalComponents = math.NaN() },
	} {
		cfg := PCA()
		cfg.RecentLevels = []float64{.5}
		change(&cfg)
		_, _, err := Fit(context.Background(), hostRows(100, 1), cfg)
		require.ErrorIs(t, err, ErrConfig)
	}
}

func BenchmarkFitPCA1000x4(b *testing.B) {
	x := hostRows(1000, 1)
	for b.Loop() {
		_, _, err := Fit(context.Background(), x, PCA())
		require.NoError(b, err)
	}
}
