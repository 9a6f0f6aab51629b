package watch

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dataset"
)

// windows returns the windows of a host's first two trainings, and the models that came of them.
func windows(t require.TestingT, s Settings) (out []*monitor.Window, models [][]byte) {
	cfg := s.Monitor()
	train := cfg.Train
	cfg.Train = func(ctx context.Context, w *monitor.Window) (*dagmm.Model, error) {
		m, err := train(ctx, w)
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, m.Save(&b))
		out, models = append(out, w), append(models, b.Bytes())
		return m, nil
	}
	m, err := monitor.Open(cfg)
	require.NoError(t, err)
	table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 200, Seed: 3})
	require.NoError(t, err)
	for i, at := range table.Times {
		x := table.X.RawRowView(i)
		if i%50 == 7 {
			x[1] = math.NaN()
		}
		require.NoError(t, m.Push("host", at, x[:len(s.Columns)]))
	}
	return out, models
}

// A model that is trained elsewhere is the one that a Monitor trains itself, bit for bit: from
// nothing, and from a model.
func TestJobs(t *testing.T) {
	for _, preset := range []string{"metrics", "pca", "series"} {
		t.Run(preset, func(t *testing.T) {
			s := settings()
			s.Preset = preset
			all, models := windows(t, s)
			require.GreaterOrEqual(t, len(all), 2)
			require.Nil(t, all[0].Model)
			require.NotNil(t, all[1].Model)
			keys := map[string]bool{}
			for i, w := range all {
				job, key, err := encodeJob(w)
				require.NoError(t, err)
				again, sameKey, err := encodeJob(w)
				require.NoError(t, err)
				require.Equal(t, job, again)
				require.Equal(t, key, sameKey)
				keys[key] = true
				got, err := decodeJob(job)
				require.NoError(t, err)
				require.Equal(t, w.Times, got.Times)
				model, err := fitted(t.Context(), s.Train(), got)
				require.NoError(t, err)
				var b bytes.Buffer
				require.NoError(t, model.Save(&b))
				require.Equal(t, models[i], b.Bytes())
				// The way there and back changes nothing.
				loaded, err := readResult(append([]byte{resultModel}, b.Bytes()...))
				require.NoError(t, err)
				var back bytes.Buffer
				require.NoError(t, loaded.Save(&back))
				require.Equal(t, b.Bytes(), back.Bytes())
			}
			require.Len(t, keys, len(all))
		})
	}
}

func TestFailedTraining(t *testing.T) {
	_, err := fitted(t.Context(), func(context.Context, *monitor.Window) (*dagmm.Model, error) { panic("no") }, nil)
	require.EqualError(t, err, "training panicked: no")
	_, err = readResult(append([]byte{resultError}, "why"...))
	require.EqualError(t, err, "why")
	_, err = readResult(nil)
	require.Error(t, err)
}

// FuzzJob alters jobs: no job makes a trainer panic.
func FuzzJob(f *testing.F) {
	all, _ := windows(f, settings())
	for _, w := range all {
		job, _, err := encodeJob(w)
		require.NoError(f, err)
		f.Add(job, 0, byte(0))
	}
	f.Fuzz(func(t *testing.T, job []byte, at int, with byte) {
		job = slices.Clone(job)
		if at >= 0 && at < len(job) {
			job[at] ^= with
		}
		w, err := decodeJob(job)
		if err != nil {
			require.ErrorIs(t, err, errJob)
			return
		}
		require.Len(t, w.Exclude, len(w.Times))
	})
}

// A job is done once, however often it is in the queue, and one that cannot be read ends nobody.
func TestTrainers(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{Dedup: 100 * time.Millisecond})
	all, models := windows(t, settings())
	job, key, err := encodeJob(all[0])
	require.NoError(t, err)
	require.NoError(t, f.sendJob(t.Context(), "nonsense", 0, []byte("nonsense")))
	require.NoError(t, f.sendJob(t.Context(), key, 0, job))
	time.Sleep(200 * time.Millisecond)
	require.NoError(t, f.sendJob(t.Context(), key, 0, job))
	w := worker(t, f, Config{Only: true, Trainers: 2})
	p := own(t, worker(t, f, Config{}), 0)
	stop := run(t, w)
	result, err := p.result("unknown")
	require.NoError(t, err)
	require.Nil(t, result)
	eventually(t, "there is a result", func() bool {
		result, err = p.result(key)
		return err == nil && result != nil
	})
	require.Equal(t, models[0], result[1:])
	eventually(t, "the queue is empty", func() bool {
		info, err := f.jobs.Info(t.Context())
		return err == nil && info.State.Msgs == 0
	})
	require.Positive(t, w.counts.failed.Load())
	stop()
}

// Who waits for a result finds one that is there, and an error of the training is one too.
func TestFit(t *testing.T) {
	f := open(t, serve(t), settings(), Storage{})
	all, _ := windows(t, settings())
	p := own(t, worker(t, f, Config{}), 0)
	_, key, err := encodeJob(all[0])
	require.NoError(t, err)
	_, err = f.results.Create(t.Context(), key, append([]byte{resultError}, "too few rows"...))
	require.NoError(t, err)
	_, err = p.fit(t.Context(), all[0])
	require.EqualError(t, err, "too few rows")
	// Without a trainer it waits until the partition is lost.
	lost := errors.New("lost")
	time.AfterFunc(50*time.Millisecond, func() { p.fail(lost) })
	_, err = p.fit(t.Context(), all[1])
	require.ErrorIs(t, err, lost)
}
