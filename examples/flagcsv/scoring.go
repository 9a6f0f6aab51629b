package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/report"
)

// scoring says which rows are explained besides those that are printed.
type scoring struct {
	all  bool // all flagged rows, for files
	band bool // some of the others too, for the band of expected values
	jobs int  // that share the time which the band may cost
}

func scoringFor(opt *options, jobs int) scoring {
	files := []string{opt.out, opt.report, opt.json, opt.markdown}
	return scoring{all: slices.ContainsFunc(files, func(f string) bool { return f != "" }), band: opt.report != "", jobs: jobs}
}

// score gives every row its energy, groups the flagged ones into incidents, and explains those that are shown. To explain a row takes as
// long as to score hundreds, and a long file has thousands of flagged rows of which a few are printed.
func (j *job) score(ctx context.Context, s scoring) error {
	var err error
	if err = ctx.Err(); err != nil {
		return err
	}
	if j.energies, err = j.model.Series(nil, j.table.X); err != nil {
		return input(fmt.Errorf("%s: %w", j.named(), err))
	}
	for i, e := range j.energies {
		if e > j.model.Threshold() {
			j.flagged = append(j.flagged, report.Explained{Row: i, Explanation: &dagmm.Explanation{Verdict: dagmm.Verdict{
				Energy: e, Threshold: j.model.Threshold(), PValue: j.pvalue(i), Anomalous: true}}})
		}
	}
	if j.incidents, err = j.rows().Incidents(); err != nil {
		return err
	}
	wanted := map[int]*dagmm.Explanation{}
	for _, f := range j.shown(s.all) {
		wanted[f.Row] = f.Explanation
	}
	if s.band {
		j.addBand(wanted, s.jobs)
	}
	return j.explain(ctx, wanted)
}

func (j *job) pvalue(row int) float64 { return j.model.PValue(j.energies[row]) }

// shown returns the flagged rows that are printed, alone or as the peak of an incident, or all.
func (j *job) shown(all bool) []report.Explained {
	if all {
		return j.flagged
	}
	out := slices.Clone(printed(j))
	for _, i := range shownIncidents(j, maxIncidents) {
		out = append(out, i.Peak)
	}
	return out
}

// addBand adds ordinary rows, spread evenly.
func (j *job) addBand(wanted map[int]*dagmm.Explanation, jobs int) {
	rows, width := j.table.X.Dims()
	stride := bandStride(rows, width, jobs)
	if stride == 0 {
		return
	}
	for i, e := range j.energies {
		if (i%stride == 0 || i == rows-1) && !math.IsNaN(e) && e <= j.model.Threshold() {
			o := report.Explained{Row: i, Explanation: &dagmm.Explanation{}}
			j.ordinary = append(j.ordinary, o)
			wanted[i] = o.Explanation
		}
	}
}

// explain fills in the explanations of the rows wanted. A stream carries the context to each, as in live scoring.
func (j *job) explain(ctx context.Context, wanted map[int]*dagmm.Explanation) error {
	e := newExplaining(j.model)
	err := j.pass(ctx, e, wanted)
	if failed := e.wait(); err == nil {
		err = failed
	}
	return err
}

func (j *job) pass(ctx context.Context, e *explaining, wanted map[int]*dagmm.Explanation) error {
	stream, left := j.model.Stream(), len(wanted)
	for i := 0; left > 0; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		x := j.table.X.RawRowView(i)
		why := wanted[i]
		if why == nil {
			if !j.model.HasContext() {
				continue
			}
			if err := stream.Skip(x); err != nil {
				return err
			}
			continue
		}
		if _, err := stream.Next(x); err != nil {
			return err
		}
		e.add(i, why, stream)
		left--
	}
	return nil
}

// bandStride is every how manyth row the band of expected values is drawn through. To explain a row takes a time that grows with the
// square of the width: the band is to cost seconds in all jobs together, and is left out, which is 0, where it would have too few rows.
func bandStride(rows, width, jobs int) int {
	most := min(1000, 120_000/(width*(width+20)*jobs))
	if most < 8 {
		return 0
	}
	return (rows + most - 1) / most
}
