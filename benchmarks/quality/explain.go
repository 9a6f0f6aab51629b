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

// blame asks for the metric to blame for each fault, at the row of the fault
// that scores highest; nil where there are no faults or no explanations.
func blame(scorer simple.Scorer, s *suite.Series, scores []float64) ([]int, error) {
	e, ok := scorer.(simple.Explainer)
	if !ok || !e.Explains() {
		return nil, nil
	}
	var blamed []int
	for _, f := range s.Faults {
		worst := f.Span[0]
		for row := f.Span[0]; row < f.Span[1]; row++ {
			if scores[row] > scores[worst] {
				worst = row
			}
		}
		column, err := e.Blame(s.Test, worst)
		if err != nil {
			return nil, err
		}
		blamed = append(blamed, column)
	}
	return blamed, nil
}

// measureBlame adds the share of faults whose metric was blamed: "hit" over all
// and "hit KIND" for each kind.
func measureBlame(m map[string]float64, faults []suite.Fault, blamed []int) {
	hits := map[string][]float64{}
	for i, column := range blamed {
		hit := 0.
		if column == faults[i].Column {
			hit = 1
		}
		hits["hit"] = append(hits["hit"], hit)
		kind := "hit " + faults[i].Kind
		hits[kind] = append(hits[kind], hit)
	}
	for name, values := range hits {
		m[name] = stat.Mean(values, nil)
	}
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
	fmt.Fprintf(w, "\n### %s: explanations, share of faults with the right metric first\n\n", suiteName)
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
