package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
)

func fleetOf(n, rows int, cfg Config) []Host {
	hosts := make([]Host, n)
	for i := range hosts {
		hosts[i] = Host{Name: fmt.Sprint("host-", i), Rows: loadRows(rows, 4, uint64(i)), Config: cfg}
		hosts[i].Config.Seed = uint64(i)
	}
	return hosts
}

func modelText(t *testing.T, m *dagmm.Model) string {
	var b bytes.Buffer
	require.NoError(t, m.Save(&b))
	return b.String()
}

func TestFitAllEqualsFitAlone(t *testing.T) {
	hosts := fleetOf(5, 300, Config{Optimizer: OptimizerConfig{MinSteps: 60}})
	hosts[3].Load = func(context.Context) (mat.Matrix, error) { return loadRows(300, 4, 3), nil }
	hosts[3].Rows = nil
	alone := make([]string, len(hosts))
	for i := range hosts {
		m, _, err := Fit(t.Context(), loadRows(300, 4, uint64(i)), hosts[i].Config)
		require.NoError(t, err)
		alone[i] = modelText(t, m)
	}
	for _, workers := range []int{0, 1, 3, 20} {
		t.Run(fmt.Sprintf("workers=%d", workers), func(t *testing.T) {
			fitted, err := FitAll(t.Context(), hosts, FleetConfig{Workers: workers})
			require.NoError(t, err)
			require.Len(t, fitted, len(hosts))
			for i, f := range fitted {
				require.NoError(t, f.Err)
				require.Equal(t, hosts[i].Name, f.Name)
				require.Equal(t, alone[i], modelText(t, f.Model), "host %d", i)
				require.Equal(t, 300, f.Report.Rows)
			}
		})
	}
}

func TestFitAllKeepsErrorsApart(t *testing.T) {
	hosts := fleetOf(6, 200, Config{Optimizer: OptimizerConfig{MinSteps: 20}})
	hosts[1].Rows = mat.NewDense(50, 4, nil) // constant columns
	hosts[2].Rows = nil                      // neither Rows nor Load
	hosts[3].Rows, hosts[3].Load = nil, func(context.Context) (mat.Matrix, error) { return nil, errors.New("no route") }
	hosts[4].Rows, hosts[4].Load = nil, func(context.Context) (mat.Matrix, error) { return nil, nil }
	var last FleetProgress
	calls := 0
	fitted, err := FitAll(t.Context(), hosts, FleetConfig{Done: func(p FleetProgress) {
		calls++
		require.Equal(t, calls, p.Finished)
		require.Equal(t, hosts[p.Host].Name, p.Name)
		last = p
	}})
	require.NoError(t, err)
	require.Equal(t, 6, calls)
	require.Equal(t, 4, last.Failed)
	require.NoError(t, fitted[0].Err)
	require.NoError(t, fitted[5].Err)
	for _, i := range []int{1, 2, 4} {
		require.ErrorIs(t, fitted[i].Err, ErrData)
		require.Nil(t, fitted[i].Model)
	}
	require.ErrorContains(t, fitted[1].Err, "host 1 (host-1)")
	require.ErrorContains(t, fitted[3].Err, "no route")
}

func TestFitAllReleasesAndCancels(t *testing.T) {
	hosts := fleetOf(8, 200, Config{Optimizer: OptimizerConfig{MinSteps: 20}})
	fitted, err := FitAll(t.Context(), hosts, FleetConfig{Release: true, Done: func(p FleetProgress) { require.NotNil(t, p.Model) }})
	require.NoError(t, err)
	for _, f := range fitted {
		require.NoError(t, f.Err)
		require.Nil(t, f.Model)
	}

	ctx, cancel := context.WithCancel(t.Context())
	var finished atomic.Int32
	fitted, err = FitAll(ctx, hosts, FleetConfig{Workers: 2, Done: func(p FleetProgress) {
		if finished.Add(1) == 2 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	done := 0
	for _, f := range fitted {
		if f.Err == nil {
			done++
		} else {
			require.ErrorIs(t, f.Err, context.Canceled)
		}
	}
	require.GreaterOrEqual(t, done, 2)
	require.Less(t, done, len(hosts))

	none, err := FitAll(t.Context(), nil, FleetConfig{})
	require.NoError(t, err)
	require.Empty(t, none)
}

// BenchmarkFleet100 trains the default preset for 100 hosts of 1000 × 4, with one worker and
// with one per processor, from the start and from the models in use. It releases the models, as
// a service does that stores them one by one.
func BenchmarkFleet100(b *testing.B) {
	cold := fleetOf(100, 1000, Config{})
	warm := sync.OnceValue(func() []Host { return inUse(b, cold) })
	for _, workers := range []int{1, runtime.GOMAXPROCS(0)} {
		b.Run(fmt.Sprintf("cold/workers=%d", workers), func(b *testing.B) { benchmarkFleet(b, cold, workers) })
		b.Run(fmt.Sprintf("warm/workers=%d", workers), func(b *testing.B) { benchmarkFleet(b, warm(), workers) })
	}
}

// inUse returns the hosts with models of theirs to start from.
func inUse(b *testing.B, hosts []Host) []Host {
	fitted, err := FitAll(context.Background(), hosts, FleetConfig{})
	if err != nil {
		b.Fatal(err)
	}
	later := slices.Clone(hosts)
	for i, f := range fitted {
		later[i].Config.From = f.Model
	}
	return later
}

func benchmarkFleet(b *testing.B, hosts []Host, workers int) {
	b.ReportAllocs()
	for b.Loop() {
		fitted, err := FitAll(context.Background(), hosts, FleetConfig{Workers: workers, Release: true})
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range fitted {
			if f.Err != nil {
				b.Fatal(f.Err)
			}
		}
	}
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "hosts/s")
	if peak := peakMemory(); peak > 0 {
		b.ReportMetric(peak, "peak-MB")
	}
}

// peakMemory is the largest resident size of this process so far, in MB, or 0 where the
// system does not report it.
func peakMemory() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			kb, _ := strconv.ParseFloat(fields[1], 64)
			return kb / 1024
		}
	}
	return 0
}
