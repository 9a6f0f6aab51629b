package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/metric-streams/anomaly/dagmm"
)

// maxPrinted bounds the flagged rows that are printed; files hold all of them.
const maxPrinted = 100

// printInput prints how flagcsv interpreted the file and each of its columns.
func printInput(w io.Writer, j *job) {
	fmt.Fprintf(w, "%s: %s", printable(j.source), printable(j.table.Describe()))
	for _, note := range j.table.Notes {
		fmt.Fprintf(w, "note: %s\n", printable(note))
	}
	fmt.Fprintln(w)
}

// printResult prints the flagged rows and a summary.
func printResult(w io.Writer, j *job) {
	rows := printed(j.flagged)
	if len(rows) > 0 {
		printRows(w, j, rows)
		if left := len(j.flagged) - len(rows); left > 0 {
			fmt.Fprintf(w, "and %d flagged rows of lower energy: -out and -report hold them all\n", left)
		}
		fmt.Fprintln(w)
	}
	printSummary(w, j)
}

// printed returns the flagged rows to print, in order: where there are too many, those of the highest energies.
func printed(rows []flaggedRow) []flaggedRow {
	if len(rows) <= maxPrinted {
		return rows
	}
	out := slices.Clone(rows)
	slices.SortStableFunc(out, func(a, b flaggedRow) int { return cmp.Compare(b.verdict.Energy, a.verdict.Energy) })
	out = out[:maxPrinted]
	slices.SortFunc(out, func(a, b flaggedRow) int { return cmp.Compare(a.row, b.row) })
	return out
}

func printRows(w io.Writer, j *job, rows []flaggedRow) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	head := "ROW\t"
	if j.table.Times != nil {
		head += "TIME\t"
	}
	fmt.Fprintln(t, head+"ENERGY\tP\tMETRIC\tVALUE\tEXPECTED\tREASON")
	for _, f := range rows {
		fmt.Fprintf(t, "%d\t", f.row+1)
		if j.table.Times != nil {
			fmt.Fprintf(t, "%s\t", j.table.Times[f.row].Format(time.DateTime))
		}
		c := f.explanation.Contributions[0]
		fmt.Fprintf(t, "%.2f\t%.2g\t%s\t%s\t%s\t%s\n", f.verdict.Energy, f.verdict.PValue,
			printable(c.Metric), short(c.Value), expected(c), printable(f.explanation.String()))
	}
	t.Flush()
}

func expected(c dagmm.Contribution) string {
	if c.Constant || c.Low == c.High {
		return short(c.Low)
	}
	return short(c.Low) + " to " + short(c.High)
}

func printSummary(w io.Writer, j *job) {
	fmt.Fprintf(w, "%d of %d rows flagged: energy above %.4g, the %s\n",
		len(j.flagged), len(j.energies)-j.unscored(), j.model.Threshold(), j.thresholdNote())
	if n := j.unscored(); n > 0 {
		fmt.Fprintf(w, "%d more rows have missing values and no energy\n", n)
	}
	if q := j.quality; q == nil && j.table.Labels != nil {
		fmt.Fprintln(w, "no row is labelled anomalous")
	} else if q != nil {
		fmt.Fprintf(w, "against the labels: %d of %d labelled rows flagged, precision %.3f, recall %.3f, F1 %.3f, average precision %.3f\n",
			q.hits, q.labelled, q.precision, q.recall, q.f1, q.average)
	}
	if j.choice != "" {
		fmt.Fprintln(w, j.choice)
	}
	if j.training != nil {
		fmt.Fprint(w, printable(withFlags(j.training.String())))
	} else {
		t := j.model.Training()
		fmt.Fprintf(w, "model %s: trained on %d rows with preset %s\n", printable(j.modelFile), t.Rows, t.Preset)
	}
	if len(j.written) > 0 {
		fmt.Fprintf(w, "written: %s\n", printable(strings.Join(j.written, ", ")))
	}
}

// short writes a metric's value with four significant digits, without an exponent where that is legible.
func short(v float64) string {
	if a := math.Abs(v); a >= 1e4 && a < 1e15 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4g", v)
}

// printable keeps a file's texts from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return '�'
		}
		return r
	}, s)
}
