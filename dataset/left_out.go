package dataset

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/metric-streams/anomaly/internal/format"
)

// A record that is no sample is left out if it is known what it is: a comment, the mark of a
// restart, a rule, a count of rows, a row of totals, the header again, or text that ends the
// table. Table.Notes count them. Whatever else does not fit the table is an error.

// leftOut is a kind of record that is left out.
type leftOut int

const (
	notLeftOut leftOut = iota
	leftComment
	leftAnnotation // of InfluxDB
	leftRestart
	leftRule
	leftCount
	leftTotal
	leftFooter
	leftBad // by SkipBadRows
	leftKinds
)

// leftOutNames name records of each kind, one and many, for the notes.
var leftOutNames = [leftKinds][2]string{
	leftComment:    {"comment", "comments"},
	leftAnnotation: {"annotation of InfluxDB", "annotations of InfluxDB"},
	leftRestart:    {"mark of a restart", "marks of restarts"},
	leftRule:       {"rule between rows", "rules between rows"},
	leftCount:      {"count of rows", "counts of rows"},
	leftTotal:      {"row of totals or averages", "rows of totals or averages"},
	leftFooter:     {"line of text at the end", "lines of text at the end"},
	leftBad:        {"row that does not fit", "rows that do not fit"},
}

func (k leftOut) count(n int) string {
	if n == 1 {
		return "1 " + leftOutNames[k][0]
	}
	return fmt.Sprintf("%d %s", n, leftOutNames[k][1])
}

var countLine = regexp.MustCompile(`^\(?\d+ (rows?|Zeilen?)( in set)?( \([^()]*\))?( affected)?\)?$`)

// annotations are the first cells of InfluxDB's annotations.
var annotations = []string{"#group", "#datatype", "#default"}

// markOf returns what a record is that is left out wherever it stands, or notLeftOut.
func markOf(fields []string) leftOut {
	switch first := fields[0]; {
	case slices.Contains(annotations, first):
		return leftAnnotation
	case isNarrow(fields):
		return notLeftOut
	case strings.HasPrefix(first, "#"):
		return leftComment
	case len(fields) == 1 && countLine.MatchString(first):
		return leftCount
	case slices.ContainsFunc(fields, func(s string) bool {
		return strings.HasPrefix(s, "LINUX-RESTART") || strings.HasPrefix(s, "LINUX RESTART")
	}),
		len(fields) == 4 && fields[1] == "-1" && strings.HasPrefix(fields[3], "COM "):
		return leftRestart // as sadf writes it
	case isRule(fields):
		return leftRule
	}
	return notLeftOut
}

// isNarrow reports whether a record begins with the signs that a spreadsheet shows where a column
// is too narrow for a time: the row is one of data, and its time is lost.
func isNarrow(fields []string) bool {
	return len(fields) > 1 && len(fields[0]) > 3 && strings.Trim(fields[0], "#") == "" &&
		slices.ContainsFunc(fields[1:], func(s string) bool { return contentOf(s) == numberContent })
}

// isRule reports whether a record is a line between rows, as in tables of psql and Markdown,
// between the pages of vmstat, where texts stand in it, and as atop -P writes it.
func isRule(fields []string) bool {
	if len(fields) == 1 && (fields[0] == "SEP" || fields[0] == "RESET") {
		return true
	}
	found := false
	for c, s := range fields {
		switch {
		case s == "" || c == 0 && s == "procs":
		case len(s) < 3 || strings.Trim(s, "-=+:|") != "" && !strings.Contains(s, "--") || !strings.ContainsAny(s, "-="):
			return false
		default:
			found = true
		}
	}
	return found
}

// withoutMarks returns the sample's records without those that are left out wherever they
// stand. A comment of several fields stays: it can be the header.
func (f *form) withoutMarks(records []record) []record {
	wide := slices.ContainsFunc(records, func(r record) bool { return len(r.fields) > 1 })
	if !wide {
		return records
	}
	return slices.DeleteFunc(records, func(r record) bool {
		kind := markOf(r.fields)
		if kind == notLeftOut || kind == leftComment && len(r.fields) > 1 {
			return false
		}
		f.marks = append(f.marks, mark{r.line, kind})
		return true
	})
}

// mark is where a record is that is left out.
type mark struct {
	line int
	kind leftOut
}

// marksBefore counts the marks of the sample that stand before the first row.
func (f *form) marksBefore() (counts [leftKinds]int) {
	for _, m := range f.marks {
		if m.line < f.first {
			counts[m.kind]++
		}
	}
	return counts
}

// isAnnotated reports whether the file is InfluxDB's annotated CSV.
func (f *form) isAnnotated() bool {
	return slices.ContainsFunc(f.marks, func(m mark) bool { return m.kind == leftAnnotation })
}

// isComment reports whether the record's first cell begins a comment, or tells that it is no row.
// If the sample's rows begin with the same sign, it is data.
func (r *rowReader) isComment() bool {
	if r.kinds && string(r.fields[0]) != logRow {
		return true
	}
	return len(r.fields[0]) > 0 && r.fields[0][0] == '#' && !strings.HasPrefix(r.body[0].fields[0], "#") && !isNarrow(r.strings())
}

// odd decides on a record that does not fit the table. The problem is what is wrong with it, or
// nil if it is the number of its fields or a comment.
func (r *rowReader) odd(problem error) error {
	rec := record{line: r.start, fields: r.strings()}
	if rec.fields[0] == "" || !strings.HasPrefix(rec.fields[0], "#") || r.isComment() {
		kind := markOf(rec.fields)
		if kind == leftComment && r.isOtherHeader(rec) {
			kind = notLeftOut
		}
		if kind != notLeftOut {
			r.left[kind]++
			return nil
		}
	}
	switch {
	case r.isLogRemark(rec.fields):
		r.left[leftComment]++
		return nil
	case r.kinds && rec.fields[0] == logNames:
		return &CSVError{Line: r.start, Kind: ErrHeader, Problem: "a recording with other names begins here: give it a file of its own"}
	case len(rec.fields) == 1 && rec.fields[0] == "" && r.width > 1:
		r.blank++ // quotes with nothing in them
		return nil
	case r.isOtherHeader(rec), problem != nil && r.clock == nil && r.couldName(rec):
		return r.otherTable(rec)
	case r.isTotal(rec):
		r.left[leftTotal]++
		return nil
	case r.couldEnd(rec, problem != nil):
		r.ending = append(r.ending, rec)
		return nil
	case problem == nil:
		problem = r.raggedRun()
	}
	if e := (*CSVError)(nil); r.opt.SkipBadRows && errors.As(problem, &e) && (e.Kind == ErrRagged || e.Kind == ErrTime) {
		r.skipBad(r.start)
		return nil
	}
	return problem
}

// skipBad leaves out the row on a line for SkipBadRows.
func (r *rowReader) skipBad(line int) {
	if r.left[leftBad] == 0 {
		r.firstBad = line
	}
	r.left[leftBad]++
	r.lastBad = line
}

// isOtherHeader reports whether a record without any value has a column name of this file in
// half of its cells.
func (r *rowReader) isOtherHeader(rec record) bool {
	names, filled := 0, 0
	for c, s := range rec.fields {
		if s != "" {
			filled++
		}
		if c == 0 {
			s = withoutHash(s)
		}
		if s != "" && slices.Contains(r.short, cleanName(s)) {
			names++
		}
	}
	if len(r.header) == 0 || names == 0 || filled < 2 || 2*names < filled && len(rec.fields) <= r.width {
		return false
	}
	for c, s := range rec.fields {
		if c == 0 && s != "" {
			s = strings.TrimLeft(s, "#")
			if s == "" {
				return false // a comment
			}
		}
		if s != "" && contentOf(strings.TrimSpace(s)) != textContent {
			return false
		}
	}
	return true
}

// couldName reports whether a record has a text of its own in each cell, as a header has.
func (r *rowReader) couldName(rec record) bool {
	if len(r.header) == 0 || len(rec.fields) != r.width || r.width < 2 {
		return false
	}
	for c, s := range rec.fields {
		if s == "" || isMissing([]byte(s)) || contentOf(s) != textContent || slices.Contains(rec.fields[:c], s) {
			return false
		}
	}
	return true
}

func (r *rowReader) otherTable(rec record) error {
	return &CSVError{Line: rec.line, Kind: ErrHeader, Problem: fmt.Sprintf(
		"another header than in line %d: a second table begins here; read it alone with SkipLines %d, or split the file", r.header[len(r.header)-1].line, rec.line-1)}
}

// isTotal reports whether a record is a row of sums or averages: such a word stands where rows
// have their time or a number.
func (r *rowReader) isTotal(rec record) bool {
	for c, s := range rec.fields[:min(len(rec.fields), r.width)] {
		if !isTotalWord(s) {
			continue
		}
		if _, named := isTimeName(r.names[c]); named || slices.Contains(r.times, c) || r.stats[c].numbers > r.stats[c].texts {
			return true
		}
	}
	return false
}

// couldEnd reports whether a record can be text that ends the table: it has neither a number
// nor a time, and the rows begin with a value or have one in the place of the time. badCell tells
// that it has as many fields as a row.
func (r *rowReader) couldEnd(rec record, badCell bool) bool {
	if badCell && r.clock != nil && strings.ContainsAny(rec.fields[r.times[0]], "0123456789") {
		return false
	}
	filled := 0
	for _, s := range rec.fields {
		if s == "" || isMissing([]byte(s)) {
			continue
		}
		if contentOf(s) != textContent {
			return false
		}
		filled++
	}
	switch first := rec.fields[0]; {
	case filled == 0 || r.clock == nil && badCell || len(rec.fields) > r.width:
		return false
	case badCell:
		return true
	case first == "" || first[0] >= '0' && first[0] <= '9':
		return false // a row that was cut off
	}
	return slices.Contains(r.times, 0) || r.stats[0].texts == 0
}

// notEnding decides on text that was taken for the end of the table, where rows follow.
func (r *rowReader) notEnding() error {
	if i := slices.IndexFunc(r.ending, r.couldName); i >= 0 {
		return r.otherTable(r.ending[i])
	}
	if r.opt.SkipBadRows {
		for _, rec := range r.ending {
			r.skipBad(rec.line)
		}
		r.ending = nil
		return nil
	}
	first := r.ending[0]
	return &CSVError{Line: first.line, Kind: ErrRagged, Problem: fmt.Sprintf(
		"%s is no row, and rows follow in line %d; leave such lines out with SkipBadRows", shown(strings.Join(first.fields, string(rune(r.comma)))), r.start)}
}

// raggedRun returns the error of the current record, which has another number of fields than
// the rows. It looks how many of the next records have that number.
func (r *rowReader) raggedRun() error {
	n, first := len(r.fields), r.start
	e := r.ragged(first, n).(*CSVError)
	if r.recordReader.live || r.opt.SkipBadRows {
		return e
	}
	last := first
	for range 1000 {
		if r.next() != nil || len(r.fields) != n {
			break
		}
		last = r.start
	}
	if r.start = first; last > first {
		e.Problem = fmt.Sprintf("%s where %d are expected, as far as line %d: a second table begins here, or columns were added or left out; read what follows alone with SkipLines %d, or leave such rows out with SkipBadRows",
			format.Count(n, "field"), r.width, last, first-1)
	}
	return e
}

// leftNotes count what was left out.
func (r *rowReader) leftNotes() []string {
	counts := r.left
	counts[leftFooter] += len(r.ending)
	var parts []string
	for kind, n := range counts {
		if n > 0 && leftOut(kind) != leftBad {
			parts = append(parts, leftOut(kind).count(n))
		}
	}
	var notes []string
	if len(parts) > 0 {
		notes = append(notes, "no rows, and left out: "+strings.Join(parts, ", "))
	}
	if n := counts[leftBad]; n > 0 {
		notes = append(notes, fmt.Sprintf("left out by SkipBadRows: %s, from line %d to line %d", leftBad.count(n), r.firstBad, r.lastBad))
	}
	return notes
}
