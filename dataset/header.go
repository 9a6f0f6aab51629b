package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/metric-streams/anomaly/internal/format"
)

// findHeader sets header, first and body.
func (f *form) findHeader(records []record, opt *CSVOptions) error {
	start, end := 0, min(opt.Header.rows(), len(records))
	if opt.Header == HeaderAuto {
		for start < len(records) && len(records[start].fields) != f.width {
			start++
		}
		if f.fitHeader(records, start) {
			start--
		}
		if err := f.checkPreamble(records, start, opt); err != nil {
			return err
		}
		var err error
		contents := contentOfColumns(records, f.width)
		if at := f.headerBelow(records, start, contents); at > start {
			start = at
		}
		if end, err = f.headerEnd(records, start, contents); err != nil {
			return err
		}
	}
	if end == len(records) {
		return &CSVError{Kind: ErrNoRows, Line: records[end-1].line, Problem: "no data rows follow the header"}
	}
	f.first, f.body = records[end].line, withoutHeadings(records[end:], records[start:end])
	f.header = records[start:end]
	if opt.Header == HeaderAuto {
		if err := f.settleHeader(records[:start]); err != nil {
			return err
		}
	}
	for _, h := range f.header {
		if len(h.fields) != f.width {
			return f.raggedHeader(h)
		}
	}
	if n := len(f.header); n > 0 && f.heading == nil {
		f.heading = f.header[n-1].fields
	}
	if n := len(f.body[0].fields); n != f.width {
		return f.ragged(f.first, n)
	}
	if len(f.header) == 0 {
		f.comments = append(f.comments, "no header: columns go by their numbers, from 1")
	}
	return nil
}

// withoutHeadings returns the records of a sample without those that repeat the header, or are
// comments, and so show nothing of the columns.
func withoutHeadings(body, header []record) []record {
	if strings.HasPrefix(body[0].fields[0], "#") {
		return body
	}
	rows := slices.DeleteFunc(slices.Clone(body), func(r record) bool {
		return strings.HasPrefix(r.fields[0], "#") && !isNarrow(r.fields) ||
			slices.ContainsFunc(header, func(h record) bool { return slices.Equal(h.fields, r.fields) })
	})
	if len(rows) == 0 {
		return body
	}
	return rows
}

// settleHeader keeps the rows that name columns, of the rows of text before the data. It
// returns an error where the rows can be understood in more than one way.
func (f *form) settleHeader(preamble []record) error {
	for len(f.header) > 1 && strings.HasPrefix(f.header[0].fields[0], "#") && !strings.HasPrefix(f.header[1].fields[0], "#") {
		preamble, f.header = append(preamble, f.header[0]), f.header[1:] // annotations of InfluxDB
	}
	n := len(f.header)
	if n > 1 && f.header[0].fields[0] == "TimeSeries ID" { // Google's Metrics Explorer
		f.comments = append(f.comments, fmt.Sprintf("%s of labels below the names left out", format.Count(n-1, "row")))
		f.header = f.header[:1]
		return nil
	}
	switch {
	case n == 0 && len(preamble) > 0:
		return f.raggedHeader(preamble[len(preamble)-1])
	case n >= 3 && f.isIndexRow(f.header[n-1].fields):
		f.joinLevels()
	case n >= 2 && f.header[n-1].line != f.header[n-2].line+1:
		f.header = f.header[n-1:]
	case n >= 2 && areUnits(f.header[n-2].fields, f.header[n-1].fields):
		f.header = f.header[n-2:]
	case n >= 2 && !f.isGroupRow(f.header[n-2].fields, f.header[n-1].fields):
		return &CSVError{Line: f.header[n-1].line, Kind: ErrHeader, Problem: fmt.Sprintf(
			"this row of text can be names, units or bad data; if it belongs to the header, say so with Header %q, or leave it out with SkipLines %d", "two", f.header[n-1].line)}
	case n > 2:
		f.header = f.header[n-2:]
	}
	if len(f.header) > 0 && f.header[0].levels > 0 {
		return nil
	}
	if len(f.header) > 0 && (len(preamble) > 0 || n > len(f.header)) {
		f.comments = append(f.comments, fmt.Sprintf("what stands before line %d was taken for a preamble", f.header[0].line))
	}
	return nil
}

// isIndexRow reports whether a row of the header names the first column only, as pandas does
// below the levels of the other columns' names.
func (f *form) isIndexRow(fields []string) bool {
	return fields[0] != "" && f.width > 1 && !slices.ContainsFunc(fields[1:], func(s string) bool { return s != "" })
}

// joinLevels makes one header row of the levels that pandas writes and of the index row below
// them: cpu/mean. A level that is the same in all columns names none.
func (f *form) joinLevels() {
	n := len(f.header) - 1
	f.heading = f.header[n].fields
	joined := record{line: f.header[n].line, fields: slices.Clone(f.header[n].fields), levels: n}
	for _, level := range f.header[:n] {
		rest := level.fields[1:]
		if n > 1 && !slices.ContainsFunc(rest, func(s string) bool { return s != rest[0] }) && len(rest) > 1 {
			continue
		}
		for c, s := range rest {
			name := &joined.fields[c+1]
			*name = strings.TrimPrefix(*name+"/"+cleanName(s), "/")
		}
	}
	f.header = []record{joined}
}

// isGroupRow reports whether the upper of two rows of text holds groups. Groups leave gaps or
// repeat. A gap in the lower row means that it holds units.
func (f *form) isGroupRow(upper, lower []string) bool {
	seen := map[string]bool{}
	for c, s := range upper {
		if s == "" || seen[s] || lower[c] == "" {
			return true
		}
		seen[s] = true
	}
	return false
}

// areUnits reports whether the lower of two rows of text holds the units of the names above it: the
// names differ, and half of the cells below are units, which may stand in brackets.
func areUnits(names, fields []string) bool {
	for c, s := range names {
		if s == "" || slices.Contains(names[:c], s) {
			return false
		}
	}
	known, filled := 0, 0
	for _, s := range fields {
		if s == "" || s == "-" {
			continue
		}
		filled++
		s = strings.Trim(s, "[]()")
		if _, ok := units[s]; ok || s == "C" || s == "F" {
			known++
		}
	}
	return known > 0 && 2*known >= filled
}

func (f *form) raggedHeader(h record) error {
	if example := f.splitMillis(h); example != "" {
		return &CSVError{Line: f.first, Kind: ErrRagged, Problem: fmt.Sprintf(
			"%s here, %d in line %d: times such as %s hold the delimiter; export the file with quotes, with another delimiter or with a point before the milliseconds",
			format.Count(len(f.body[0].fields), "field"), len(h.fields), h.line, example)}
	}
	if f.splitHeader(h) {
		advice := ""
		if len(h.fields) == 1 {
			advice = ", or give the delimiter in Comma: any but the comma, for a single column"
		}
		return &CSVError{Line: f.first, Kind: ErrRagged, Problem: fmt.Sprintf(
			"%s here, %d in line %d: numbers seem to have decimal commas that are not quoted: export the file with quotes, with another delimiter or with decimal points%s",
			format.Count(len(f.body[0].fields), "field"), len(h.fields), h.line, advice)}
	}
	return &CSVError{Line: f.first, Kind: ErrRagged, Problem: fmt.Sprintf(
		"%s here, %d in line %d; give the delimiter in Comma if it is not %q, or leave the first lines out with SkipLines %d",
		format.Count(len(f.body[0].fields), "field"), len(h.fields), h.line, rune(f.comma), f.first-1)}
}

// splitMillis returns a time whose milliseconds became a field of their own, because the delimiter
// stands before them, or "".
func (f *form) splitMillis(h record) string {
	first := f.body[0].fields
	if len(h.fields) != f.width-1 || len(first) != f.width {
		return ""
	}
	for c := range f.width - 1 {
		if contentOf(first[c]) != timeContent {
			continue
		}
		all := !slices.ContainsFunc(f.body, func(r record) bool {
			return len(r.fields) == f.width && (len(r.fields[c+1]) != 3 || !isDigits([]byte(r.fields[c+1])))
		})
		if all {
			return first[c] + string(rune(f.comma)) + first[c+1]
		}
	}
	return ""
}

// fitHeader reports whether the record before start is a header, and gives it the number of
// fields of the rows. It is one field short where the rows, and only they, end in a delimiter,
// or begin with their number as R writes it; it is one too long where only it ends in one.
func (f *form) fitHeader(records []record, start int) bool {
	if start == 0 || start == len(records) {
		return false
	}
	h := &records[start-1].fields
	heading := slices.Clone(*h)
	fits := f.fitNames(h, records[start:])
	if fits {
		f.heading = heading
	}
	return fits
}

// fitNames gives the header's names the number of fields of the rows.
func (f *form) fitNames(h *[]string, body []record) bool {
	switch last := len(*h) - 1; {
	case last == f.width && (*h)[last] == "" && isAllText((*h)[:last]):
		*h = (*h)[:last]
		return true
	case last != f.width-2:
		return false
	}
	hanging, numbered, timed, n := true, f.width > 2 && isAllText(*h), isAllText(*h), 0
	for _, r := range body {
		if len(r.fields) == f.width {
			n++
			hanging = hanging && r.fields[f.width-1] == ""
			timed = timed && colonEpoch.MatchString(r.fields[0])
			numbered = numbered && r.fields[0] == strconv.Itoa(n)
		}
	}
	switch {
	case hanging:
		*h = append(*h, "")
	case numbered && n > 2:
		*h = append([]string{"row"}, *h...)
		f.noMetrics = append(f.noMetrics, noMetric{0, "the row's number"})
	case timed && n > 0:
		*h = append([]string{"time"}, *h...)
	default:
		return f.splitTimeName(h, body)
	}
	return true
}

// splitTimeName gives the name of a time to two columns, a date and a clock, where a blank
// separates fields. It reports whether there are such columns.
func (f *form) splitTimeName(h *[]string, body []record) bool {
	if f.comma != ' ' {
		return false
	}
	contents := contentOfColumns(body, f.width)
	for c := range f.width - 1 {
		if contents[c] != timeContent || contents[c+1] != timeContent {
			continue
		}
		name := (*h)[c]
		*h = slices.Replace(slices.Clone(*h), c, c+1, name+" date", name+" time")
		return true
	}
	return false
}

func isAllText(fields []string) bool {
	return !slices.ContainsFunc(fields, func(s string) bool { return contentOf(s) != textContent })
}

// headerBelow returns the index of a header below a preamble that has as many fields, such as pairs
// of a name and a value, or start where there is none. Between start and the header no row is one of
// data, and below it all are.
func (f *form) headerBelow(records []record, start int, contents []content) int {
	const most = 40              // lines of a preamble
	found, mixed := start, false // mixed rows are a name and a value, which no header is
	for k := start; k < min(len(records), start+most); k++ {
		r := records[k]
		if len(r.fields) != f.width {
			continue
		}
		over, like, text := compareToBody(r.fields, contents)
		switch {
		case over == 0 && like > 0:
			if mixed && k == found+1 {
				return found
			}
			return start
		case over > 0 && like > 0:
			mixed = true
		case over > 0 && like == 0 && text == f.width && k > start && !slices.Equal(r.fields, records[start].fields):
			found = k
		}
	}
	return start
}

// headerEnd returns the index of the first data record.
func (f *form) headerEnd(records []record, start int, contents []content) (int, error) {
	tabular := slices.ContainsFunc(contents, func(k content) bool { return k == numberContent || k == timeContent })
	for end := start; end < len(records); end++ {
		r := records[end]
		if len(r.fields) != f.width {
			return end, nil
		}
		if end == start && countsColumns(r.fields) && end+1 < len(records) && !slices.Equal(r.fields, records[end+1].fields) {
			return end + 1, nil
		}
		over, like, text := compareToBody(r.fields, contents)
		switch {
		case !tabular && text > 0:
			return end + 1, nil
		case over > 0 && like > 0 && end == start:
			return f.mixedFirst(r, contents, end)
		case over == 0 || like > 0:
			return end, nil
		}
	}
	return len(records), nil
}

// countsColumns reports whether a row has nothing but the numbers of the columns, from 0, as pandas
// writes columns without names. The column of its index may have none.
func countsColumns(fields []string) bool {
	if fields[0] == "" {
		fields = fields[1:]
	}
	for c, s := range fields {
		if s != strconv.Itoa(c) {
			return false
		}
	}
	return len(fields) > 1
}

// compareToBody counts, among the cells of a record, texts over columns of numbers or times
// (over), cells that hold the same as such a column (like), and all texts (text).
func compareToBody(fields []string, contents []content) (over, like, text int) {
	for c, s := range fields {
		k := contentOf(s)
		valued := contents[c] == numberContent || contents[c] == timeContent
		switch {
		case k == textContent && valued:
			over++
		case k == contents[c] && valued:
			like++
		}
		if k == textContent {
			text++
		}
	}
	return over, like, text
}

// mixedFirst decides on a first record that has both texts and numbers over columns of
// numbers. It is a header if a text means a time, as in time,50,95,99. Otherwise it could be
// data with a bad cell, which is an error.
func (f *form) mixedFirst(r record, contents []content, at int) (int, error) {
	bad := ""
	for c, s := range r.fields {
		if _, ok := isTimeName(s); ok && contents[c] != textContent {
			return at + 1, nil
		}
		if contentOf(s) == textContent && contents[c] != textContent && bad == "" {
			bad = s
		}
	}
	return 0, &CSVError{Line: r.line, Kind: ErrHeader, Problem: fmt.Sprintf(
		"this can be a header or data in which %s is not a number; say which with Header", shown(bad))}
}
