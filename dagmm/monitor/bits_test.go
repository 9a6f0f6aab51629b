//go:build amd64 && !noasm

package monitor_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/ingest"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/examples/flagcsv/sample"
	"github.com/metric-streams/anomaly/internal/kernel"
)

// TestBits compares models, energies and alarms of the embedded recording and of generated
// hosts with those in testdata/bits, to the last bit. The bits belong to a processor's path
// of arithmetic and to one way of compiling: elsewhere the test is skipped. After a change
// that is meant to move them, ANOMALY_BITS=update writes the file of the path in use anew.
func TestBits(t *testing.T) {
	if !plainAMD64() {
		t.Skip("the bits are those of amd64 at its lowest level (GOAMD64=v1)")
	}
	path := filepath.Join("testdata", "bits", kernel.Path()+".txt")
	var got strings.Builder
	for _, c := range []struct {
		name  string
		lines func(*testing.T) []string
	}{
		{"recording", bitsOfRecording},
		{"host", bitsOfHost},
		{"monitor", bitsOfMonitor},
		{"seasonal monitor", bitsOfSeasonalMonitor},
	} {
		for _, line := range c.lines(t) {
			fmt.Fprintf(&got, "%s: %s\n", c.name, line)
		}
	}
	if os.Getenv("ANOMALY_BITS") == "update" {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("no bits are kept of the path %s", kernel.Path())
	}
	require.NoError(t, err)
	lines, now := strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")
	for i := range min(len(lines), len(now)) {
		require.Equal(t, lines[i], now[i], "%s, line %d", path, i+1)
	}
	require.Len(t, now, len(lines))
}

// plainAMD64 reports whether the compiler may use only what every amd64 processor has:
// from GOAMD64=v3 on it fuses multiplications and additions.
func plainAMD64() bool {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "GOAMD64" {
			return s.Value == "v1"
		}
	}
	return false
}

// host returns ordinary consecutive samples of a synthetic host.
func host(rows int, seed uint64) *mat.Dense {
	t, _, err := dataset.Generate(dataset.GenerateConfig{Rows: rows, Seed: seed})
	if err != nil {
		panic(err)
	}
	return t.X
}

func fit(t testing.TB, x mat.Matrix, cfg train.Config) *dagmm.Model {
	t.Helper()
	m, _, err := train.Fit(context.Background(), x, cfg)
	require.NoError(t, err)
	return m
}

// small makes a preset quick to train.
func small(cfg train.Config) train.Config {
	cfg.Seed, cfg.Members, cfg.Optimizer.MinSteps = 3, 2, 300
	return cfg
}

// gaps replaces values by NaN with the given probability.
func gaps(x *mat.Dense, share float64, seed uint64) *mat.Dense {
	rng := rand.New(rand.NewPCG(seed, 5))
	out := mat.DenseCopyOf(x)
	out.Apply(func(_, _ int, v float64) float64 {
		if rng.Float64() < share {
			return math.NaN()
		}
		return v
	}, out)
	return out
}

// digest sums up numbers by their bits.
func digest(values []float64) string {
	h := sha256.New()
	for _, v := range values {
		if v != v {
			v = math.NaN() // one NaN for all
		}
		_ = binary.Write(h, binary.LittleEndian, v)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:12])
}

func bitsOfModel(t *testing.T, m *dagmm.Model, x *mat.Dense) []string {
	var file bytes.Buffer
	require.NoError(t, m.Save(&file))
	energies, err := m.Series(nil, x)
	require.NoError(t, err)
	return []string{
		fmt.Sprintf("model %x", sha256.Sum256(file.Bytes())),
		fmt.Sprintf("energies %s, threshold %x", digest(energies), m.Threshold()),
	}
}

// bitsOfEvent is everything that an event tells in numbers.
func bitsOfEvent(e alarm.Event) string {
	s := fmt.Sprintf("%s %s %q seq %d alarm %d %s to %s, %d samples, %s", e.Time.UTC().Format(time.RFC3339Nano), e.Kind, e.Stream, e.Seq, e.Alarm,
		e.Start.UTC().Format(time.RFC3339), e.End.UTC().Format(time.RFC3339), e.Samples, e.Severity)
	s += fmt.Sprintf(", peak %s %s %q", e.Peak.Time.UTC().Format(time.RFC3339), digest(append([]float64{e.Peak.Energy, e.Peak.Threshold, e.Peak.PValue}, e.Peak.Values...)), e.Metric)
	if why := e.Explanation; why != nil {
		numbers := []float64{why.Clears, why.Verdict.Energy, why.Verdict.Threshold}
		for _, c := range why.Contributions {
			s += " " + c.Metric
			numbers = append(numbers, c.Share, c.Value, c.Low, c.High)
		}
		s += fmt.Sprintf(" %q %s, %s", why.Pair, digest(numbers), why)
	}
	return s
}

func bitsOfDetector(t *testing.T, m *dagmm.Model, training *mat.Dense, cfg alarm.Config, x *mat.Dense) []string {
	d, err := alarm.New(m, training, cfg)
	require.NoError(t, err)
	var out []string
	var numbers []float64
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	n, _ := x.Dims()
	for r := range n {
		result, err := d.Next(start.Add(time.Duration(r)*cfg.Interval), x.RawRowView(r))
		require.NoError(t, err)
		numbers = append(numbers, result.Energy, result.Threshold, result.PValue, float64(result.Completeness))
		for _, e := range result.Events {
			out = append(out, bitsOfEvent(e))
		}
	}
	return append(out, "samples "+digest(numbers))
}

func bitsOfRecording(t *testing.T) []string {
	table, err := dataset.ReadCSV(bytes.NewReader(sample.Recording), dataset.CSVOptions{})
	require.NoError(t, err)
	var out []string
	for _, preset := range []train.Config{train.Metrics(), train.Series()} {
		cfg := small(preset)
		cfg.Columns = table.Columns
		m := fit(t, table.X, cfg)
		out = append(out, bitsOfModel(t, m, table.X)...)
		out = append(out, bitsOfDetector(t, m, table.X, alarm.Config{Interval: time.Second}, table.X)...)
	}
	return out
}

func bitsOfHost(t *testing.T) []string {
	faults := []int{700, 1500, 2400}
	table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 3000, Seed: 7})
	require.NoError(t, err)
	x := table.X
	for k, at := range faults {
		for r := at; r < at+20+100*k; r++ {
			x.Set(r, k, 1.5*x.At(r, k)+20)
		}
	}
	for r := 2700; r < 2900; r++ {
		x.Set(r, 1, 50)
	}
	x = gaps(x, .01, 3)
	training := host(1500, 8)
	cfg := small(train.Series())
	cfg.Columns = table.Columns
	m := fit(t, training, cfg)
	out := bitsOfModel(t, m, x)
	for _, d := range []alarm.Config{
		{Interval: time.Minute},
		{Interval: time.Minute, Budget: 1, Repeat: time.Hour},
		{Interval: time.Minute, Budget: 4, Open: 2, Of: 4, Recover: .5, Sudden: 1e-3, Adapt: &alarm.AdaptConfig{Memory: 500}},
		{Interval: time.Minute, Budget: 2, Cap: true, Cooldown: time.Hour, Metrics: map[string]alarm.MetricRule{"mem": {Direction: alarm.High, MinDeviation: 5}}},
	} {
		out = append(out, bitsOfDetector(t, m, training, d, x)...)
	}
	return out
}

// quickTrain trains with the settings of a Monitor's training function.
func quickTrain(ctx context.Context, w *monitor.Window) (*dagmm.Model, error) {
	cfg := train.Series()
	cfg.Members, cfg.Optimizer.MinSteps, cfg.Network.Hidden = 2, 60, []int{6}
	cfg.Columns, cfg.Times, cfg.Exclude, cfg.Seed = w.Columns, w.Times, w.Exclude, 1+w.Number
	m, _, err := train.Fit(ctx, w.X, cfg)
	return m, err
}

func bitsOfStreams(t *testing.T, cfg monitor.Config, rows int) []string {
	var out []string
	cfg.Columns, cfg.Synchronous, cfg.Train = dataset.HostMetrics(), true, quickTrain
	cfg.Handle = func(e alarm.Event) { out = append(out, bitsOfEvent(e)) }
	m, err := monitor.Open(cfg)
	require.NoError(t, err)
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for k, name := range []string{"a", "b"} {
		table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: rows, Seed: uint64(20 + k), Interval: cfg.Interval})
		require.NoError(t, err)
		x := gaps(table.X, .005, uint64(k))
		rng := rand.New(rand.NewPCG(1, uint64(k)))
		var total float64
		for r := range rows {
			row := x.RawRowView(r)
			if r > rows/2 && r < rows/2+30*(k+1) {
				row[0] = 99
			}
			if k == 1 && r > rows*3/4 {
				row[2] += 30 // it stays so
			}
			if _, counts := cfg.Input.Metrics["net_in"]; counts && row[3] == row[3] {
				total = math.Mod(total+row[3]*cfg.Interval.Seconds(), 1<<32)
				row[3] = math.Floor(total)
			}
			if rng.Float64() < .01 {
				continue // lost
			}
			require.NoError(t, m.Push(name, start.Add(time.Duration(r)*cfg.Interval), row))
		}
		require.NoError(t, m.Tick(start.Add(time.Duration(rows+60)*cfg.Interval)))
		profile, err := m.Profile(name, nil)
		require.NoError(t, err)
		var limits []float64
		for _, l := range profile.Limits(nil, start, 3) {
			limits = append(limits, l.Low, l.Level, l.High)
		}
		out = append(out, fmt.Sprintf("profile %s %s", profile.Kind, digest(limits)))
		out = append(out, bitsOfModel(t, m.Model(name), host(200, 4))...)
	}
	require.NoError(t, m.Close())
	return out
}

func bitsOfMonitor(t *testing.T) []string {
	cfg := monitor.Config{Interval: time.Minute, WarmUp: 400, Retrain: 12 * time.Hour, Admit: 2 * time.Hour, Window: monitor.WindowConfig{Recent: 400, Days: 1, PerHour: 10}}
	cfg.Detector = alarm.Config{Budget: 4}
	cfg.Input = ingest.Config{Metrics: map[string]ingest.Rule{"net_in": {Counter: true}, "cpu": {Min: 0, Max: 100}}}
	return bitsOfStreams(t, cfg, 2200)
}

func bitsOfSeasonalMonitor(t *testing.T) []string {
	cfg := monitor.Config{Interval: 10 * time.Minute, WarmUp: 500, Retrain: 48 * time.Hour, Seasonal: true, Window: monitor.WindowConfig{Recent: 900}}
	cfg.Detector = alarm.Config{Budget: 2, Adapt: &alarm.AdaptConfig{}}
	return bitsOfStreams(t, cfg, 1400)
}
