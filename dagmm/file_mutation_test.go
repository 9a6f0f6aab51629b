package dagmm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/season"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// smallModels are small models of every preset, and one with a season and a thinned
// calibration, each with rows like those that it has learned.
func smallModels(t testing.TB) map[string]smallModel {
	out := map[string]smallModel{}
	for name, cfg := range map[string]train.Config{"metrics": train.Metrics(), "series": train.Series(), "table": train.Table(), "paper": train.Paper("thyroid"),
		"autoencoder": train.Autoencoder(), "predict": func() train.Config {
			cfg := train.Series()
			cfg.Network.Predict, cfg.Mixture.Covariances = true, train.BothCovariances
			return cfg
		}()} {
		cfg.Network.Hidden, cfg.Members, cfg.Optimizer.MinSteps, cfg.Optimizer.Epochs, cfg.Mixture.Components = []int{3}, 1, 20, 2, 2
		rng := rand.New(rand.NewPCG(1, 9))
		x := mat.NewDense(60, 3, nil)
		for r := range 60 {
			x.SetRow(r, []float64{40 + 5*rng.NormFloat64(), math.Exp(8 + 3*rng.NormFloat64()), 7})
		}
		out[name] = smallModel{fit(t, x, cfg), x}
	}
	x := dagmmtest.Rows(3000, 1)
	m, err := dagmmtest.QuickModel(dagmmtest.Columns, x, nil, []float64{.05, .5})
	require.NoError(t, err)
	times := make([]time.Time, 24*30)
	hours := mat.NewDense(len(times), 3, nil)
	for i := range times {
		times[i] = dagmmtest.Start.Add(time.Duration(i) * time.Hour)
		hours.SetRow(i, []float64{float64(i % 24), 10, float64(i)})
	}
	p, err := season.New(dagmmtest.Columns, times, hours, nil)
	require.NoError(t, err)
	m, err = m.WithSeason(p)
	require.NoError(t, err)
	require.NotNil(t, m.Season())
	require.NotNil(t, m.Calibration().Rank)
	out["season"] = smallModel{m, x}
	return out
}

type smallModel struct {
	*dagmm.Model
	x *mat.Dense
}

// checkSound requires that what a model says of some rows makes sense.
func checkSound(t testing.TB, m *dagmm.Model, x *mat.Dense, name string) {
	tail := m.Tail()
	check := func(v dagmm.Verdict) {
		require.False(t, math.IsNaN(v.Energy) || math.IsInf(v.Energy, 0), "%s: energy %g", name, v.Energy)
		require.True(t, v.PValue > 0 && v.PValue <= 1, "%s: p-value %g", name, v.PValue)
		p := tail.PValue(v.Energy)
		require.True(t, p > 0 && p <= 1, "%s: p-value %g of the tail", name, p)
	}
	s := m.Stream()
	least := math.Inf(1)
	for r := range 6 {
		row := slices.Clone(x.RawRowView(r))
		switch r {
		case 3:
			row[0] *= -100
		case 4:
			row[1] = math.NaN()
		case 5:
			row[0], row[1] = 1e300, -1e300
		}
		v, _, err := s.Impute(row)
		require.NoError(t, err, name)
		check(v)
		least = min(least, v.PValue)
		if r%2 == 0 {
			continue
		}
		e, err := s.Explain()
		require.NoError(t, err, name)
		check(e.Verdict)
		require.NotEmpty(t, e.String(), name)
		require.LessOrEqual(t, e.Usual[0], e.Usual[1], name)
		var shares float64
		for _, c := range e.Contributions {
			require.LessOrEqual(t, c.Low, c.High, "%s: row %d: expected range of %s", name, r, c.Metric)
			shares += c.Share
		}
		require.InDelta(t, 1, shares, 1e-6, "%s: shares", name)
	}
	require.LessOrEqual(t, least, .5, "%s: no row is improbable", name)
	before := 1.
	for i, e := range m.Calibration().Energies {
		p := tail.PValue(e)
		require.True(t, p <= before && (i > 0 || p == 1), "%s: p-value %g of calibration energy %d, after %g", name, p, i, before)
		before = p
	}
	require.LessOrEqual(t, tail.PValue(math.MaxFloat64), 1/float64(1+m.Calibration().N), name)
	times := []time.Time{dagmmtest.Start}
	require.NotPanics(t, func() { m.Season().DeseasonalisedRows(times, mat.NewDense(1, len(m.Columns()), nil)) }, name)
}

// alter calls f with the text of every altered file. It alters one number or list at a
// time; of long lists the first two elements, the last, and one between. Elements after the
// first get a third of the alterations, in turn.
func alter(text []byte, f func(what string, altered []byte)) {
	var file map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&file); err != nil {
		panic(err)
	}
	delete(file, "checksum")
	write := func(path, what string) {
		body, err := json.Marshal(file)
		if err != nil {
			panic(err)
		}
		f(path+" "+what, seal(append(bytes.TrimSuffix(body, []byte("}")), `,"checksum":""}`...)))
	}
	turn := 0
	var walk func(path string, value any, set func(any))
	walk = func(path string, value any, set func(any)) {
		try := func(what string, v any) {
			set(v)
			write(path, what)
			set(value)
		}
		switch v := value.(type) {
		case json.Number:
			number, err := v.Float64()
			if err != nil {
				panic(err)
			}
			others := []string{"0", "-1", "1e300", "-1e300", "5e-324", fmt.Sprint(-number), fmt.Sprint(1000 * number), "1e999", `"NaN"`, "null"}
			for _, other := range others {
				if turn++; !strings.HasSuffix(path, "]") || strings.HasSuffix(path, "[0]") || turn%3 == 0 {
					try("is "+other, json.RawMessage(other))
				}
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				inner := v[key]
				delete(v, key)
				write(path+"."+key, "removed")
				v[key] = inner
				walk(path+"."+key, inner, func(o any) { v[key] = o })
			}
		case []any:
			reversed := slices.Clone(v)
			slices.Reverse(reversed)
			try("reversed", reversed)
			try("emptied", []any{})
			try("null", nil)
			if len(v) == 0 {
				return
			}
			last := len(v) - 1
			try("without its first", v[1:])
			try("without its last", v[:last])
			try("with its first twice", slices.Insert(slices.Clone(v), 0, v[0]))
			try("with its last twice", append(slices.Clone(v), v[last]))
			try("with its last instead of its first", append([]any{v[last]}, v[1:]...))
			for _, i := range slices.Compact([]int{0, min(1, last), last / 2, last}) {
				walk(fmt.Sprintf("%s[%d]", path, i), v[i], func(o any) { v[i] = o })
			}
		}
	}
	walk("", file, nil)
}

// Whatever somebody alters in a model file, with the right checksum on it: it is refused, or
// what the model says makes sense.
func TestAlteredModels(t *testing.T) {
	for name, m := range smallModels(t) {
		t.Run(name, func(t *testing.T) {
			text := save(t, m.Model)
			checkSound(t, m.Model, m.x, "as it was saved")
			refused, loaded, turn := 0, 0, 0
			alter(text, func(what string, altered []byte) {
				if turn++; raceEnabled && turn%7 != 0 {
					return
				}
				back, err := dagmm.Load(bytes.NewReader(altered))
				if err != nil {
					require.ErrorIs(t, err, dagmm.ErrModel, what)
					refused++
					return
				}
				loaded++
				if len(back.Columns()) == len(m.Columns()) {
					checkSound(t, back, m.x, what)
				}
			})
			t.Logf("%d bytes: refused %d, sound %d", len(text), refused, loaded)
			require.Greater(t, refused, (refused+loaded)/20)
			require.Greater(t, loaded, (refused+loaded)/20)
		})
	}
}

// What an altered file may say without being unsound is refused all the same where no Save
// writes it.
func TestLoadRefusesWhatNoSaveWrites(t *testing.T) {
	models := smallModels(t)
	models["two members"] = smallModel{Model: metricsModel(t)}
	for name, c := range map[string]struct{ model, old, new, want string }{
		"weights that overflow":   {"two members", `"weight":[^,}]*`, `"weight":1e308`, "member 0: weight"},
		"scale that overflows":    {"metrics", `"scale":[0-9.]+`, `"scale":5e-324`, "column 0 is scaled from"},
		"prototype without end":   {"metrics", `"prototypes":\[\[[^,]*`, `"prototypes":[[1e200`, "prototype 0 holds 1e+200"},
		"energy without end":      {"metrics", `"theta":\[[^,]*,[^,]*`, `"theta":[1e308,-1e308`, "energy of prototype 0 overflows"},
		"negative rows":           {"metrics", `"rows":60`, `"rows":-60`, "-60 rows"},
		"interval of millennia":   {"metrics", `"library_version"`, `"interval_seconds":1e12,"library_version"`, "1e+12 seconds"},
		"negative interval":       {"metrics", `"library_version"`, `"interval_seconds":-1,"library_version"`, "-1 seconds"},
		"clip whose inverse ends": {"metrics", `"clip":[0-9]+`, `"clip":5e-324`, "clip 5e-324"},
		"count without ranks":     {"metrics", `"calibration":{"n":60`, `"calibration":{"n":61`, "no ranks"},
		"rank of the lowest":      {"season", `"rank":\[3000`, `"rank":[2999`, "rank 0 is 2999"},
		"ranks of the highest":    {"season", `3,2,1\]`, `4,3,2]`, "is 4, of 3000"},
		"ranks of the tail":       {"season", `1000,999,998`, `1001,1000,998`, "is 1001, of 3000"},
		"level of a season":       {"season", `"level":\[\[[^,]*`, `"level":[[1e307`, "holds 1e+307"},
		"quantiles upside down":   {"metrics", `"low":[^,]*,"high":`, `"low":1e9,"high":`, "quantiles 1e+09"},
	} {
		t.Run(name, func(t *testing.T) {
			text, old := string(save(t, models[c.model].Model)), regexp.MustCompile(c.old)
			require.Regexp(t, old, text)
			checkBroken(t, seal([]byte(old.ReplaceAllString(text, c.new))), c.want)
		})
	}
}
