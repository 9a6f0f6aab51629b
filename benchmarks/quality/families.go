package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

const (
	resamples = 2000 // of the bootstrap
	inside    = .95  // share of the resamples that an interval holds
)

// hostScores are a method's mean over seeds of a measure, by family and host.
type hostScores map[string]map[string]float64

// writeFamilies compares methods over several suites of series, the families: which is best
// where it took no part in the choice, and what lies beyond chance. It needs two families
// and two methods that ran on all of them.
func writeFamilies(w io.Writer, results []result, suites []string) {
	measures := []string{"ap", "er@1"}
	scores := map[string]map[string]hostScores{"ap": {}, "er@1": {}} // by measure and method
	var families, methods []string
	for _, name := range suites {
		table := rows(results, name)
		if len(table) == 0 {
			continue
		}
		if recall, _ := table[0].macro("er@1"); math.IsNaN(recall) {
			continue // no series
		}
		families = append(families, name)
		var here []string
		for _, r := range table {
			here = append(here, r.method)
			for _, measure := range measures {
				if scores[measure][r.method] == nil {
					scores[measure][r.method] = hostScores{}
				}
				scores[measure][r.method][name] = r.perMachine(measure)
			}
		}
		if methods == nil {
			methods = here
		}
		methods = slices.DeleteFunc(methods, func(m string) bool { return !slices.Contains(here, m) })
	}
	if len(families) < 2 || len(methods) < 2 {
		return
	}
	fmt.Fprintf(w, "## all families: average precision / event recall at one false episode a day\n\n")
	fmt.Fprintf(w, "Mean over all hosts with the %.0f %% interval of a bootstrap over hosts, and the difference from the first method, host by host.\n\n", 100*inside)
	header(w, []string{"method", "ap", "er@1", "ap − first", "er@1 − first"})
	for _, m := range methods {
		cells := []string{m}
		for _, name := range measures {
			cells = append(cells, interval(values(scores[name][m], nil, families)))
		}
		for _, name := range measures {
			if m == methods[0] {
				cells = append(cells, "–")
				continue
			}
			cells = append(cells, interval(values(scores[name][m], scores[name][methods[0]], families)))
		}
		line(w, cells)
	}
	writeLeftOut(w, scores, methods, families, measures)
	fmt.Fprintln(w)
}

// writeLeftOut chooses a method for each family by the others alone, and shows what it
// reaches beside the best method of the family.
func writeLeftOut(w io.Writer, scores map[string]map[string]hostScores, methods, families, measures []string) {
	fmt.Fprintf(w, "\n### leaving one family out\n\n")
	header(w, append([]string{"family left out", "chosen by the others"}, "ap, er@1 of the chosen", "best ap there", "best er@1 there"))
	for _, f := range families {
		others := slices.DeleteFunc(slices.Clone(families), func(o string) bool { return o == f })
		// The choice weighs both measures alike.
		chosen := best(methods, func(m string) float64 {
			var sum float64
			for _, name := range measures {
				sum += familyMean(scores[name][m], others)
			}
			return sum
		})
		cells := []string{f, chosen, number(familyMean(scores["ap"][chosen], []string{f})) + " / " + number(familyMean(scores["er@1"][chosen], []string{f}))}
		for _, name := range measures {
			top := best(methods, func(m string) float64 { return familyMean(scores[name][m], []string{f}) })
			cells = append(cells, number(familyMean(scores[name][top], []string{f}))+" "+top)
		}
		line(w, cells)
	}
}

// best returns the method with the highest value, the first of equals.
func best(methods []string, value func(string) float64) string {
	return slices.MaxFunc(methods, func(a, b string) int { return cmp.Compare(value(a), value(b)) })
}

// familyMean averages over families what was averaged over their hosts.
func familyMean(h hostScores, families []string) float64 {
	var means []float64
	for _, f := range families {
		means = append(means, stat.Mean(values(h, nil, []string{f}), nil))
	}
	return stat.Mean(means, nil)
}

// values lists the scores of the hosts in a fixed order, less those of the other method
// where there is one. Hosts that one of them lacks are left out.
func values(h, other hostScores, families []string) []float64 {
	var out []float64
	for _, f := range families {
		for _, host := range slices.Sorted(maps.Keys(h[f])) {
			v := h[f][host]
			if other != nil {
				o, ok := other[f][host]
				if !ok {
					continue
				}
				v -= o
			}
			out = append(out, v)
		}
	}
	return out
}

// interval returns the mean of the values and, in brackets, the interval of the means of
// resamples.
func interval(values []float64) string {
	if len(values) == 0 {
		return "–"
	}
	rng := rand.New(rand.NewPCG(1, uint64(len(values))))
	means := make([]float64, resamples)
	for i := range means {
		for range values {
			means[i] += values[rng.IntN(len(values))] / float64(len(values))
		}
	}
	slices.Sort(means)
	at := func(q float64) float64 { return stat.Quantile(q, stat.LinInterp, means, nil) }
	return fmt.Sprintf("%s (%s to %s)", number(stat.Mean(values, nil)), number(at((1-inside)/2)), number(at((1+inside)/2)))
}
