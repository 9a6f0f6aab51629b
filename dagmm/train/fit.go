package train

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/internal/matrix"
)

// Fit trains a model on the rows of x (samples × metrics, in the metrics' own units).
//
// NaN is a missing value: Fit leaves its row out and counts it in the report. A nil x, an
// infinite value, fewer rows than d + 2 (ErrFewRows), where d is the width of the latent
// vector, and nothing but constant columns are errors that give the numbers and wrap ErrData. A setting
// out of its range and a nil ctx are errors that wrap ErrConfig. When ctx is canceled, Fit
// stops within one step and returns ctx.Err().
func Fit(ctx context.Context, x mat.Matrix, cfg Config) (*dagmm.Model, *Report, error) {
	start := time.Now()
	if err := checkArguments(ctx, x); err != nil {
		return nil, nil, err
	}
	_, d := x.Dims()
	cfg, err := cfg.resolved(d)
	if err != nil {
		return nil, nil, err
	}
	data, err := prepare(x, &cfg)
	if err != nil {
		return nil, nil, err
	}
	if err := cfg.chooseLatent(data); err != nil {
		return nil, nil, err
	}
	if err := data.checkRows(&cfg, cfg.Network.Latent); err != nil {
		return nil, nil, err
	}
	trainers, err := newTrainers(&cfg, data)
	if err != nil {
		return nil, nil, err
	}
	cold := warm(&cfg, trainers)
	members, err := fitMembers(ctx, &cfg, trainers)
	if err != nil {
		return nil, nil, err
	}
	model, err := assemble(ctx, &cfg, data, trainers, members)
	if err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	report, err := newReport(&cfg, data, trainers, members, model, cold)
	if err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	report.Duration = time.Since(start)
	return model, report, nil
}

func checkArguments(ctx context.Context, x mat.Matrix) error {
	if ctx == nil {
		return badSetting("the context is nil")
	}
	if matrix.IsNil(x) {
		return fmt.Errorf("train: no rows, the matrix is nil: %w", ErrData)
	}
	if n, d := x.Dims(); n == 0 || d == 0 {
		return fmt.Errorf("train: %d rows of width %d: %w", n, d, ErrData)
	}
	return nil
}

// newTrainers returns one trainer a member.
func newTrainers(cfg *Config, data *trainingData) ([]*trainer, error) {
	var mu sync.Mutex
	report := func(p Progress) {
		if cfg.Progress != nil {
			mu.Lock()
			defer mu.Unlock()
			cfg.Progress(p)
		}
	}
	rigs := map[bool]*pool[*rig]{false: {}, true: {}}
	trainers := make([]*trainer, cfg.Members)
	for i := range trainers {
		c := cfg.member(i)
		var err error
		if trainers[i], err = newTrainer(c, data, i, rigs[c.Network.Predict], report); err != nil {
			return nil, err
		}
	}
	return trainers, nil
}

// fitMembers trains the members on a bounded number of goroutines. Each member has its own
// random generator, so the order in which they run changes nothing.
func fitMembers(ctx context.Context, cfg *Config, trainers []*trainer) ([]dagmm.Member, error) {
	members := make([]dagmm.Member, len(trainers))
	err := each(cfg.Workers, len(trainers), func(i int) error {
		var err error
		members[i], err = trainers[i].fit(ctx)
		return err
	})
	return members, err
}

// each runs job(0) to job(n−1) on at most the given number of goroutines, or on GOMAXPROCS
// where it is not positive. It returns the error of the lowest job that failed.
func each(workers, n int, job func(int) error) error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	errs := make([]error, n)
	jobs := make(chan int)
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range jobs {
				errs[i] = job(i)
			}
		}()
	}
	for i := range n {
		jobs <- i
	}
	close(jobs)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// fit trains the networks and makes the member of them.
func (t *trainer) fit(ctx context.Context) (dagmm.Member, error) {
	if err := t.run(ctx); err != nil {
		return dagmm.Member{}, err
	}
	if err := ctx.Err(); err != nil {
		return dagmm.Member{}, err
	}
	return t.finish()
}

// assemble makes the model of the members. Threshold, calibration and prototypes come from
// the training rows.
func assemble(ctx context.Context, cfg *Config, data *trainingData, trainers []*trainer, members []dagmm.Member) (*dagmm.Model, error) {
	p := dagmm.Parameters{Columns: slices.Clone(cfg.Columns), Scaler: *data.scaler, RecentLevels: data.levels, Members: members,
		Quantile: cfg.Quantile, Reading: cfg.Reading, Training: summary(cfg, data, trainers)}
	p.Calibration = dagmm.NewCalibration([]float64{0}) // until the energies are known
	if err := combine(cfg, data, &p); err != nil {
		return nil, err
	}
	energies, err := featureEnergies(p, data)
	if err != nil {
		return nil, err
	}
	p.Threshold, _ = threshold(energies, cfg.Quantile)
	heldOut, err := outOfFold(ctx, cfg, data, trainers, energies, p)
	if err != nil {
		return nil, err
	}
	p.Calibration = dagmm.NewCalibration(heldOut)
	p.Prototypes = prototypes(data, energies, cfg.Seed)
	model, err := dagmm.New(p)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return model, nil
}

func summary(cfg *Config, data *trainingData, trainers []*trainer) dagmm.Training {
	t := dagmm.Training{Rows: data.n, Seed: cfg.Seed, Preset: cfg.Preset, Version: Version, Interval: interval(cfg.Times)}
	for _, m := range trainers {
		t.Steps, t.Epochs = max(t.Steps, m.steps), max(t.Epochs, len(m.loss))
		if k := len(m.loss); k > 0 {
			t.Loss += m.loss[k-1].Total / float64(len(trainers))
		}
	}
	return t
}

// Version of the library. The models that it trains keep it.
const Version = "0.1.0"

// interval is the median distance between consecutive times in seconds, or 0 where it is
// unknown.
func interval(times []time.Time) float64 {
	if len(times) < 2 {
		return 0
	}
	gaps := make([]float64, len(times)-1)
	for i := range gaps {
		gaps[i] = times[i+1].Sub(times[i]).Seconds()
	}
	return max(0, Quantile(gaps, .5))
}
