package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/metric-streams/anomaly/benchmarks/internal/simple"
	"github.com/metric-streams/anomaly/benchmarks/internal/suite"
)

// blame asks for the metrics to blame for each fault, most first; nil where
// there are no faults or no explanations.
func blame(scorer simple.Scorer, s *suite.Series, scores []float64) ([][]int, error) {
	e, ok := scorer.(simple.Explainer)
	if !ok || !e.Explains() {
		return nil, nil
	}
	var blamed [][]int
	for _, f := range s.Faults {
		worst := f.Span[0]
		for row := f.Span[0]; row < f.Span[1]; row++ {
			if scores[row] > scores[worst] {
				worst = row
			}
		}
		columns, err := e.Blame(s.Test, f.Span, worst)
		if err != nil {
			return nil, err
		}
		blamed = append(blamed, columns)
	}
	return blamed, nil
}

// namedFirst is how many metrics an operator looks at.
const namedFirst = 3

// measureBlame adds the share of faults of which a right metric was blamed first ("hit") or
// among the first three ("of 3"), over all and for each kind ("hit KIND").
func measureBlame(m map[string]float64, faults []suite.Fault, blamed [][]int) {
	hits := map[string][]float64{}
	for i, columns := range blamed {
		right := func(j int) bool { return slices.Contains(faults[i].Columns, j) }
		var first, near float64
		if right(columns[0]) {
			first = 1
		}
		if slices.ContainsFunc(columns[:min(namedFirst, len(columns))], right) {
			near = 1
		}
		hits["hit"] = append(hits["hit"], first)
		hits["of 3"] = append(hits["of 3"], near)
		kind := "hit " + faults[i].Kind
		hits[kind] = append(hits[kind], first)
	}
	for name, values := range hits {
		m[name] = stat.Mean(values, nil)
	}
}

// mostBlamed returns the first metric of each fault.
func mostBlamed(blamed [][]int) (first []int) {
	for _, columns := range blamed {
		first = append(first, columns[0])
	}
	return first
}

// stability is the chance that two seeds blame the same metric for a fault,
// mean over faults and machines; NaN with fewer than two seeds.
func (r row) stability() float64 {
	byMachine := map[string][][]int{}
	for _, run := range r.runs {
		if len(run.Blamed) > 0 {
			byMachine[run.Machine] = append(byMachine[run.Machine], run.Blamed)
		}
	}
	agreement := map[string][]float64{}
	for machine, seeds := range byMachine {
		for i, a := range seeds {
			for _, b := range seeds[:i] {
				for f := range min(len(a), len(b)) {
					same := 0.
					if a[f] == b[f] {
						same = 1
					}
					agreement[machine] = append(agreement[machine], same)
				}
			}
		}
	}
	return meanOfMeans(agreement)
}

// writeExplanations shows how often the metric that was tampered with is blamed
// first.
func writeExplanations(w io.Writer, suiteName string, table []row) {
	names := []string{"hit"}
	for _, r := range table {
		for _, run := range r.runs {
			for name := range run.Metrics {
				if strings.HasPrefix(name, "hit ") {
					names = append(names, name)
				}
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 1 {
		return
	}
	names = append([]string{"hit", "of 3"}, names[1:]...)
	fmt.Fprintf(w, "\n### %s: explanations, share of faults with a right metric first, and among the first three\n\n", suiteName)
	header(w, slices.Concat([]string{"method"}, names, []string{"two seeds agree"}))
	for _, r := range table {
		if len(r.perMachine("hit")) == 0 {
			continue
		}
		cells := []string{r.method}
		for _, name := range names {
			mean, sd := r.macro(name)
			cells = append(cells, withSpread(mean, sd))
		}
		line(w, append(cells, number(r.stability())))
	}
}
