package main

import (
	"context"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/metric-streams/anomaly/benchmarks/internal/suite"
	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
)

// gap is how many rows false samples of one episode are apart at most.
const gap = 10

// outcome is what an operator of one machine sees, the mean over seeds.
type outcome struct {
	machine     string
	moved       float64 // share of the ordinary test rows above 95 % of the training energies
	alarms      float64 // opened a day, true and false
	falseAlarms float64 // a day, without a labelled sample
	episodes    float64 // false ones a day
	recall      float64
	delay       float64 // minutes
	fixed       point   // the model's own threshold
	oracle      point   // the best fixed threshold at one false episode a day
	blind       float64 // recall of the lowest fixed threshold at one alarm a day, true or false
}

type point struct{ episodes, recall float64 }

func measure(ctx context.Context, o options, s *suite.Series) (outcome, error) {
	out := outcome{machine: s.Machine}
	delays := 0.
	for seed := range o.seeds {
		m, err := fit(ctx, s, o.preset, 1+seed, o.cache)
		if err != nil {
			return out, err
		}
		one, err := replay(o.policy, m, s)
		if err != nil {
			return out, err
		}
		k := 1 / float64(o.seeds)
		out.moved += k * one.moved
		out.alarms += k * one.alarms
		out.falseAlarms += k * one.falseAlarms
		out.episodes += k * one.episodes
		out.recall += k * one.recall
		out.fixed.episodes += k * one.fixed.episodes
		out.fixed.recall += k * one.fixed.recall
		out.oracle.episodes += k * one.oracle.episodes
		out.oracle.recall += k * one.oracle.recall
		out.blind += k * one.blind
		if one.delay == one.delay {
			out.delay += one.delay
			delays++
		}
	}
	out.delay /= delays
	return out, nil
}

// replay feeds the test rows to a detector sample by sample. Labels only count.
func replay(cfg alarm.Config, m *dagmm.Model, s *suite.Series) (outcome, error) {
	var out outcome
	cfg.Interval = time.Duration(math.Round(float64(24*time.Hour) / s.PerDay))
	d, err := alarm.New(m, s.Train, cfg)
	if err != nil {
		return out, err
	}
	n, _ := s.Test.Dims()
	energies, flags := make([]float64, n), make([]bool, n)
	current, alarms := 0, make([]int, n)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		r, err := d.Next(start.Add(time.Duration(i)*cfg.Interval), s.Test.RawRowView(i))
		if err != nil {
			return out, err
		}
		for _, e := range r.Events {
			if e.Kind == alarm.Opened || e.Kind == alarm.Reopened {
				current = int(e.Alarm)
			}
		}
		energies[i], flags[i] = r.Energy, r.Flagged && r.Open
		if flags[i] {
			alarms[i] = current
		}
	}
	t, err := evaluate.NewTimeline(energies, s.Labels, s.PerDay, gap)
	if err != nil {
		return out, err
	}
	rule, err := t.Flagged(flags)
	if err != nil {
		return out, err
	}
	judged, err := evaluate.JudgeAlarms(s.Labels, alarms, nil)
	if err != nil {
		return out, err
	}
	days := float64(n) / s.PerDay
	out.alarms, out.falseAlarms = float64(len(judged.True))/days, float64(judged.False())/days
	out.episodes, out.recall, out.delay = rule.EpisodesPerDay, rule.EventRecall(), rule.Delay*1440/s.PerDay
	fixed, oracle := t.At(m.Threshold()), t.AtBudget(1)
	out.fixed, out.oracle = point{fixed.EpisodesPerDay, fixed.EventRecall()}, point{oracle.EpisodesPerDay, oracle.EventRecall()}
	if out.blind, err = blindRecall(t, energies, cfg.Interval); err != nil {
		return out, err
	}
	out.moved, err = moved(m, s, energies)
	return out, err
}

// moved returns the share of the ordinary test rows above 95 % of the training stream.
func moved(m *dagmm.Model, s *suite.Series, energies []float64) (float64, error) {
	training, err := m.Series(nil, s.Train)
	if err != nil {
		return 0, err
	}
	slices.Sort(training)
	limit := stat.Quantile(.95, stat.Empirical, training, nil)
	above, ordinary := 0., 0.
	for i, e := range energies {
		if !s.Labels[i] {
			ordinary++
			if e > limit {
				above++
			}
		}
	}
	return above / ordinary, nil
}
