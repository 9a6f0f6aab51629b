package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/benchmarks/internal/suite"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

// watched is what a Monitor as it is by default made of one host.
type watched struct {
	name     string
	models   int
	alarms   float64 // opened, a day
	episodes float64 // false ones a day
	recall   float64
	oracle   float64 // recall of the best fixed threshold at one false episode a day, on the same energies
	blind    float64 // recall of the lowest fixed threshold at one alarm a day, true or false
	runs     int     // trainings that these are the means of
	worst    float64 // false episodes a day in the worst of them
}

// stream is one host's samples in order.
type stream struct {
	name     string
	columns  []string
	x        *mat.Dense
	interval time.Duration
	cfg      train.Config
	labels   []bool // nil where every alarm is false
	from     int    // row from which alarms count
}

// watch feeds the samples to a Monitor.
func watch(ctx context.Context, s stream, o options) (watched, error) {
	rows, _ := s.x.Dims()
	w := watched{name: s.name, runs: 1}
	energies, flags := make([]float64, rows), make([]bool, rows)
	row, opened := 0, 0
	var closed []alarm.Event // that the operator has not looked at
	s.cfg.Workers = 1
	m, err := monitor.Open(monitor.Config{
		Columns: s.columns, Train: cached(o.cache, s.cfg, o.cold), Interval: s.interval, Detector: o.policy, Synchronous: true,
		Scored: func(_ string, _ time.Time, r alarm.Result) { energies[row], flags[row] = r.Energy, r.Flagged && r.Open },
		Handle: func(e alarm.Event) {
			switch {
			case e.Kind == alarm.Retrained:
				w.models++
			case e.Kind == alarm.Opened && row >= s.from:
				opened++
			case e.Kind == alarm.Closed:
				closed = append(closed, e)
			}
		},
	})
	if err != nil {
		return w, err
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for row = range rows {
		if err := ctx.Err(); err != nil {
			return w, err
		}
		if err := m.Push(s.name, start.Add(time.Duration(row)*s.interval), s.x.RawRowView(row)); err != nil {
			return w, err
		}
		if o.judge && s.labels != nil {
			if err := judgeAll(m, closed, start, s); err != nil {
				return w, err
			}
			closed = closed[:0]
		}
	}
	w.alarms = float64(opened) / (float64(rows-s.from) * s.interval.Hours() / 24)
	if err := m.Close(); err != nil || s.labels == nil {
		return w, err
	}
	t, err := evaluate.NewTimeline(energies[s.from:], s.labels[s.from:], 24*float64(time.Hour)/float64(s.interval), gap)
	if err != nil {
		return w, err
	}
	rule, err := t.Flagged(flags[s.from:])
	if err != nil {
		return w, err
	}
	w.episodes, w.recall, w.oracle = rule.EpisodesPerDay, rule.EventRecall(), t.AtBudget(1).EventRecall()
	w.worst = w.episodes
	w.blind, err = blindRecall(t, energies[s.from:], s.interval)
	return w, err
}

// blindRecall returns the event recall of the blind threshold at one alarm a day. Samples of one
// alarm are at most an hour apart, as those of a Detector are that reopens it.
func blindRecall(t *evaluate.Timeline, energies []float64, interval time.Duration) (float64, error) {
	blind, err := blindThreshold(energies, int(time.Hour/interval), float64(len(energies))*interval.Hours()/24)
	if err != nil {
		return 0, err
	}
	return t.At(blind).EventRecall(), nil
}

// blindThreshold returns the lowest energy that, as a fixed threshold, opens at most the allowed
// number of alarms, whatever they are about. Samples above it that have at most gap others between
// them are one alarm. It needs no labels, but all energies beforehand.
func blindThreshold(energies []float64, gap int, allowed float64) (float64, error) {
	scores, lowest := slices.Clone(energies), math.Inf(1)
	for i, e := range scores {
		if e != e {
			scores[i] = math.Inf(-1)
		} else {
			lowest = min(lowest, e)
		}
	}
	// Where nothing is labelled every alarm is a false episode, of one day.
	t, err := evaluate.NewTimeline(scores, make([]bool, len(scores)), float64(len(scores)), gap)
	if err != nil {
		return 0, err
	}
	return max(t.AtBudget(allowed).Threshold, lowest), nil
}

// mean is what several trainings of one host came to.
func mean(all []watched) watched {
	out := watched{name: all[0].name, runs: len(all)}
	for _, w := range all {
		k := 1 / float64(len(all))
		out.models += w.models
		out.alarms += k * w.alarms
		out.episodes += k * w.episodes
		out.recall += k * w.recall
		out.oracle += k * w.oracle
		out.blind += k * w.blind
		out.worst = max(out.worst, w.episodes)
	}
	return out
}

// judgeAll is the operator who says of every alarm that has closed whether there was an incident.
func judgeAll(m *monitor.Monitor, closed []alarm.Event, start time.Time, s stream) error {
	for _, e := range closed {
		from, to := int(e.Start.Sub(start)/s.interval), int(e.End.Sub(start)/s.interval)
		if err := m.Judge(s.name, e.Seq, slices.Contains(s.labels[from:to+1], true)); err != nil {
			return err
		}
	}
	return nil
}

// watchAll watches several hosts at a time.
func watchAll(ctx context.Context, o options, hosts []stream) ([]watched, error) {
	out, errs := make([]watched, len(hosts)), make([]error, len(hosts))
	slots := make(chan struct{}, o.parallel)
	var wg sync.WaitGroup
	for i, s := range hosts {
		slots <- struct{}{}
		wg.Add(1)
		go func() {
			defer func() { <-slots; wg.Done() }()
			out[i], errs[i] = watch(ctx, s, o)
		}()
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", hosts[i].name, err)
		}
	}
	return out, nil
}

// faultFree are hosts without a fault.
func faultFree(preset string, cfg train.Config, interval time.Duration, days float64, seeds uint64) ([]stream, error) {
	var hosts []stream
	for seed := range seeds {
		t, _, err := dataset.Generate(dataset.GenerateConfig{Rows: int(days * float64(24*time.Hour) / float64(interval)), Seed: 1 + seed, Interval: interval})
		if err != nil {
			return nil, err
		}
		cfg.Seed = 1 + seed
		hosts = append(hosts, stream{name: fmt.Sprintf("%s %s %d", preset, interval, 1+seed), columns: t.Columns, x: t.X, interval: interval, cfg: cfg})
	}
	return hosts, nil
}

// recorded are the machines of a set: the Monitor sees the training file first.
func recorded(machines []*suite.Series, cfg train.Config) []stream {
	var hosts []stream
	for _, s := range machines {
		n, d := s.Train.Dims()
		k, _ := s.Test.Dims()
		x := mat.NewDense(n+k, d, nil)
		x.Slice(0, n, 0, d).(*mat.Dense).Copy(s.Train)
		x.Slice(n, n+k, 0, d).(*mat.Dense).Copy(s.Test)
		hosts = append(hosts, stream{name: s.Machine, columns: s.Columns, x: x, interval: time.Duration(math.Round(float64(24*time.Hour) / s.PerDay)),
			cfg: cfg, labels: append(make([]bool, n), s.Labels...), from: n})
	}
	return hosts
}

// watchRecorded watches the machines of a set, with several seeds of the trainings.
func watchRecorded(ctx context.Context, o options, machines []*suite.Series, cfg train.Config) ([]watched, error) {
	runs := make([][]watched, len(machines))
	for range max(1, o.trainings) {
		rows, err := watchAll(ctx, o, recorded(machines, cfg))
		if err != nil {
			return nil, err
		}
		for i, w := range rows {
			runs[i] = append(runs[i], w)
		}
		cfg.Seed++
	}
	var out []watched
	for _, r := range runs {
		out = append(out, mean(r))
	}
	return out, nil
}

// runMonitored prints what a Monitor does with its default retraining.
func runMonitored(ctx context.Context, o options, w io.Writer) error {
	fmt.Fprintf(w, "A monitor.Monitor as it is by default, with its retraining, at a budget of %g.\n\n", o.policy.Budget)
	if err := printFaultFree(ctx, o, w); err != nil {
		return err
	}
	cfg, err := presets(o.preset)
	if err != nil {
		return err
	}
	for _, set := range o.sets {
		machines, err := machinesOf(o, set)
		if err != nil {
			return err
		}
		rows, err := watchRecorded(ctx, o, machines, cfg)
		if err != nil {
			return err
		}
		if err := printWatched(w, set, rows); err != nil {
			return err
		}
	}
	return nil
}

// printFaultFree counts the alarms of generated hosts without a fault. An interval of a second
// is watched for six hours, and the alarms are those of that time.
func printFaultFree(ctx context.Context, o options, w io.Writer) error {
	fmt.Fprintf(w, "Hosts without a fault, %d of each kind:\n\n", o.seeds)
	tw := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(tw, "| preset\t| interval\t| time\t| false alarms a day\t| worst\t| models\t|")
	fmt.Fprintln(tw, "|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, p := range []struct {
		name string
		cfg  train.Config
	}{{"metrics", train.Metrics()}, {"series", train.Series()}} {
		for _, interval := range o.intervals {
			days, unit := 14., ""
			if interval <= time.Second {
				days, unit = .25, " in all"
			}
			hosts, err := faultFree(p.name, p.cfg, interval, days, o.seeds)
			if err != nil {
				return err
			}
			rows, err := watchAll(ctx, o, hosts)
			if err != nil {
				return err
			}
			var mean, worst, models float64
			for _, r := range rows {
				if unit != "" {
					r.alarms *= days
				}
				mean += r.alarms / float64(len(rows))
				models += float64(r.models) / float64(len(rows))
				worst = max(worst, r.alarms)
			}
			fmt.Fprintf(tw, "| %s\t| %s\t| %s\t| %.2f%s\t| %.2f\t| %.1f\t|\n", p.name, interval, time.Duration(days*24*float64(time.Hour)), mean, unit, worst, models)
		}
	}
	return tw.Flush()
}

func printWatched(w io.Writer, set string, rows []watched) error {
	fmt.Fprintf(w, "\n### %s\n\n", set)
	tw := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(tw, "| machine\t| models\t| alarms/day\t| false episodes/day\t| event recall\t| oracle recall\t| blind recall\t|")
	fmt.Fprintln(tw, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	var within int
	var worst, single, recall, oracle, blind float64
	k := 1 / float64(len(rows))
	for _, r := range rows {
		fmt.Fprintf(tw, "| %s\t| %.0f\t| %.2f\t| %.2f\t| %.3f\t| %.3f\t| %.3f\t|\n", r.name, float64(r.models)/float64(r.runs), r.alarms, r.episodes, r.recall, r.oracle, r.blind)
		if r.episodes <= 1 {
			within++
		}
		worst, single = max(worst, r.episodes), max(single, r.worst)
		recall += k * r.recall
		oracle += k * r.oracle
		blind += k * r.blind
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d of %d machines at one false episode a day or fewer (%.0f %%), worst %.2f, in a single training %.2f; event recall %.3f (fixed thresholds on the same energies: oracle %.3f, blind %.3f)\n",
		within, len(rows), 100*k*float64(within), worst, single, recall, oracle, blind)
	return err
}
