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
	if strings.HasSuffix(first, ":") {
		return !slices.ContainsFunc(r.fields, func(s string) bool { return contentOf(s) == numberContent })
	}
	return isDstatTitle(first) || sepLine.MatchString(strings.Join(r.fields, ",")) ||
		strings.HasPrefix(first, "#") && len(r.fields) == 1
}

func isDstatTitle(s string) bool { return dstatTitle.MatchString(s) }

// readPreamble takes the tool that wrote the file and the date from the preamble.
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
