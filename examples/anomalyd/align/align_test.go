package align

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Unix(1_700_000_000, 0)

func open(t *testing.T, path string, cfg Config) *Aligner {
	t.Helper()
	a, discarded, err := Open(path, cfg)
	require.NoError(t, err)
	require.NoError(t, discarded)
	t.Cleanup(func() { _ = a.journal.close() })
	return a
}

func fresh(t *testing.T, columns ...Column) *Aligner {
	return open(t, filepath.Join(t.TempDir(), "journal"), Config{Columns: columns, Interval: 10 * time.Second})
}

// sample is one of stream a at a second after the start.
func sample(column int, series string, kind Kind, second, value float64) Sample {
	return Sample{Stream: []string{"a"}, Column: column, Series: series, Kind: kind, Time: start.UnixMilli() + int64(1000*second), Value: value}
}

func add(t *testing.T, a *Aligner, now time.Time, samples ...Sample) Counts {
	t.Helper()
	c, err := a.Add(samples, now)
	require.NoError(t, err)
	return c
}

// rows returns what is ready, as the seconds since the start and the values.
func rows(t *testing.T, a *Aligner, now time.Time) (out [][]float64) {
	t.Helper()
	require.NoError(t, a.Flush(now, func(r Row) error {
		out = append(out, append([]float64{r.Time.Sub(start).Seconds()}, r.Values...))
		return nil
	}))
	return out
}

func requireRows(t *testing.T, want, got [][]float64, message ...any) {
	t.Helper()
	require.Equal(t, fmt.Sprint(want), fmt.Sprint(got), message...) // NaN is like NaN
}

var nan = math.NaN()

// The first row waits, because nobody knows what belongs to it. Those after it come as soon as
// they have what the row before had, and wait for what is missing.
func TestRowsWaitForAllMetrics(t *testing.T) {
	a := fresh(t, Column{}, Column{})
	add(t, a, start, sample(0, "", Gauge, 1, 5), sample(1, "", Gauge, 2, 50))
	requireRows(t, nil, rows(t, a, start.Add(9*time.Second)))
	requireRows(t, [][]float64{{0, 5, 50}}, rows(t, a, start.Add(10*time.Second)))

	add(t, a, start.Add(11*time.Second), sample(0, "", Gauge, 11, 6))
	requireRows(t, nil, rows(t, a, start.Add(12*time.Second)))
	add(t, a, start.Add(12*time.Second), sample(1, "", Gauge, 12, 60))
	var complete []Row
	require.NoError(t, a.Complete(func(r Row) error {
		complete = append(complete, r)
		return nil
	}))
	require.Len(t, complete, 1)
	require.Equal(t, []float64{6, 60}, complete[0].Values)
	requireRows(t, nil, rows(t, a, start.Add(12*time.Second)))

	add(t, a, start.Add(21*time.Second), sample(0, "", Gauge, 21, 7), sample(0, "", Gauge, 29, 8))
	requireRows(t, nil, rows(t, a, start.Add(30*time.Second)))
	requireRows(t, [][]float64{{20, 8, nan}}, rows(t, a, start.Add(31*time.Second)), "the last sample of an interval counts")
	require.Zero(t, a.Pending())
	require.Equal(t, Counts{Late: 1}, add(t, a, start.Add(31*time.Second), sample(1, "", Gauge, 22, 70)))
	require.Equal(t, Counts{Extra: 1}, add(t, a, start.Add(31*time.Second), sample(0, "", Gauge, 29.5, 9)))
	require.Equal(t, uint64(7-1), a.Counts().Taken)
}

// Samples of the past, as after an outage, come in any order over the requests. Each row waits
// as long as one of the present does.
func TestBacklog(t *testing.T) {
	a := fresh(t, Column{}, Column{})
	for i := range 20 {
		add(t, a, start.Add(time.Hour), sample(0, "", Gauge, float64(10*i), float64(i)))
	}
	requireRows(t, nil, rows(t, a, start.Add(time.Hour)))
	var want [][]float64
	for i := range 20 {
		add(t, a, start.Add(time.Hour+time.Second), sample(1, "", Gauge, float64(10*i+1), float64(-i)))
		want = append(want, []float64{float64(10 * i), float64(i), float64(-i)})
	}
	requireRows(t, want, rows(t, a, start.Add(time.Hour+10*time.Second)))
}

// A counter becomes its increase per second, over the true time. One that starts anew says
// nothing at first.
func TestCounters(t *testing.T) {
	a := fresh(t, Column{Aggregate: "sum"})
	step := func(second, eth0, eth1 float64) [][]float64 {
		now := start.Add(time.Duration(second * float64(time.Second)))
		add(t, a, now, sample(0, "eth0", Counter, second, eth0), sample(0, "eth1", Counter, second, eth1))
		return rows(t, a, now.Add(10*time.Second))
	}
	requireRows(t, nil, step(1, 1000, 5))
	requireRows(t, [][]float64{{10, 12}}, step(11, 1100, 25))
	requireRows(t, [][]float64{{20, 15}}, step(26, 1250, 100))
	requireRows(t, nil, step(31, 10, 100))
	requireRows(t, [][]float64{{40, 2}}, step(41, 20, 110))

	add(t, a, start.Add(51*time.Second), sample(0, "eth2", Counter, 51, 1e9))
	requireRows(t, [][]float64{{50, 2}}, step(51, 30, 120), "a new series adds nothing at first")
	add(t, a, start.Add(61*time.Second), sample(0, "eth2", Counter, 61, 1e9+50))
	requireRows(t, [][]float64{{60, 7}}, step(61, 40, 130))
}

// Part of a sum is no sum: it is missing until the series comes again, has ended, or was missing
// for several rows.
func TestMissingSeries(t *testing.T) {
	a := fresh(t, Column{Aggregate: "sum"}, Column{})
	second := 0.
	step := func(samples ...Sample) []float64 {
		now := start.Add(time.Duration(second * float64(time.Second)))
		for i := range samples {
			samples[i].Time += int64(1000 * second)
		}
		add(t, a, now, samples...)
		second += 10
		got := rows(t, a, now.Add(10*time.Second))
		require.Len(t, got, 1)
		return got[0][1:]
	}
	x, y, other := sample(0, "x", Gauge, 0, 1), sample(0, "y", Gauge, 0, 2), sample(1, "", Gauge, 0, 9)
	require.Equal(t, []float64{3, 9}, step(x, y, other))
	for range missesAllowed {
		require.True(t, math.IsNaN(step(x, other)[0]))
	}
	require.True(t, math.IsNaN(step(x, other)[0]))
	require.Equal(t, []float64{1, 9}, step(x, other), "it is forgotten")
	require.Equal(t, []float64{3, 9}, step(x, y, other))
	require.Equal(t, []float64{1, 9}, step(x, sample(0, "y", Gone, 0, 0), other), "it has ended")
	require.Equal(t, []float64{3, 9}, step(x, y, other))
}

func TestAggregates(t *testing.T) {
	for aggregate, want := range map[string]float64{"sum": 6, "mean": 2, "max": 3, "min": 1, "": nan} {
		a := fresh(t, Column{Aggregate: aggregate}, Column{})
		add(t, a, start, sample(0, "x", Gauge, 0, 2), sample(0, "y", Gauge, 0, 3), sample(0, "z", Gauge, 0, 1), sample(1, "", Gauge, 0, 7))
		requireRows(t, [][]float64{{0, want, 7}}, rows(t, a, start.Add(10*time.Second)))
		require.Equal(t, aggregate == "", a.Counts().Ambiguous == 1)
	}
}

func TestDivisorScaleAndOffset(t *testing.T) {
	a := fresh(t, Column{Divided: true, Scale: -100, Offset: 100})
	total := sample(0, "total", Gauge, 0, 8)
	total.Divisor = true
	add(t, a, start, sample(0, "free", Gauge, 0, 2), total)
	requireRows(t, [][]float64{{0, 75}}, rows(t, a, start.Add(10*time.Second)))
	total.Value, total.Time = 0, total.Time+10_000
	add(t, a, start, sample(0, "free", Gauge, 10, 2), total)
	requireRows(t, nil, rows(t, a, start.Add(10*time.Second)), "nothing is divided by 0")
}

// A full Aligner takes nothing, keeps what it has, and takes again once rows have gone.
func TestFull(t *testing.T) {
	cfg := Config{Columns: make([]Column, 1), Interval: 10 * time.Second, MaxPending: 2}
	a := open(t, filepath.Join(t.TempDir(), "journal"), cfg)
	add(t, a, start, sample(0, "", Gauge, 0, 1), sample(0, "", Gauge, 10, 2))
	_, err := a.Add([]Sample{sample(0, "", Gauge, 20, 3)}, start)
	require.ErrorIs(t, err, ErrFull)
	requireRows(t, [][]float64{{0, 1}, {10, 2}}, rows(t, a, start.Add(10*time.Second)))
	require.Equal(t, uint64(1), add(t, a, start, sample(0, "", Gauge, 20, 3)).Taken)
	require.Equal(t, uint64(1), add(t, a, start, sample(0, "other", Gauge, 20, 3)).Taken)
	rows(t, a, start.Add(time.Hour))
	require.Equal(t, uint64(1), add(t, a, start, sample(0, "one too many", Gauge, 30, 3)).Refused)
	a.Forget([]string{"a"})
	require.Equal(t, uint64(1), add(t, a, start, sample(0, "another", Gauge, 30, 3)).Taken)
}

func TestSamplesWithoutUse(t *testing.T) {
	a := fresh(t, Column{})
	require.Equal(t, Counts{Invalid: 2}, add(t, a, start, sample(0, "", Gauge, 0, nan), sample(0, "", Gauge, 0, math.Inf(1))))
	require.Equal(t, Counts{Invalid: 1}, add(t, a, start, Sample{Stream: []string{"a"}, Time: -1}))
	require.Equal(t, Counts{Ahead: 1}, add(t, a, start, sample(0, "", Gauge, 601, 1)))
	require.Zero(t, a.Pending())
}

// A row that cannot be pushed stays.
func TestPushFails(t *testing.T) {
	a := fresh(t, Column{})
	add(t, a, start, sample(0, "", Gauge, 0, 1))
	no := errors.New("no")
	require.ErrorIs(t, a.Flush(start.Add(time.Minute), func(Row) error { return no }), no)
	require.Equal(t, 1, a.Pending())
	requireRows(t, [][]float64{{0, 1}}, rows(t, a, start.Add(time.Minute)))
}

// Whenever the process dies, the rows are those of one that lives on.
func TestRestarts(t *testing.T) {
	for seed := range uint64(20) {
		cfg := Config{Columns: []Column{{Aggregate: "sum"}, {Divided: true}}, Interval: 10 * time.Second}
		dir := t.TempDir()
		lives := open(t, filepath.Join(dir, "lives"), cfg)
		dies := open(t, filepath.Join(dir, "dies"), cfg)
		rng := rand.New(rand.NewPCG(seed, 0))
		want, got := map[string]string{}, map[string]string{}
		flush := func(a *Aligner, to map[string]string, now time.Time) {
			require.NoError(t, a.Flush(now, func(r Row) error {
				at := r.Stream[0] + " " + r.Time.String()
				require.NotContains(t, to, at)
				to[at] = fmt.Sprint(r.Values)
				return nil
			}))
		}
		for i := range 200 {
			now := start.Add(time.Duration(i) * time.Second)
			var batch []Sample
			for _, stream := range []string{"a", "b"} {
				for j := range 3 {
					if rng.IntN(4) > 0 {
						batch = append(batch, Sample{Stream: []string{stream}, Column: j / 2, Divisor: j == 2, Series: fmt.Sprint(rng.IntN(2)), Kind: Kind(j % 2),
							Time: now.UnixMilli() - int64(rng.IntN(3000)), Value: float64(100*i + j)})
					}
				}
			}
			for _, a := range []*Aligner{lives, dies} {
				add(t, a, now, batch...)
			}
			flush(lives, want, now)
			flush(dies, got, now)
			switch rng.IntN(10) {
			case 0:
				require.NoError(t, dies.Save())
			case 1:
				require.NoError(t, dies.journal.close())
				file, err := os.OpenFile(filepath.Join(dir, "dies"), os.O_APPEND|os.O_WRONLY, 0o600)
				require.NoError(t, err)
				_, err = file.WriteString(`{"add":[{"s":["a"],"c":`) // it died while it wrote
				require.NoError(t, errors.Join(err, file.Close()))
				dies = open(t, filepath.Join(dir, "dies"), cfg)
				for name, s := range dies.streams { // what waits began to wait when the process began
					for k, one := range s.slots {
						one.since = lives.streams[name].slots[k].since
					}
				}
			}
		}
		end := start.Add(time.Hour)
		flush(lives, want, end)
		flush(dies, got, end)
		require.Equal(t, want, got)
	}
}

// A journal that cannot be read, or is of other settings, is discarded and said so.
func TestDiscardedJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	cfg := Config{Columns: make([]Column, 1), Interval: 10 * time.Second}
	a := open(t, path, cfg)
	add(t, a, start, sample(0, "", Gauge, 0, 1))
	require.NoError(t, a.Close())
	a = open(t, path, cfg)
	require.Equal(t, 1, a.Pending())
	require.NoError(t, a.Close())
	other := cfg
	other.Interval = time.Second
	a, discarded, err := Open(path, other)
	require.NoError(t, err)
	require.ErrorContains(t, discarded, "other settings")
	require.NoError(t, a.Close())
	require.NoError(t, os.WriteFile(path, []byte("{\n"), 0o600))
	a, discarded, err = Open(path, cfg)
	require.NoError(t, err)
	require.ErrorContains(t, discarded, "damaged")
	require.Zero(t, a.Pending())
	require.NoError(t, a.Close())
}

// The journal does not grow for ever, and a forgotten stream is gone from it.
func TestJournalIsSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	cfg := Config{Columns: make([]Column, 1), Interval: 10 * time.Second}
	a := open(t, path, cfg)
	for i := range 100 {
		add(t, a, start, sample(0, "", Gauge, float64(10*i), 1))
	}
	rows(t, a, start.Add(time.Hour))
	before := a.journal.size
	require.False(t, a.Grown())
	require.NoError(t, a.Save())
	require.Less(t, a.journal.size, before/10)
	a.journal.size = shortJournal + 1
	require.True(t, a.Grown())
	require.NoError(t, a.Save())
	require.False(t, a.Grown())
	a.Forget([]string{"a"})
	require.NoError(t, a.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(text), `"a"`)
}

func TestConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	for _, cfg := range []Config{{}, {Columns: make([]Column, 1)}, {Columns: []Column{{Aggregate: "median"}}, Interval: time.Second}, {Columns: make([]Column, 1), Interval: time.Microsecond}} {
		_, _, err := Open(path, cfg)
		require.ErrorIs(t, err, ErrConfig)
	}
}

func TestFloorDiv(t *testing.T) {
	var got []int64
	for _, a := range []int64{-11, -10, -1, 0, 9, 10} {
		got = append(got, floorDiv(a, 10))
	}
	require.Equal(t, []int64{-2, -1, -1, 0, 0, 1}, got)
	require.True(t, slices.IsSorted(got))
}

// Whatever is in a journal, it is used or refused, and the Aligner goes on.
func FuzzJournal(f *testing.F) {
	cfg := Config{Columns: make([]Column, 2), Interval: 10 * time.Second, MaxPending: 1000}
	settings := cfg.identity()
	f.Add(fmt.Appendf(nil, `{"format":"anomalyd-align","version":1,"settings":%q,"streams":[{"labels":["a"],"passed":169999999,"series":[{"column":1,"name":"x","kind":1,"seen":true,"at":1699999995000,"value":3}]}]}
{"add":[{"s":["a"],"c":1,"n":"x","k":1,"t":1700000001000,"v":7}]}
{"passed":[{"s":["a"],"n":170000000}]}
`, settings))
	file, err := os.CreateTemp(f.TempDir(), "")
	require.NoError(f, err)
	f.Cleanup(func() { _ = file.Close() })
	f.Fuzz(func(t *testing.T, text []byte) {
		s, size, err := readState(bytes.NewReader(text), settings)
		require.LessOrEqual(t, size, int64(len(text)))
		if err != nil || s == nil {
			return
		}
		a := newAligner(cfg)
		require.NoError(t, a.cfg.fill())
		a.journal = &journal{file: file}
		a.restore(s, start)
		_, err = a.Add([]Sample{sample(0, "", Gauge, 0, 1)}, start)
		if err != nil {
			require.ErrorIs(t, err, ErrFull)
		}
		require.NoError(t, a.Flush(start.Add(time.Hour), func(Row) error { return nil }))
		require.Zero(t, a.Pending())
	})
}
