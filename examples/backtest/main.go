// Backtest shows what alarm.Detector would have made of a recording: a model is trained
// on the first part of a CSV (or on a file of its own), the detector gets the rest sample
// by sample, and the alarms are printed and measured against the labels, if there are any.
//
//	go run ./examples/backtest -in host.csv -label incident -budget 1 -html timeline.html
//	go run ./examples/backtest -train before.csv -in after.csv
package main

import (
	"context"
	"errors"
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

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/report"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

type options struct {
	in, train, html, columns string
	preset                   string
	table                    dataset.CSVOptions
	share                    float64
	interval                 time.Duration
	steps                    int
	seed                     uint64
	policy                   alarm.Config
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "backtest:", err)
		os.Exit(1)
	}
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("backtest", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.in, "in", "", "CSV file to test on")
	f.StringVar(&o.train, "train", "", "CSV file to train on; empty: the first part of -in")
	f.Float64Var(&o.share, "share", .5, "of -in to train on, where there is no -train")
	f.StringVar(&o.columns, "columns", "", "metrics, separated by commas; empty: all columns of numbers")
	f.StringVar(&o.table.Time, "time", "", "column with the time; empty: found by name")
	f.StringVar(&o.table.Label, "label", "", "column with the labels; empty: found by name")
	f.DurationVar(&o.interval, "interval", 0, "between samples; 0: from the times, or a minute")
	f.StringVar(&o.html, "html", "", "file for the timeline")
	f.StringVar(&o.preset, "preset", "", "of the training: "+strings.Join(train.Names(), ", ")+"; empty: the one that fits the rows to train on")
	f.IntVar(&o.steps, "steps", 2000, "of the training")
	f.Uint64Var(&o.seed, "seed", 1, "of the training")
	f.Float64Var(&o.policy.Budget, "budget", 1, "false alarms a day; 0: no budget, the threshold is the 99th percentile of the training energies")
	f.BoolVar(&o.policy.Cap, "cap", false, "never below the starting threshold")
	f.IntVar(&o.policy.Open, "open", 1, "samples above the threshold that open an alarm …")
	f.IntVar(&o.policy.Of, "of", 1, "… among so many")
	f.DurationVar(&o.policy.Cooldown, "cooldown", 0, "after an alarm")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.policy.Budget == 0 {
		o.policy.Budget = alarm.NoBudget
	}
	if o.columns != "" {
		o.table.Columns = strings.Split(o.columns, ",")
	}
	switch {
	case o.in == "":
		return o, errors.New("no -in")
	case o.train == "" && !(o.share > 0 && o.share < 1):
		return o, fmt.Errorf("-share %g is not in (0, 1)", o.share)
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	before, after, err := tables(o)
	if err != nil {
		return err
	}
	if o.interval == 0 {
		o.interval = after.Interval()
	}
	if o.interval == 0 {
		o.interval = time.Minute
	}
	o.policy.Interval = o.interval
	model, why, err := fit(ctx, o, before)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "trained on %s with preset %s%s\n\n", rowsOf(before), model.Training().Preset, why)
	r, err := test(model, before, after, o.policy)
	if err != nil {
		return err
	}
	if err := r.print(stdout); err != nil {
		return err
	}
	if o.html != "" {
		return r.writePage(o.html, o.in)
	}
	return nil
}

// tables returns the recording to train on and the one to test on.
func tables(o options) (before, after *dataset.Table, err error) {
	if after, err = dataset.ReadCSVFile(o.in, o.table); err != nil {
		return nil, nil, err
	}
	if o.train != "" {
		before, err = dataset.ReadCSVFile(o.train, o.table)
		return before, after, err
	}
	n, _ := after.X.Dims()
	k := int(o.share * float64(n))
	if before, err = after.Slice(0, k); err != nil {
		return nil, nil, err
	}
	after, err = after.Slice(k, n)
	return before, after, err
}

// fit trains with the preset that is asked for, or with the one that fits the rows. Then it
// also says why.
func fit(ctx context.Context, o options, t *dataset.Table) (m *dagmm.Model, why string, err error) {
	var cfg train.Config
	if o.preset != "" {
		if cfg, err = train.Named(o.preset); err != nil {
			return nil, "", err
		}
	} else {
		cfg, why = train.Choose(t.X, timesOf(t, o.interval))
		why = ", " + why
	}
	cfg.Columns, cfg.Times, cfg.Exclude, cfg.Seed, cfg.Optimizer.MinSteps = t.Columns, t.Times, t.Labels, o.seed, o.steps
	m, _, err = train.Fit(ctx, t.X, cfg)
	return m, why, err
}

// timesOf returns the times of the rows; where they have none, times an interval apart.
func timesOf(t *dataset.Table, interval time.Duration) []time.Time {
	if t.Times != nil {
		return t.Times
	}
	n, _ := t.X.Dims()
	times := make([]time.Time, n)
	for i := range times {
		times[i] = time.Unix(0, 0).Add(time.Duration(i) * interval)
	}
	return times
}

func rowsOf(t *dataset.Table) string {
	n, _ := t.X.Dims()
	return fmt.Sprintf("%d rows", n)
}

// result is what the detector made of the recording.
type result struct {
	table    *dataset.Table
	times    []time.Time
	interval time.Duration
	samples  []alarm.Result
	alarms   []alarm.Event // as closed, or as they stand at the end
	measure  measure
	start    string // what there is to know of the threshold at the start
}

func test(m *dagmm.Model, before, after *dataset.Table, policy alarm.Config) (*result, error) {
	training := mat.DenseCopyOf(before.X)
	for i, incident := range before.Labels {
		if incident { // known incidents are not what the budget starts from
			for j := range before.Columns {
				training.Set(i, j, math.NaN())
			}
		}
	}
	energies, err := m.Series(nil, training)
	if err != nil {
		return nil, err
	}
	d, err := alarm.NewTrained(m, alarm.Training{Energies: energies, Longest: alarm.LongestRuns(training)}, policy)
	if err != nil {
		return nil, err
	}
	n, _ := after.X.Dims()
	r := &result{start: startNote(m, d, energies, policy), table: after, times: after.Times, interval: policy.Interval, samples: make([]alarm.Result, n)}
	if r.times == nil {
		r.times = make([]time.Time, n)
		for i := range r.times {
			r.times[i] = time.Unix(0, 0).UTC().Add(time.Duration(i) * policy.Interval)
		}
	}
	for i := range n {
		s, err := d.Next(r.times[i], after.X.RawRowView(i))
		if errors.Is(err, alarm.ErrOrder) {
			r.samples[i] = alarm.Result{Energy: math.NaN(), Threshold: math.NaN(), PValue: math.NaN()}
			continue // a row that repeats a time says nothing new
		}
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		r.samples[i] = s
		for _, e := range s.Events {
			r.note(e)
		}
		if s.Flagged && s.Open {
			r.extend(r.times[i])
		}
	}
	r.measure, err = r.score()
	return r, err
}

// note keeps each alarm once, in its latest form.
func (r *result) note(e alarm.Event) {
	switch e.Kind {
	case alarm.Opened:
		r.alarms = append(r.alarms, e)
	case alarm.Continued, alarm.Reopened, alarm.Closed:
		last := &r.alarms[len(r.alarms)-1]
		e.Explanation = last.Explanation // at the peak the context has already seen the incident
		*last = e
	}
}

// extend counts a sample to the alarm that is open: where the recording ends, no event tells
// of its last ones.
func (r *result) extend(t time.Time) {
	if last := &r.alarms[len(r.alarms)-1]; t.After(last.End) {
		last.End = t
		last.Samples++
	}
}

func (r *result) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	page := r.page("")
	if len(r.alarms) > 0 {
		fmt.Fprintln(tw, "ALARM\tFROM\tTO\tSAMPLES\tSEVERITY\tP\tINCIDENT\tWHY")
	}
	for k, a := range r.alarms {
		fmt.Fprintf(tw, "%d\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", k+1, a.Start.Format(time.DateTime), a.End.Format(time.DateTime), a.Samples, a.Severity, report.PValue(a.Peak.PValue), r.measure.judged.Verdict(k), a.Explanation)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if slices.ContainsFunc(r.alarms, func(a alarm.Event) bool { return a.Peak.PValue > report.WeakP }) {
		fmt.Fprintln(tw, "\nweak: more than 5 % of ordinary samples that the model has not learned have as much energy")
	}
	if m := r.measure; m.judged != nil && len(m.judged.Incidents) > 0 {
		if len(r.alarms) > 0 {
			fmt.Fprintln(tw)
		}
		fmt.Fprintln(tw, "INCIDENT\tTO\tSAMPLES\tFOUND")
		for _, i := range m.judged.Incidents {
			fmt.Fprintf(tw, "%s\t%s\t%d\t%s\n", r.times[i.Start].Format(time.DateTime), r.times[i.End-1].Format(time.DateTime), i.End-i.Start, page.FoundText(i))
		}
		fmt.Fprintln(tw)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w, r.measure); err != nil || r.start == "" {
		return err
	}
	_, err := fmt.Fprintln(w, r.start)
	return err
}
