package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// fake answers with counters that grow steadily, taking its time over it.
type fake struct {
	reads int
	takes func(read int) time.Duration
	fails map[int]error
	after func(read int)
}

func (f *fake) Read() (Counters, error) {
	f.reads++
	at := time.Now()
	if f.takes != nil {
		time.Sleep(f.takes(f.reads))
	}
	if f.after != nil {
		defer f.after(f.reads)
	}
	n := float64(f.reads)
	return Counters{At: at, CPUBusy: n, CPUTotal: 4 * n, Mem: 50,
		Disk: map[string]uint64{"sda": uint64(100 * n)}, NetIn: map[string]uint64{"eth0": uint64(1000 * n)}}, f.fails[f.reads]
}

// recordFake runs a recorder on a simulated clock and returns its lines.
func recordFake(t *testing.T, f *fake, rows int, label string) []string {
	t.Helper()
	var out bytes.Buffer
	r := &recorder{sampler: f, table: &table{w: &out, labelled: label != ""}, interval: time.Second,
		rows: rows, label: label, failed: func(error) {}}
	require.NoError(t, r.run(t.Context()))
	return strings.Fields(out.String())
}

func TestRecorderTicksDontDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{takes: func(int) time.Duration { return 300 * time.Millisecond }}
		time.Sleep(123 * time.Millisecond)
		lines := recordFake(t, f, 100, "")
		require.Len(t, lines, 100)
		first, err := time.Parse(timeLayout, lines[0][:24])
		require.NoError(t, err)
		require.Zero(t, first.Nanosecond())
		for i, line := range lines {
			require.True(t, strings.HasPrefix(line, first.Add(time.Duration(i)*time.Second).Format(timeLayout)+",25.000,50.000,"), line)
		}
	})
}

func TestRecorderSkipsMissedTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{takes: func(read int) time.Duration {
			if read == 3 {
				return 3500 * time.Millisecond
			}
			return 0
		}}
		lines := recordFake(t, f, 4, "")
		require.Len(t, lines, 4)
		require.Contains(t, lines[1], ",10.000,8000", lines[1])
		require.Contains(t, lines[2], ",2.500,2000", "rates over the four seconds that passed")
		require.Contains(t, lines[3], ",10.000,8000")
	})
}

func TestRecorderOutlivesFailedReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failures []error
		broken := errors.New("broken")
		var out bytes.Buffer
		f := &fake{fails: map[int]error{3: broken}}
		r := &recorder{sampler: f, table: &table{w: &out}, interval: time.Second, rows: 3,
			failed: func(err error) { failures = append(failures, err) }}
		require.NoError(t, r.run(t.Context()))
		require.Equal(t, []error{broken}, failures)
		require.Equal(t, 3, strings.Count(out.String(), "\n"))
		require.Equal(t, 6, f.reads, "a row needs two readings in a row")
	})
}

func TestRecorderLabels(t *testing.T) {
	label := filepath.Join(t.TempDir(), "fault")
	synctest.Test(t, func(t *testing.T) {
		f := &fake{after: func(read int) {
			switch read {
			case 3:
				require.NoError(t, os.WriteFile(label, []byte("x"), 0o644))
			case 5:
				require.NoError(t, os.WriteFile(label, nil, 0o644))
			}
		}}
		lines := recordFake(t, f, 5, label)
		var labels string
		for _, l := range lines {
			labels += l[len(l)-1:]
		}
		require.Equal(t, "00110", labels)
	})
}

func TestRecorderStopsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 4500*time.Millisecond)
		defer cancel()
		var out bytes.Buffer
		r := &recorder{sampler: &fake{}, table: &table{w: &out}, interval: time.Second}
		require.NoError(t, r.run(ctx))
		require.Equal(t, byte('\n'), out.Bytes()[out.Len()-1])
	})
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestRecorderReportsWriteError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{sampler: &fake{}, table: &table{w: fullDisk{}}, interval: time.Second}
		require.ErrorContains(t, r.run(t.Context()), "no space left")
	})
}
