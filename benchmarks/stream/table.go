package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// movedFrom is the share of ordinary test rows above 95 % of the training's from which a
// machine counts as moved for good; 5 % is as in training.
const movedFrom = .25

// preface says how the tables were made.
func preface(w io.Writer, o options) error {
	_, err := fmt.Fprintf(w, `# Alarms on real servers

Made by: ANOMALY_DATA=DIR go run ./benchmarks/stream -preset %s -sets %s -budget %g -seeds %d > benchmarks/STREAM.md

A model is trained on each machine's training file, the threshold starts from the same file, and the test file is fed to the detector sample by sample;
means over %[4]d seeds. Labels only count. An event is found when one of its samples is flagged within an alarm; a false episode is a run of flagged
normal samples at most %[5]d samples apart; alarms are all that were opened, false ones those without a labelled sample.
The oracle is the best fixed threshold at one false episode a day, chosen with the labels; the blind threshold is the lowest fixed one at one alarm a day,
true or false. p99 is the model's own threshold. "Above p95" is the share of
the ordinary test rows above 95 %% of the training energies: 5 %% on a machine that is as it was, and %.0[6]f %% or more on one that has moved for good.
`, o.preset, strings.Join(o.sets, ","), o.policy.Budget, o.seeds, gap, 100*movedFrom)
	return err
}

func printTable(w io.Writer, set string, rows []outcome) error {
	fmt.Fprintf(w, "\n## %s\n\n", set)
	tw := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(tw, "| machine\t| above p95\t| alarms/day\t| false alarms/day\t| false episodes/day\t| event recall\t| delay, min\t| p99: false/day\t| p99: recall\t| oracle recall\t| blind recall\t|")
	fmt.Fprintln(tw, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, r := range rows {
		fmt.Fprintf(tw, "| %s\t| %.0f %%\t| %.2f\t| %.2f\t| %.2f\t| %.3f\t| %.0f\t| %.1f\t| %.3f\t| %.3f\t| %.3f\t|\n", r.machine, 100*r.moved, r.alarms, r.falseAlarms, r.episodes,
			r.recall, r.delay, r.fixed.episodes, r.fixed.recall, r.oracle.recall, r.blind)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	within, k := 0, float64(len(rows))
	var episodes []float64
	for _, r := range rows {
		episodes = append(episodes, r.episodes)
		if r.episodes <= 1 {
			within++
		}
	}
	slices.Sort(episodes)
	mean := func(f func(outcome) float64) float64 {
		var sum float64
		for _, r := range rows {
			sum += f(r)
		}
		return sum / k
	}
	_, err := fmt.Fprintf(w, "\n%d of %d machines at one false episode a day or fewer (%.0f %%), median %.2f, worst %.2f; event recall %.3f (oracle threshold at one false episode a day: %.3f; blind threshold at one alarm a day: %.3f; p99 of the training energies: %.3f at %.1f a day)\n",
		within, len(rows), 100*float64(within)/k, episodes[len(rows)/2], episodes[len(rows)-1], mean(func(r outcome) float64 { return r.recall }),
		mean(func(r outcome) float64 { return r.oracle.recall }), mean(func(r outcome) float64 { return r.blind }), mean(func(r outcome) float64 { return r.fixed.recall }),
		mean(func(r outcome) float64 { return r.fixed.episodes }))
	if err != nil {
		return err
	}
	return printMoved(w, rows)
}

// printMoved tells what is kept on machines that have moved for good.
func printMoved(w io.Writer, rows []outcome) error {
	var parts []string
	for _, r := range rows {
		if r.moved >= movedFrom {
			parts = append(parts, fmt.Sprintf("%s %.3f of the oracle's %.3f", r.machine, r.recall, r.oracle.recall))
		}
	}
	if parts == nil {
		return nil
	}
	_, err := fmt.Fprintf(w, "\nMoved for good: %s\n", strings.Join(parts, ", "))
	return err
}
