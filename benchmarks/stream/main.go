// Command stream measures the alarms of dagmm.Detector on the public server sets: for
// each machine a model is trained on the training file, the detector's threshold starts
// from the same rows, and the test file is fed to it sample by sample. Labels only count.
//
//	ANOMALY_DATA=DIR go run ./benchmarks/stream -preset predict -sets smd4,smd38,asd,jumpstarter
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/metric-streams/anomaly/benchmarks/internal/metric"
	"github.com/metric-streams/anomaly/benchmarks/internal/suite"
	"github.com/metric-streams/anomaly/dagmm"
)

// gap joins flagged samples to one episode, for rule and measure alike.
const gap = 10

type options struct {
	data, cache, preset string
	sets                []string
	seed                uint64
	policy              dagmm.DetectorConfig
}

func main() {
	var o options
	var sets string
	flag.StringVar(&o.data, "data", os.Getenv("ANOMALY_DATA"), "folder with one folder per set (default $ANOMALY_DATA)")
	flag.StringVar(&sets, "sets", "smd4,asd", "sets, separated by commas")
	flag.StringVar(&o.preset, "preset", "series", "series, predict (forecast residual, diagonal mixture) or both (full and diagonal mixture)")
	flag.StringVar(&o.cache, "cache", "", "folder to keep trained models in")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the training")
	flag.Float64Var(&o.policy.Budget, "budget", 1, "alarms a day; 0 is the model's own threshold")
	flag.BoolVar(&o.policy.Cap, "cap", false, "never below the starting threshold")
	flag.IntVar(&o.policy.Open, "open", 1, "samples above the threshold that open an alarm …")
	flag.IntVar(&o.policy.Of, "of", 1, "… among so many")
	adapt := flag.Bool("adapt", false, "let the mixtures follow slow change")
	flag.Parse()
	if *adapt {
		o.policy.Adapt = &dagmm.AdaptConfig{}
	}
	o.sets = strings.Split(sets, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "stream:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, w io.Writer) error {
	if o.data == "" {
		return fmt.Errorf("no data: give -data or ANOMALY_DATA")
	}
	if err := preface(w, o); err != nil {
		return err
	}
	for _, set := range o.sets {
		machines, err := suite.Machines(o.data, set)
		if err != nil {
			return err
		}
		var rows []outcome
		for _, name := range machines {
			s, err := suite.LoadSeries(o.data, set, name)
			if err != nil {
				return err
			}
			r, err := measure(ctx, o, s)
			if err != nil {
				return fmt.Errorf("%s/%s: %w", set, name, err)
			}
			rows = append(rows, r)
		}
		if err := printTable(w, set, o, rows); err != nil {
			return err
		}
	}
	return nil
}

// preface says how the tables were made.
func preface(w io.Writer, o options) error {
	_, err := fmt.Fprintf(w, `# Alarms on real servers

Made by: ANOMALY_DATA=DIR go run ./benchmarks/stream -preset %s -sets %s -budget %g -seed %d > benchmarks/STREAM.md

A model is trained on each machine's training file (at most %d rows, evenly spaced), the threshold starts from the same file, and the test file is
fed to the detector sample by sample. Labels only count. An event is found when one of its samples is flagged; a false episode is a run of flagged
normal samples at most %d samples apart; alarms are all that were opened, the true ones too: that is what the budget counts. The oracle is the best
fixed threshold at one false episode a day, chosen with the labels. p99 is the model's own threshold.
`, o.preset, strings.Join(o.sets, ","), o.policy.Budget, o.seed, maxTrained, gap)
	return err
}

// outcome is what an operator of one machine sees.
type outcome struct {
	machine string
	alarms  float64          // opened a day, true and false
	rule    metric.Operation // of the flagged samples
	fixed   metric.Operation // of the model's own threshold
	oracle  metric.Operation // of the best fixed threshold at one false episode a day
	perDay  float64
}

func measure(ctx context.Context, o options, s *suite.Series) (outcome, error) {
	out := outcome{machine: s.Machine, perDay: s.PerDay}
	m, err := fit(ctx, s, o.preset, o.seed, o.cache)
	if err != nil {
		return out, err
	}
	cfg := o.policy
	cfg.Interval = time.Duration(float64(24*time.Hour) / s.PerDay)
	cfg.Gap = (gap + 1) * cfg.Interval
	d, err := dagmm.NewDetector(m, s.Train, cfg)
	if err != nil {
		return out, err
	}
	n, _ := s.Test.Dims()
	energies, flags, opened := make([]float64, n), make([]bool, n), 0
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		r, err := d.Next(start.Add(time.Duration(i)*cfg.Interval), s.Test.RawRowView(i))
		if err != nil {
			return out, err
		}
		energies[i], flags[i] = r.Energy, r.Flagged
		for _, e := range r.Events {
			if e.Kind == dagmm.Opened {
				opened++
			}
		}
	}
	t, err := metric.NewTimeline(energies, s.Labels, s.PerDay, gap)
	if err != nil {
		return out, err
	}
	out.alarms = float64(opened) / (float64(n) / s.PerDay)
	out.fixed, out.oracle = t.At(m.Threshold()), t.AtBudget(1)
	out.rule, err = t.Flagged(flags)
	return out, err
}

func printTable(w io.Writer, set string, o options, rows []outcome) error {
	fmt.Fprintf(w, "\n## %s\n\n", set)
	tw := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(tw, "| machine\t| alarms/day\t| false episodes/day\t| event recall\t| delay, min\t| p99: false/day\t| p99: recall\t| oracle recall\t|")
	fmt.Fprintln(tw, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	var within, n int
	var worst, recall, oracle, p99, p99Recall float64
	var quiet []float64
	for _, r := range rows {
		fmt.Fprintf(tw, "| %s\t| %.2f\t| %.2f\t| %.3f\t| %.0f\t| %.1f\t| %.3f\t| %.3f\t|\n", r.machine, r.alarms, r.rule.EpisodesPerDay, r.rule.EventRecall(),
			r.rule.Delay*1440/r.perDay, r.fixed.EpisodesPerDay, r.fixed.EventRecall(), r.oracle.EventRecall())
		n++
		if r.rule.EpisodesPerDay <= 1 {
			within++
		}
		worst = max(worst, r.rule.EpisodesPerDay)
		quiet = append(quiet, r.rule.EpisodesPerDay)
		recall += r.rule.EventRecall()
		oracle += r.oracle.EventRecall()
		p99 += r.fixed.EpisodesPerDay
		p99Recall += r.fixed.EventRecall()
	}
	slices.Sort(quiet)
	k := float64(n)
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d of %d machines at one false episode a day or fewer (%.0f %%), median %.2f, worst %.2f; event recall %.3f (oracle threshold at one false episode a day: %.3f; p99 of the training energies: %.3f at %.1f a day)\n",
		within, n, math.Round(100*float64(within)/k), quiet[n/2], worst, recall/k, oracle/k, p99Recall/k, p99/k)
	return err
}
