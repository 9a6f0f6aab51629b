package report

import "fmt"

// WeakP is the p-value above which a flag is weak.
const WeakP = .05

// PValue writes a p-value with two significant digits, and that it is weak: 0.18 weak.
func PValue(p float64) string {
	if p > WeakP {
		return pText(p) + " weak"
	}
	return pText(p)
}

// Weak reports whether the row's p-value is above .05: its energy is among the highest of the
// training rows, but of ordinary rows that the model has not learned more than one in twenty
// have as much. A network knows its training rows, so the threshold, a quantile of their
// energies, is lower than the same quantile of the calibration.
func (e Explained) Weak() bool { return e.Explanation.Verdict.PValue > WeakP }

// Weak reports whether the incident's peak is weak, and with it all of its rows.
func (i Incident) Weak() bool { return i.Peak.Weak() }

// Grade is the incident's severity in words: minor, or "minor, weak".
func (i Incident) Grade() string {
	if i.Weak() {
		return i.Severity.String() + ", weak"
	}
	return i.Severity.String()
}

// weak counts the weak rows among the flagged ones.
func (d Rows) weak() (n int) {
	for _, f := range d.Flagged {
		if f.Weak() {
			n++
		}
	}
	return n
}

// WeakNote says how many flagged rows are weak, why threshold and p-value differ, and which
// of the two counts; empty where none is.
func (d Rows) WeakNote() string { return weakNote(d.weak(), len(d.Flagged)) }

// WeakNote says of the rows of all hosts what Rows.WeakNote says of those of one.
func (d Hosts) WeakNote() string {
	weak, flagged := 0, 0
	for _, h := range d.Hosts {
		weak, flagged = weak+h.weak(), flagged+len(h.Flagged)
	}
	return weakNote(weak, flagged)
}

func weakNote(n, flagged int) string {
	if n == 0 {
		return ""
	}
	rows := fmt.Sprintf("%d of the %d flagged rows are", n, flagged)
	if n == 1 {
		rows = fmt.Sprintf("1 of the %d flagged rows is", flagged)
	}
	return rows + " weak: more than 5 % of ordinary rows that the model has not learned have as much energy (p above .05). The threshold, which comes from rows that it has learned, says what is flagged; p says what a flag is worth."
}
