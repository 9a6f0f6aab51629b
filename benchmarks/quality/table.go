package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
)

// row is one method on one suite: every measure, machine by machine and seed
// by seed.
type row struct {
	method string
	runs   []result
	failed int
}

// label names the method as in a table's first column: with the contamination
// of the training rows and the tag.
func (j job) label() string {
	name := "`" + j.Method + "`"
	if j.Dirt > 0 {
		name += fmt.Sprintf(" %g %%", 100*j.Dirt)
	}
	if j.Tag != "" {
		name += " @" + j.Tag
	}
	return name
}

// rows groups the results of a suite by method, in the order of the methods.
func rows(results []result, suiteName string) []row {
	var out []row
	at := map[string]int{}
	for _, r := range results {
		if r.Suite != suiteName {
			continue
		}
		name := r.label()
		i, ok := at[name]
		if !ok {
			i = len(out)
			at[name] = i
			out = append(out, row{method: name})
		}
		if r.Error != "" {
			out[i].failed++
			continue
		}
		out[i].runs = append(out[i].runs, r)
	}
	return out
}

// macro returns the mean over machines of a measure, and the standard
// deviation of that mean over the seeds that ran on every machine; NaN where
// there is none.
func (r row) macro(name string) (mean, sd float64) {
	bySeed := map[uint64]map[string][]float64{}
	byMachine := map[string][]float64{}
	for _, run := range r.runs {
		v, ok := run.Metrics[name]
		if !ok {
			continue
		}
		if bySeed[run.Seed] == nil {
			bySeed[run.Seed] = map[string][]float64{}
		}
		bySeed[run.Seed][run.Machine] = append(bySeed[run.Seed][run.Machine], v)
		byMachine[run.Machine] = append(byMachine[run.Machine], v)
	}
	var perSeed []float64
	for _, machines := range bySeed {
		if len(machines) == len(byMachine) {
			perSeed = append(perSeed, meanOfMeans(machines))
		}
	}
	slices.Sort(perSeed)
	sd = math.NaN()
	if len(perSeed) > 1 {
		sd = stat.StdDev(perSeed, nil)
	}
	return meanOfMeans(byMachine), sd
}

// meanOfMeans averages over machines what was averaged over seeds; the order
// of summation is fixed, so that a table comes out the same each time.
func meanOfMeans(byMachine map[string][]float64) float64 {
	if len(byMachine) == 0 {
		return math.NaN()
	}
	var means []float64
	for _, values := range byMachine {
		slices.Sort(values)
		means = append(means, stat.Mean(values, nil))
	}
	slices.Sort(means)
	return stat.Mean(means, nil)
}

// perMachine returns the mean over seeds of a measure for each machine.
func (r row) perMachine(name string) map[string]float64 {
	values := map[string][]float64{}
	for _, run := range r.runs {
		if v, ok := run.Metrics[name]; ok {
			values[run.Machine] = append(values[run.Machine], v)
		}
	}
	out := map[string]float64{}
	for machine, v := range values {
		slices.Sort(v)
		out[machine] = stat.Mean(v, nil)
	}
	return out
}

// writeTables prints every table of the results.
func writeTables(w io.Writer, results []result, suites []string) {
	for _, name := range suites {
		table := rows(results, name)
		if len(table) == 0 {
			continue
		}
		machines := machinesOf(table)
		switch name {
		case "paper", "tabular":
			fmt.Fprintf(w, "## %s: mean over %d sets\n\n", name, len(machines))
			writeMacro(w, table, []string{"f1", "precision", "recall", "ap", "roc"})
			fmt.Fprintf(w, "\n### %s: F1 of the anomaly class with the top ρ flagged, by set\n\n", name)
			writeMembers(w, table, machines, "f1")
		case "outliers":
			fmt.Fprintf(w, "## outliers: share of runs with both of them (or one) above the 99th percentile\n\n")
			writeMacro(w, table, []string{"both", "one"})
			fmt.Fprintf(w, "\n### outliers: both, by generator and strength\n\n")
			writeMembers(w, table, machines, "both")
		default:
			fmt.Fprintf(w, "## %s: macro mean over %d machines\n\n", name, len(machines))
			writeMacro(w, table, []string{"ap", "er@0.5", "er@1", "er@5", "delay@1", "vus", "roc", "row_us"})
			fmt.Fprintf(w, "\n### %s: thresholds from training data alone\n\n", name)
			writeThresholds(w, table)
			fmt.Fprintf(w, "\n### %s: average precision / event recall at one false episode a day, by machine\n\n", name)
			writeMachines(w, table, machines, "ap", "er@1")
			writeExplanations(w, name, table)
		}
		fmt.Fprintln(w)
	}
	writeFamilies(w, results, suites)
}

func machinesOf(table []row) []string {
	var names []string
	for _, r := range table {
		for _, run := range r.runs {
			names = append(names, run.Machine)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func writeMacro(w io.Writer, table []row, names []string) {
	header(w, slices.Concat([]string{"method"}, names, []string{"runs", "failed"}))
	for _, r := range table {
		cells := []string{r.method}
		for _, name := range names {
			mean, sd := r.macro(name)
			cells = append(cells, withSpread(mean, sd))
		}
		line(w, append(cells, fmt.Sprint(len(r.runs)), fmt.Sprint(r.failed)))
	}
}

// writeThresholds shows for each rule the false episodes a day over machines
// and the event recall.
func writeThresholds(w io.Writer, table []row) {
	header(w, []string{"method", "rule", "false a day: median", "≤ 1", "≤ 5", "worst", "event recall", "observed/nominal"})
	for _, r := range table {
		for _, rule := range r.rules() {
			var episodes []float64
			var calm, bearable int
			for _, v := range r.perMachine("fe-" + rule) {
				episodes = append(episodes, v)
				if v <= 1 {
					calm++
				}
				if v <= 5 {
					bearable++
				}
			}
			slices.Sort(episodes)
			n := len(episodes)
			recall, _ := r.macro("er-" + rule)
			rate, _ := r.macro("rate-" + rule)
			line(w, []string{r.method, rule, number(median(episodes)), fmt.Sprintf("%d/%d", calm, n),
				fmt.Sprintf("%d/%d", bearable, n), number(episodes[n-1]), number(recall), number(rate)})
		}
	}
}

// rules lists the alarm rules that were measured, sorted.
func (r row) rules() []string {
	names := map[string]bool{}
	for _, run := range r.runs {
		for name := range run.Metrics {
			if rule, ok := strings.CutPrefix(name, "fe-"); ok {
				names[rule] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func writeMachines(w io.Writer, table []row, machines []string, first, second string) {
	header(w, append([]string{"method"}, machines...))
	for _, r := range table {
		a, b := r.perMachine(first), r.perMachine(second)
		cells := []string{r.method}
		for _, m := range machines {
			cells = append(cells, number(valueOr(a, m))+" / "+number(valueOr(b, m)))
		}
		line(w, cells)
	}
}

// writeMembers shows mean±sd over the seeds of each set.
func writeMembers(w io.Writer, table []row, sets []string, name string) {
	header(w, append([]string{"method"}, sets...))
	for _, r := range table {
		cells := []string{r.method}
		for _, s := range sets {
			one := row{}
			for _, run := range r.runs {
				if run.Machine == s {
					one.runs = append(one.runs, run)
				}
			}
			cells = append(cells, withSpread(one.macro(name)))
		}
		line(w, cells)
	}
}

func valueOr(m map[string]float64, name string) float64 {
	if v, ok := m[name]; ok {
		return v
	}
	return math.NaN()
}

func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func withSpread(mean, sd float64) string {
	if math.IsNaN(sd) {
		return number(mean)
	}
	return number(mean) + "±" + number(sd)
}

// number writes three decimals, fewer for what is large.
func number(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v):
		return "–"
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 2:
		return fmt.Sprintf("%.2f", v)
	}
	return strings.Replace(fmt.Sprintf("%.3f", v), "0.", ".", 1)
}

func header(w io.Writer, cells []string) {
	line(w, cells)
	rule := make([]string, len(cells))
	for i := range rule {
		rule[i] = "---:"
	}
	rule[0] = "---"
	line(w, rule)
}

func line(w io.Writer, cells []string) { fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }
