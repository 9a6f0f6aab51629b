package onnx

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dataset"
)

// engine runs a file.
type engine func(inputs map[string]array) map[string]array

func write(t testing.TB, m *dagmm.Model, opt Options) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Write(&b, m, opt))
	return b.Bytes()
}

// hostile are values that no metric has.
func hostile(opt Options) []float64 {
	if opt.Float32 {
		return []float64{0, math.Copysign(0, -1), 1e-45, 1e30, -1e30, math.MaxFloat32, -math.MaxFloat32, math.NaN(), math.Inf(1), math.Inf(-1)}
	}
	return []float64{0, math.Copysign(0, -1), 5e-324, -2e-310, 1e30, -1e100, 1e300, -1e300, math.MaxFloat64, -math.MaxFloat64, math.NaN(), math.Inf(1), math.Inf(-1)}
}

// ordinary is how many samples come first that nothing is done to: after an absurd one, recent
// levels are off for a while.
const ordinary = 60

// sampler draws samples: ordinary ones, ones that are far out in some metrics, some with missing
// values and, where asked for, hostile ones.
type sampler struct {
	k       kind
	opt     Options
	hostile bool
	rng     *rand.Rand
	next    int
}

func (s *sampler) sample() []float64 {
	n, d := s.k.x.Dims()
	row := slices.Clone(s.k.x.RawRowView(s.next % n))
	s.next++
	kind := s.rng.IntN(4)
	if s.next <= ordinary {
		kind = 3
	}
	switch kind {
	case 0: // far out
		for range 1 + s.rng.IntN(2) {
			j := s.rng.IntN(d)
			c := s.k.Parameters().Scaler.Columns[j]
			row[j] += math.Exp(12*s.rng.Float64()) * (c.High - c.Low + 1e-3*math.Abs(c.High)) * s.rng.NormFloat64()
		}
	case 1:
		if s.rng.IntN(4) == 0 {
			row[s.rng.IntN(d)] = math.NaN()
		}
		if s.hostile {
			values := hostile(s.opt)
			for range 1 + s.rng.IntN(d) {
				row[s.rng.IntN(d)] = values[s.rng.IntN(len(values))]
			}
		}
	}
	for j, v := range row {
		row[j] = s.opt.round(v)
	}
	return row
}

// round rounds to the precision of a file.
func (o Options) round(v float64) float64 {
	if o.Float32 {
		return float64(float32(v))
	}
	return v
}

// number is the type of the numbers of a file.
func (o Options) number() dataType {
	if o.Float32 {
		return typeFloat
	}
	return typeDouble
}

// twin scores some streams in the library and by a file, and compares.
type twin struct {
	t       testing.TB
	k       kind
	opt     Options
	run     engine
	tail    *dagmm.Tail
	streams []*dagmm.Stream
	levels  array
	clock   time.Time
	worst   float64
	// Compared energies in the lower half of the calibration, its upper tenth, and above it.
	body, upper, above int
}

func newTwin(t testing.TB, k kind, opt Options, run engine, streams int) *twin {
	w := &twin{t: t, k: k, opt: opt, run: run, tail: k.Tail(), clock: time.Date(2026, 3, 1, 0, 30, 0, 0, time.UTC)}
	for range streams {
		w.streams = append(w.streams, k.Stream())
	}
	p := k.Parameters()
	dims := []int{streams, len(p.RecentLevels.Alphas) + 1, len(p.Columns)}
	w.levels = floats(opt.number(), slices.Repeat([]float64{math.NaN()}, product(dims)), dims...)
	return w
}

// step scores a sample of each stream. Where the model has a season, it is added to them.
func (w *twin) step(samples [][]float64) {
	n, d := len(samples), len(samples[0])
	season := w.k.Season()
	if season != nil {
		for _, x := range samples {
			for j, v := range season.Offsets(w.clock) {
				x[j] = w.opt.round(x[j] + v)
			}
		}
	}
	inputs := map[string]array{"metrics": floats(w.opt.number(), slices.Concat(samples...), n, d)}
	if season != nil {
		at := w.clock.In(season.Zone())
		hour := float64(24*int(at.Weekday()) + at.Hour())
		inputs["hour"] = floats(typeInt64, slices.Repeat([]float64{hour}, n), n)
	}
	if w.k.HasContext() {
		inputs["levels"] = w.levels
	}
	out := w.run(inputs)
	if w.k.HasContext() {
		w.levels = out["next_levels"]
	}
	for i, x := range samples {
		x = season.Deseasonalised(w.clock, x)
		w.compare(i, x, out)
		if w.beyond(x) {
			w.restart(i)
		}
	}
	w.clock = w.clock.Add(83 * time.Minute)
}

// restart lets a stream start afresh.
func (w *twin) restart(i int) {
	w.streams[i].Reset()
	size := product(w.levels.dims[1:])
	for k := range size {
		w.levels.data[i*size+k] = math.NaN()
	}
}

// coarse is the scaled value from which on single precision holds a deviation from a recent level,
// which is as large, to no better than a thousandth.
const coarse = 1e4

// beyond reports whether a sample is so far out that single precision says something else of it.
func (w *twin) beyond(x []float64) bool {
	if !w.opt.Float32 {
		return false
	}
	limit := float64(limitFloat)
	if w.k.HasContext() {
		limit = coarse
	}
	for j, v := range x {
		c := w.k.Parameters().Scaler.Columns[j]
		if math.Abs(c.Apply(v)) >= limit || c.Transform == dataset.Log1p && math.Abs(v)/c.Unit > math.MaxFloat32 {
			return true
		}
	}
	return false
}

func (w *twin) compare(i int, x []float64, out map[string]array) {
	t, s := w.t, w.streams[i]
	verdict, err := s.Next(x)
	if err != nil { // an infinite value, which leaves the stream as it was
		require.ErrorIs(t, err, dagmm.ErrNotFinite)
		verdict = dagmm.Verdict{Energy: math.NaN(), PValue: math.NaN()}
	}
	energy, p, tail := out["energy"].data[i], out["p_value"].data[i], out["tail_p_value"].data[i]
	anomalous := out["anomalous"].data[i] == 1
	where := fmt.Sprintf("sample %g", x)
	if math.IsNaN(verdict.Energy) {
		require.True(t, math.IsNaN(energy) && math.IsNaN(p) && math.IsNaN(tail) && !anomalous, "%s: %g, %g, %g, %t", where, energy, p, tail, anomalous)
	} else {
		require.True(t, math.Abs(energy) <= math.MaxFloat64 && p > 0 && p <= 1 && tail > 0 && tail <= p, "%s: %g, %g, %g", where, energy, p, tail)
	}
	if w.beyond(x) {
		return
	}
	if !math.IsNaN(verdict.Energy) {
		tolerance := 1e-9
		if w.opt.Float32 {
			tolerance = cmp.Or(w.k.single, 1e-4)
		}
		tolerance *= math.Max(1, math.Abs(verdict.Energy))
		difference := math.Abs(energy - verdict.Energy)
		if w.opt.Float32 && verdict.Energy > math.MaxFloat32 {
			difference = math.MaxFloat32 - energy
		}
		w.worst = max(w.worst, difference/math.Max(1, math.Abs(verdict.Energy)))
		require.LessOrEqual(t, difference, tolerance, "%s: energy %g, want %g", where, energy, verdict.Energy)
		if math.Abs(verdict.Energy-verdict.Threshold) > tolerance {
			require.Equal(t, verdict.Anomalous, anomalous, where)
		}
		switch energies := w.k.Calibration().Energies; {
		case verdict.Energy > energies[len(energies)-1]:
			w.above++
		case verdict.PValue < .1:
			w.upper++
		case verdict.PValue > .5:
			w.body++
		}
		w.between(p, w.k.PValue, verdict.Energy, tolerance, where)
		w.between(tail, w.tail.PValue, verdict.Energy, tolerance, where)
	}
	if w.k.HasContext() {
		w.compareLevels(s.State().Past, i, out["next_levels"], where)
	}
}

// between requires that p is the p-value of an energy, give or take a tolerance.
func (w *twin) between(p float64, of func(float64) float64, energy, tolerance float64, where string) {
	const rounding = 1e-6
	low, high := of(energy+tolerance), of(energy-tolerance)
	require.True(w.t, p >= low*(1-rounding) && p <= high*(1+rounding), "%s: p-value %g, want %g to %g", where, p, low, high)
}

func (w *twin) compareLevels(past dagmm.Past, i int, levels array, where string) {
	d := len(past.Seen)
	want := slices.Concat(past.Levels, past.Previous)
	got := levels.data[i*len(want) : (i+1)*len(want)]
	tolerance := 1e-12
	if w.opt.Float32 {
		tolerance = 1e-4
	}
	for k, v := range want {
		if !past.Seen[k%d] {
			require.True(w.t, math.IsNaN(got[k]), "%s: level %d is %g", where, k, got[k])
			continue
		}
		require.InDelta(w.t, v, got[k], tolerance*math.Max(1, math.Abs(v)), "%s: level %d", where, k)
	}
}

// agree compares a file with the model on some hundred samples of three streams.
func agree(t testing.TB, k kind, opt Options, run engine, samples int) {
	for _, absurd := range []bool{false, true} {
		s := &sampler{k: k, opt: opt, hostile: absurd, rng: rand.New(rand.NewPCG(5, 6))}
		w := newTwin(t, k, opt, run, 3)
		for range samples {
			w.step([][]float64{s.sample(), s.sample(), s.sample()})
		}
		t.Logf("hostile %t: the energies differ by at most %.1e of max(1, |energy|)", absurd, w.worst)
		require.True(t, w.body > 0 && w.upper+w.above > 0, "%d, %d and %d energies of a kind", w.body, w.upper, w.above)
	}
}

func bothPrecisions(t *testing.T, f func(t *testing.T, k kind, opt Options)) {
	for name, k := range allKinds(t) {
		for precision, opt := range map[string]Options{"double": {}, "float": {Float32: true}} {
			t.Run(name+"/"+precision, func(t *testing.T) { f(t, k, opt) })
		}
	}
}

// The graph, computed by the definition of its operators, says what the model says.
func TestGraphAgrees(t *testing.T) {
	bothPrecisions(t, func(t *testing.T, k kind, opt Options) {
		agree(t, k, opt, decode(write(t, k.Model, opt)).run, 100)
	})
}

// Rows that are scored together have the scores that they have alone, and no row is no error.
func checkBatch(t testing.TB, load func(name string, text []byte) engine) {
	k := allKinds(t)["metrics"]
	run := load("batch", write(t, k.Model, Options{}))
	n, d := k.x.Dims()
	together := run(map[string]array{"metrics": floats(typeDouble, k.x.RawMatrix().Data, n, d)})
	want, err := k.Energies(nil, k.x)
	require.NoError(t, err)
	require.Equal(t, []int{n}, together["energy"].dims)
	require.InDeltaSlice(t, want, together["energy"].data, 1e-9)
	for i := range n {
		p := together["p_value"].data[i]
		require.True(t, p >= k.PValue(want[i]+1e-9) && p <= k.PValue(want[i]-1e-9))
	}
	none := run(map[string]array{"metrics": floats(typeDouble, nil, 0, d)})
	require.Equal(t, []int{0}, none["energy"].dims)
	require.Empty(t, none["anomalous"].data)
}

func TestBatch(t *testing.T) { checkBatch(t, interpret) }
