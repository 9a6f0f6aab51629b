package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/metric-streams/anomaly/dagmm/report"
)

// maxPrinted bounds the flagged rows that are printed; files hold all of them.
const maxPrinted = 100

// maxIncidents bounds the incidents that are printed.
const maxIncidents = 30

// printInput prints how flagcsv interpreted the file and each of its columns.
func printInput(w io.Writer, j *job) {
	fmt.Fprintf(w, "%s: %s", printable(j.source), printable(j.table.Describe()))
	for _, note := range j.table.Notes {
		fmt.Fprintf(w, "note: %s\n", printable(note))
	}
	fmt.Fprintln(w)
}

// printResult prints the flagged rows, the incidents that they make, and a summary.
func printResult(w io.Writer, j *job) error {
	rows := printed(j)
	if len(rows) > 0 {
		printRows(w, j, rows)
		if left := len(j.flagged) - len(rows); left > 0 {
			fmt.Fprintf(w, "and %d flagged rows of lower energy: -out and -report hold them all\n", left)
		}
		fmt.Fprintln(w)
		printIncidents(w, j, maxIncidents)
	}
	return printSummary(w, j)
}

// printIncidents prints one line an incident: where there are more than most, the gravest.
func printIncidents(w io.Writer, j *job, most int) {
	shown := shownIncidents(j, most)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "INCIDENT\tLASTED\tSEVERITY\tWHY, AT ITS PEAK")
	for _, i := range shown {
		start := fmt.Sprintf("row %d", i.Span.Start+1)
		if j.table.Times != nil {
			start = i.Start.Format(time.DateTime)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", start, i.Lasted(), i.Grade(), printable(i.Peak.Explanation.String()))
	}
	t.Flush()
	if left := len(j.incidents) - len(shown); left > 0 {
		fmt.Fprintf(w, "and %d less grave incidents: -report, -json and -markdown hold them all\n", left)
	}
	fmt.Fprintln(w)
}

// shownIncidents returns the incidents to print, in order: where there are more than most, the gravest.
func shownIncidents(j *job, most int) []report.Incident {
	shown := j.incidents
	if len(shown) <= most {
		return shown
	}
	shown = slices.Clone(shown)
	slices.SortStableFunc(shown, func(a, b report.Incident) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Energy, a.Energy))
	})
	shown = shown[:most]
	slices.SortFunc(shown, func(a, b report.Incident) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	return shown
}

// printed returns the flagged rows to print, in order: where there are too many, those of the highest energies.
func printed(j *job) []report.Explained {
	rows := j.flagged
	if len(rows) <= maxPrinted {
		return rows
	}
	out := slices.Clone(rows)
	slices.SortStableFunc(out, func(a, b report.Explained) int {
		return cmp.Compare(j.energies[b.Row], j.energies[a.Row])
	})
	out = out[:maxPrinted]
	slices.SortFunc(out, func(a, b report.Explained) int { return cmp.Compare(a.Row, b.Row) })
	return out
}

func printRows(w io.Writer, j *job, rows []report.Explained) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	head := "ROW\t"
	if j.table.Times != nil {
		head += "TIME\t"
	}
	fmt.Fprintln(t, head+"ENERGY\tP\tMETRIC\tVALUE\tEXPECTED\tREASON")
	for _, f := range rows {
		fmt.Fprintf(t, "%d\t", f.Row+1)
		if j.table.Times != nil {
			fmt.Fprintf(t, "%s\t", j.table.Times[f.Row].Format(time.DateTime))
		}
		c := f.Explanation.Contributions[0]
		value, expected := c.Text()
		fmt.Fprintf(t, "%.2f\t%s\t%s\t%s\t%s\t%s\n", j.energies[f.Row], report.PValue(j.pvalue(f.Row)),
			printable(c.Metric), value, expected, printable(f.Explanation.String()))
	}
	t.Flush()
}

func printSummary(w io.Writer, j *job) error {
	fmt.Fprintf(w, "%d of %d rows flagged, %s: energy above %.4g, the %s\n",
		len(j.flagged), len(j.energies)-j.unscored(), counted(len(j.incidents), "incident"), j.model.Threshold(), j.thresholdNote())
	if note := j.rows().WeakNote(); note != "" {
		fmt.Fprintln(w, note)
	}
	if n := j.unscored(); n > 0 {
		fmt.Fprintf(w, "%d more rows have missing values and no energy\n", n)
	}
	if err := printAgreement(w, j); err != nil {
		return err
	}
	if j.choice != "" {
		fmt.Fprintln(w, j.choice)
	}
	if j.bound != "" {
		fmt.Fprintln(w, j.bound)
	}
	if j.training != nil {
		fmt.Fprint(w, printable(withFlags(j.training.String())))
	} else {
		t := j.model.Training()
		fmt.Fprintf(w, "model %s: trained on %d rows with preset %s\n", printable(j.modelFile), t.Rows, t.Preset)
	}
	return nil
}

func printWritten(w io.Writer, files []string) {
	if len(files) > 0 {
		fmt.Fprintf(w, "written: %s\n", printable(strings.Join(files, ", ")))
	}
}

// printAgreement holds the flagged rows against the labels.
func printAgreement(w io.Writer, j *job) error {
	a, err := j.agreement()
	switch {
	case err != nil:
		return err
	case a != nil:
		precision := fmt.Sprintf("%.3f", a.Precision())
		if a.TP+a.FP == 0 {
			precision = "none"
		}
		fmt.Fprintf(w, "against the labels: %.0f of %.0f labelled rows flagged, precision %s, recall %.3f, F1 %.3f, average precision %.3f\n",
			a.TP, a.TP+a.FN, precision, a.Recall(), a.F1(), a.AveragePrecision)
	case j.table.Labels != nil:
		fmt.Fprintln(w, "no row is labelled anomalous")
	}
	return nil
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
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
