package dataset

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	sepLine    = regexp.MustCompile(`^(?i:sep)=(.?)`)
	dstatTitle = regexp.MustCompile(`(?i)^(pcp[- ])?(dstat|dool) .*csv output`)
	fourDigits = regexp.MustCompile(`\b(19|20|21)\d\d\b`)
)

// splitMeta cuts off the leading records that are a preamble by their look, whatever their
// width: a spreadsheet's separator line, comments, dstat's title and its "Host:" lines.
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
	if strings.HasSuffix(first, ":") {
		return !slices.ContainsFunc(r.fields, func(s string) bool { return contentOf(s) == numberContent })
	}
	return isDstatTitle(first) || sepLine.MatchString(strings.Join(r.fields, ",")) ||
		strings.HasPrefix(first, "#") && len(r.fields) == 1
}

func isDstatTitle(s string) bool { return dstatTitle.MatchString(s) }

// readPreamble takes from the preamble which tool wrote the file and when.
func (f *fileLayout) readPreamble(preamble []record) {
	for _, r := range preamble {
		f.dstat = f.dstat || isDstatTitle(r.fields[0])
		for i, s := range r.fields {
			if s == "Date:" && i+1 < len(r.fields) {
				f.setDate(r.fields[i+1])
			}
		}
	}
}

func (f *fileLayout) setDate(s string) {
	if layout, hits, _ := bestLayout([]string{s}, timeLayouts); hits > 0 {
		f.date, _ = time.Parse(layout, s)
	}
	if f.date.Year() > 0 && !f.date.IsZero() {
		f.year = f.date.Year()
	} else if y := fourDigits.FindString(s); y != "" {
		f.year, _ = strconv.Atoi(y)
	}
}
