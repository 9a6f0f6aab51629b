package onnx

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/season"
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/gmm"
	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

func TestMetadata(t *testing.T) {
	k := allKinds(t)["series"]
	p := decode(write(t, k.Model, Options{Float32: true})).properties
	require.Equal(t, "dagmm-onnx", p["format"])
	require.Equal(t, "1", p["format_version"])
	require.Equal(t, k.Training().Version, p["library_version"])
	require.NotEmpty(t, p["library_version"])
	require.Equal(t, "series", p["preset"])
	require.Equal(t, `["cpu","mem","disk","net_in","limit","traffic"]`, p["columns"])
	require.Equal(t, strconv.FormatFloat(k.Threshold(), 'g', -1, 64), p["threshold"])
	require.Equal(t, "0.99", p["quantile"])
	require.Equal(t, "float", p["precision"])
	require.Equal(t, "[0.05,0.5]", p["smoothing"])
	require.Equal(t, "20", p["warm_up"])
	require.NotContains(t, p, "interval_seconds")
	require.NotContains(t, p, "season_zone")
	require.NotContains(t, p, "reading")

	read := with(t, k.Model, func(p *dagmm.Parameters) { p.Reading = &dagmm.Reading{Counters: []string{"net_in"}} })
	require.Equal(t, `{"counters":["net_in"]}`, decode(write(t, read, Options{})).properties["reading"])

	p = decode(write(t, allKinds(t)["season"].Model, Options{})).properties
	require.Equal(t, "60", p["interval_seconds"])
	require.Equal(t, "Asia/Kolkata", p["season_zone"])
	require.Equal(t, "double", p["precision"])
}

// with is the model with other parameters.
func with(t testing.TB, m *dagmm.Model, change func(p *dagmm.Parameters)) *dagmm.Model {
	t.Helper()
	p := m.Parameters()
	p.Columns, p.Scaler.Columns = slices.Clone(p.Columns), slices.Clone(p.Scaler.Columns)
	p.Members = slices.Clone(p.Members)
	change(&p)
	m, err := dagmm.New(p)
	require.NoError(t, err)
	return m
}

func TestWhatCannotBeWrittenIsNamed(t *testing.T) {
	m := allKinds(t)["metrics"].Model
	for name, c := range map[string]struct {
		m    *dagmm.Model
		opt  Options
		want string
	}{
		"no model": {nil, Options{}, "no model"},
		"name":     {with(t, m, func(p *dagmm.Parameters) { p.Columns[1] = "m\xff" }), Options{}, `property columns, ["cpu" "m\xff"`},
		"preset":   {with(t, m, func(p *dagmm.Parameters) { p.Training.Preset = "\xff" }), Options{}, `property preset, "\xff"`},
		"local":    {inSeason(t, m, time.FixedZone("Local", 3600)), Options{}, `time zone "Local"`},
		"zone":     {inSeason(t, m, time.FixedZone("east", 3600)), Options{}, `time zone "east"`},
		"center": {with(t, m, func(p *dagmm.Parameters) { p.Scaler.Columns[2] = absurdScale(1e300, 1e299) }),
			Options{Float32: true}, "centers: number 2 is 1e+300, which is too large for single precision"},
		"scale": {with(t, m, func(p *dagmm.Parameters) { p.Scaler.Columns[0] = absurdScale(0, 1e-60) }),
			Options{Float32: true}, `scales: number 0 is 1e-60, which is too small for single precision`},
		"reading": {with(t, m, func(p *dagmm.Parameters) { p.Reading = &dagmm.Reading{Missing: []string{"?", "\xc0"}} }), Options{}, "property reading"},
		"clip":    {with(t, m, func(p *dagmm.Parameters) { p.Members[0].Clip = 1e-200 }), Options{Float32: true}, "member 0: 1/clip: number 0 is 1e+200"},
		"mixture": {with(t, m, func(p *dagmm.Parameters) { p.Members[1].Mixtures = []*gmm.Mixture{wide(t, p.Members[1].LatentDim())} }),
			Options{Float32: true}, "member 1, mixture 0: reciprocal deviations: number 0 is 9.999"},
		"threshold": {with(t, m, func(p *dagmm.Parameters) { p.Threshold = -1e40 }), Options{Float32: true}, "threshold: number 0 is -1e+40"},
		"calibration": {with(t, m, func(p *dagmm.Parameters) { p.Calibration = dagmm.NewCalibration([]float64{0, 1e50}) }),
			Options{Float32: true}, "calibration: number 1 is 1e+50"},
		"weight": {with(t, m, func(p *dagmm.Parameters) {
			network := p.Members[1].Network.Clone()
			network.Decoder[0].Theta[3] = 1e39
			p.Members[1].Network = network
		}), Options{Float32: true}, "member 1: decoder: layer 0: number 3 is 1e+39"},
	} {
		var b countingWriter
		err := Write(&b, c.m, c.opt)
		require.ErrorIs(t, err, ErrModel, name)
		require.ErrorContains(t, err, "onnx: write: ", name)
		require.ErrorContains(t, err, c.want, name)
		require.Zero(t, b, "%s: nothing is written", name)
		if c.opt.Float32 {
			require.NoError(t, Write(&b, c.m, Options{}), "%s: double precision holds it", name)
		}
	}
}

// wide is a mixture whose standard deviations are 1e50.
func wide(t testing.TB, d int) *gmm.Mixture {
	sigma := mat.NewSymDense(d, nil)
	for i := range d {
		sigma.SetSym(i, i, 1e100)
	}
	m, err := gmm.NewMixture([]float64{1}, mat.NewDense(1, d, nil), []*mat.SymDense{sigma})
	require.NoError(t, err)
	return m
}

func TestNamesSurvive(t *testing.T) {
	names := []string{"CPU <%> & \"user\"", "Speicher (°C) \u2028", "磁盘\n", "\ufffd\x00", `\ufffd`, `\\ufffd`}
	m := with(t, allKinds(t)["metrics"].Model, func(p *dagmm.Parameters) { p.Columns = names })
	var back []string
	require.NoError(t, json.Unmarshal([]byte(decode(write(t, m, Options{})).properties["columns"]), &back))
	require.Equal(t, names, back)
}

func absurdScale(center, scale float64) dataset.ColumnScale {
	return dataset.ColumnScale{Transform: dataset.Linear, Unit: 1, Center: center, Scale: scale, Min: center, Low: center, High: center, Max: center}
}

// inSeason is the model with a season in a zone.
func inSeason(t testing.TB, m *dagmm.Model, zone *time.Location) *dagmm.Model {
	times := make([]time.Time, 240)
	x := mat.NewDense(len(times), len(m.Columns()), nil)
	for i := range times {
		times[i] = dagmmtest.Start.Add(time.Duration(i) * time.Hour)
		for j := range m.Columns() {
			x.Set(i, j, float64(i%24))
		}
	}
	p, err := season.New(m.Columns(), times, x, zone)
	require.NoError(t, err)
	m, err = m.WithSeason(p)
	require.NoError(t, err)
	require.NotNil(t, m.Season())
	return m
}

type countingWriter int

func (w *countingWriter) Write(p []byte) (int, error) {
	*w += countingWriter(len(p))
	return len(p), nil
}

type faulty struct{}

var errDisk = errors.New("disk full")

func (faulty) Write([]byte) (int, error) { return 0, errDisk }

func TestErrorsOfTheWriterArePassedOn(t *testing.T) {
	err := Write(faulty{}, allKinds(t)["metrics"].Model, Options{})
	require.ErrorIs(t, err, errDisk)
	require.ErrorContains(t, err, "onnx: write: ")
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "host.onnx")
	m := allKinds(t)["metrics"].Model
	require.NoError(t, WriteFile(path, m, Options{}))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, write(t, m, Options{}), text)

	err = WriteFile(path, with(t, m, func(p *dagmm.Parameters) { p.Threshold = math.MaxFloat64 }), Options{Float32: true})
	require.ErrorIs(t, err, ErrModel)
	require.ErrorContains(t, err, path)
	again, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, text, again, "the file stays as it was")
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "no temporary file is left")
	require.ErrorIs(t, WriteFile(filepath.Join(filepath.Dir(path), "missing", "x"), m, Options{}), fs.ErrNotExist)
}
