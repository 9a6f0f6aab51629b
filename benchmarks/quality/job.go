package main

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/benchmarks/internal/simple"
	"github.com/metric-streams/anomaly/benchmarks/internal/suite"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// protocol holds what decides a number besides suite, machine, method and
// seed. Its hash is part of a result's key, so a changed protocol never mixes
// with old results.
type protocol struct {
	Version int       // raised when a measure or a loader changes
	Rows    int       // training rows of a series after thinning
	Context []float64 // smoothing factors of the context inputs
	Gap     int       // rows between flags of one false episode
	Buffer  int       // largest buffer of VUS-PR, rows
	PerDay  float64   // samples a day in folders that are no known suite, 0 for one a minute
}

const protocolVersion = 4

func (p protocol) hash() string {
	h := fnv.New32a()
	_ = json.NewEncoder(h).Encode(p) // a hash takes every write
	return fmt.Sprintf("%08x", h.Sum32())
}

// job is one fit and its measures.
type job struct {
	Suite   string  `json:"suite"`
	Machine string  `json:"machine"`
	Method  string  `json:"method"`
	Seed    uint64  `json:"seed"`
	Dirt    float64 `json:"contamination,omitempty"`
	Tag     string  `json:"tag,omitempty"`
}

// result is a line of the results file.
type result struct {
	job
	Protocol string             `json:"protocol"`
	Metrics  map[string]float64 `json:"metrics,omitempty"`
	Blamed   []int              `json:"blamed,omitempty"` // the column blamed for each fault
	Seconds  float64            `json:"seconds"`
	Error    string             `json:"error,omitempty"`
}

// budgets of false episodes a day.
var budgets = []float64{.5, 1, 5}

// quantiles of the training scores that serve as thresholds.
var quantiles = []float64{.99, .999}

// run fits and measures. A panic of a method is its failure, not the
// benchmark's.
func (j job) run(ctx context.Context, p protocol, data any) (r result) {
	start := time.Now()
	r = result{job: j, Protocol: p.hash()}
	defer func() {
		if v := recover(); v != nil {
			r.Metrics, r.Blamed, r.Error = nil, nil, fmt.Sprintf("panic: %v", v)
		}
		r.Seconds = time.Since(start).Seconds()
	}()
	var err error
	switch d := data.(type) {
	case *suite.Series:
		r.Metrics, r.Blamed, err = j.series(ctx, p, d)
	case *suite.Tabular:
		r.Metrics, err = j.tabular(ctx, p, d)
	case *suite.Outliers:
		r.Metrics, err = j.outliers(ctx, d)
	default:
		err = fmt.Errorf("no protocol for %T", data)
	}
	if err != nil {
		r.Metrics, r.Error = nil, err.Error()
	}
	return r
}

// series fits to the training recording and scores the test recording in
// order.
func (j job) series(ctx context.Context, p protocol, s *suite.Series) (map[string]float64, []int, error) {
	if p.PerDay > 0 && !slices.Contains(suite.Names, j.Suite) {
		own := *s
		own.PerDay = p.PerDay
		s = &own
	}
	detector, err := simple.Parse(j.Method, simple.Options{MaxRows: p.Rows, Context: p.Context})
	if err != nil {
		return nil, nil, err
	}
	scorer, err := detector.Fit(ctx, s.Train, j.Seed)
	if err != nil {
		return nil, nil, err
	}
	start := time.Now()
	scores, err := scorer.Score(nil, s.Test)
	if err != nil {
		return nil, nil, err
	}
	perRow := time.Since(start).Seconds() / float64(len(scores))
	training, err := trainingScores(scorer, s.Train)
	if err != nil {
		return nil, nil, err
	}
	m, err := measureSeries(p, s, scores, training)
	if err != nil {
		return nil, nil, err
	}
	m["row_us"] = perRow * 1e6
	blamed, err := blame(scorer, s, scores)
	if err != nil {
		return nil, nil, err
	}
	measureBlame(m, s.Faults, blamed)
	return m, mostBlamed(blamed), measureAlarms(m, scorer, s)
}

func trainingScores(scorer simple.Scorer, train *mat.Dense) ([]float64, error) {
	if c, ok := scorer.(simple.Calibrated); ok {
		return c.TrainingScores(), nil
	}
	return scorer.Score(nil, train)
}

// measureSeries returns every measure of a scored recording:
//
//	ap, roc, vus               ranking of the rows
//	er@B, delay@B              event recall and mean delay (minutes) at the oracle threshold for B false episodes a day
//	er-pQ, fe-pQ, rate-pQ      event recall, false episodes a day and observed over nominal false-alarm rate
//	                           at the Q-quantile of the training scores
func measureSeries(p protocol, s *suite.Series, scores, training []float64) (map[string]float64, error) {
	scores, labels := suite.Judged(s, scores), suite.Judged(s, s.Labels)
	rank, err := evaluate.NewRanking(scores, labels)
	if err != nil {
		return nil, err
	}
	line, err := evaluate.NewTimeline(scores, labels, s.PerDay, p.Gap)
	if err != nil {
		return nil, err
	}
	m := map[string]float64{}
	set(m, "ap", rank.AveragePrecision())
	set(m, "roc", rank.ROCAUC())
	set(m, "vus", line.VUSPR(p.Buffer))
	for _, b := range budgets {
		o := line.AtBudget(b)
		set(m, fmt.Sprintf("er@%g", b), o.EventRecall())
		set(m, fmt.Sprintf("delay@%g", b), o.Delay*1440/s.PerDay)
	}
	training = slices.DeleteFunc(slices.Clone(training), math.IsNaN)
	if len(training) == 0 {
		return m, nil
	}
	slices.Sort(training)
	for _, q := range quantiles {
		threshold := stat.Quantile(q, stat.LinInterp, training, nil)
		o := line.At(threshold)
		name := fmt.Sprintf("p%g", 100*q)
		set(m, "er-"+name, o.EventRecall())
		set(m, "fe-"+name, o.EpisodesPerDay)
		set(m, "rate-"+name, rank.At(threshold).ObservedToNominal(q))
	}
	return m, nil
}

// measureAlarms adds event recall (er-RULE) and false alarms a day (fe-RULE) of
// the rules that a method brings along.
func measureAlarms(m map[string]float64, scorer simple.Scorer, s *suite.Series) error {
	a, ok := scorer.(simple.Alarmer)
	if !ok {
		return nil
	}
	alarms, err := a.Alarms(s.Train, s.Test, s.PerDay)
	if err != nil {
		return err
	}
	labels := suite.Judged(s, s.Labels)
	line, err := evaluate.NewTimeline(make([]float64, len(labels)), labels, s.PerDay, simple.AlarmGap)
	if err != nil {
		return err
	}
	for rule, flags := range alarms {
		o, err := line.Flagged(suite.Judged(s, flags))
		if err != nil {
			return err
		}
		set(m, "er-"+rule, o.EventRecall())
		set(m, "fe-"+rule, o.EpisodesPerDay)
	}
	return nil
}

// tabular follows the paper: half of the rows, the normal ones to train, the
// top ρ of the test scores flagged.
func (j job) tabular(ctx context.Context, p protocol, t *suite.Tabular) (map[string]float64, error) {
	opt := simple.Options{Context: p.Context}
	if t.Suite == "paper" {
		opt.Set = t.Name
	}
	detector, err := simple.Parse(j.Method, opt)
	if err != nil {
		return nil, err
	}
	split, err := t.Halve(j.Seed, j.Dirt)
	if err != nil {
		return nil, err
	}
	scorer, err := detector.Fit(ctx, split.Train, j.Seed)
	if err != nil {
		return nil, err
	}
	scores, err := scorer.Score(nil, split.Test)
	if err != nil {
		return nil, err
	}
	rank, err := evaluate.NewRanking(scores, split.Labels)
	if err != nil {
		return nil, err
	}
	top := rank.Top(split.Share)
	m := map[string]float64{}
	set(m, "f1", top.F1())
	set(m, "precision", top.Precision())
	set(m, "recall", top.Recall())
	set(m, "ap", rank.AveragePrecision())
	set(m, "roc", rank.ROCAUC())
	set(m, "contamination", split.Contamination)
	return m, nil
}

// outliers trains on all rows of the reference job, as its user does, and asks
// whether both outliers score above the 99th percentile of those rows.
func (j job) outliers(ctx context.Context, o *suite.Outliers) (map[string]float64, error) {
	detector, err := simple.Parse(j.Method, simple.Options{})
	if err != nil {
		return nil, err
	}
	x, rows, err := o.Make(j.Seed)
	if err != nil {
		return nil, err
	}
	scorer, err := detector.Fit(ctx, x, j.Seed)
	if err != nil {
		return nil, err
	}
	scores, err := scorer.Score(nil, x)
	if err != nil {
		return nil, err
	}
	sorted := slices.Sorted(slices.Values(scores))
	threshold := stat.Quantile(.99, stat.LinInterp, sorted, nil)
	found := func(row int) float64 {
		if scores[row] > threshold {
			return 1
		}
		return 0
	}
	a, b := found(rows[0]), found(rows[1])
	return map[string]float64{"both": a * b, "one": a + b - a*b}, nil
}

// set leaves out what JSON cannot hold.
func set(m map[string]float64, name string, v float64) {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		m[name] = v
	}
}
