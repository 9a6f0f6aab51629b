package dataset

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/metric-streams/anomaly/internal/format"
)

var (
	sepLine    = regexp.MustCompile(`^(?i:sep)=(.?)`)
	dstatTitle = regexp.MustCompile(`(?i)^(pcp[- ])?(dstat|dool) .*csv output`)
	fourDigits = regexp.MustCompile(`\b(19|20|21)\d\d\b`)
)

// splitMeta splits off the preamble: the leading records that look like a spreadsheet's
// separator line, comments, dstat's title or its "Host:" lines. They can have any number of
// fields.
func splitMeta(records []record) (meta, table []record) {
	for i, r := range records {
		if !r.isMeta() {
			return records[:i], records[i:]
		}
	}
	return nil, records
}

func (r record) isMeta() bool {
	first := r.fields[0]
	if name, ok := strings.CutSuffix(first, ":"); ok {
		return len(r.fields) == 2 && contentOf(name) == textContent || !slices.ContainsFunc(r.fields, func(s string) bool { return contentOf(s) == numberContent })
	}
	return isDstatTitle(first) || sepLine.MatchString(strings.Join(r.fields, ",")) ||
		strings.HasPrefix(first, "#") && len(r.fields) == 1
}

func isDstatTitle(s string) bool { return dstatTitle.MatchString(s) }

// readPreamble takes the tool that wrote the file and the date from the preamble.
func (f *form) readPreamble(preamble []record) {
	for _, r := range preamble {
		f.dstat = f.dstat || isDstatTitle(r.fields[0])
		for i, s := range r.fields {
			if s == "Date:" && i+1 < len(r.fields) {
				f.setDate(r.fields[i+1])
			}
		}
	}
}

func (f *form) setDate(s string) {
	if layout, hits, _ := bestLayout([]string{s}, allForms[0]); hits > 0 {
		f.date, _ = time.Parse(layout, s)
	}
	if f.date.Year() > 0 && !f.date.IsZero() {
		f.year = f.date.Year()
	} else if y := fourDigits.FindString(s); y != "" {
		f.year, _ = strconv.Atoi(y)
	}
}

// checkPreamble returns an error if there are rows of data among the records before start,
// which have another number of fields than those from there on.
func (f *form) checkPreamble(records []record, start int, opt *CSVOptions) error {
	if start == len(records) || opt.SkipBadRows {
		return nil
	}
	for i, r := range records[:start] {
		if !isData(records[:start], i) {
			continue
		}
		last := i
		for k := i + 1; k < start; k++ {
			if isData(records[:start], k) {
				last = k
			}
		}
		return &CSVError{Line: r.line, Kind: ErrRagged, Problem: fmt.Sprintf(
			"%s as far as line %d, but %d from line %d on: another table begins there, or the delimiter is not %q; read what follows line %d alone with SkipLines %d, or leave the rows before it out with SkipBadRows",
			format.Count(len(r.fields), "field"), records[last].line, f.width, records[start].line, rune(f.comma), records[last].line, records[last].line)}
	}
	return nil
}

// isData reports whether a record looks like a row of data: it begins with a number or a time
// and holds a number, or it holds both and has the form of its neighbour.
func isData(records []record, i int) bool {
	r := records[i]
	if len(r.fields) < 2 || r.isMeta() {
		return false
	}
	shape := r.contents()
	first, number := shape[0], slices.Contains(shape, numberContent)
	if (first == numberContent || first == timeContent) && slices.Contains(shape[1:], numberContent) {
		return true
	}
	if !number || !slices.Contains(shape, timeContent) {
		return false
	}
	return i > 0 && slices.Equal(shape, records[i-1].contents()) || i+1 < len(records) && slices.Equal(shape, records[i+1].contents())
}

func (r record) contents() []content {
	out := make([]content, len(r.fields))
	for c, s := range r.fields {
		out[c] = contentOf(s)
	}
	return out
}
