package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// record is one record of the sample.
type record struct {
	line   int
	fields []string
}

// form is how a file is laid out.
type form struct {
	comma    byte
	width    int
	header   []record       // none, one, or a group row and a name row
	first    int            // line of the first data record
	names    []string       // canonical and distinct, one a column
	index    map[string]int // of names
	short    []string       // as the header's last row has them
	body     []record       // the sample's data records
	dstat    bool
	date     time.Time // when the recording was made, from the preamble; zero if unknown
	year     int       // the same where only the year is known
	comments []string  // what a reader of the table should know about the layout
}

// sampleRecords cuts the sample into at most limit records. What is left of a record at the
// cut end of the sample is dropped. The error is the one that ended the sample early.
func (s *source) sampleRecords(comma byte, skip, limit int) ([]record, error) {
	text := s.sample
	if !s.whole {
		if i := bytes.LastIndexByte(text, '\n'); i >= 0 {
			text = text[:i+1]
		}
	}
	r := newRecordReader(bytes.NewReader(text), comma)
	err := r.skip(skip)
	var records []record
	for err == nil && len(records) < limit {
		if err = r.next(); err == nil {
			records = append(records, record{r.start, r.strings()})
		}
	}
	if err == io.EOF {
		err = nil
	}
	if err != nil {
		err = recordError(r, err)
	}
	return records, err
}

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
		return !slices.ContainsFunc(r.fields, func(s string) bool { return kindOf(s) == numberCells })
	}
	return isDstatTitle(first) || sepLine.MatchString(strings.Join(r.fields, ",")) ||
		strings.HasPrefix(first, "#") && len(r.fields) == 1
}

var (
	sepLine    = regexp.MustCompile(`^(?i:sep)=(.?)`)
	dstatTitle = regexp.MustCompile(`(?i)^(pcp[- ])?(dstat|dool) .*csv output`)
	fourDigits = regexp.MustCompile(`\b(19|20|21)\d\d\b`)
)

func isDstatTitle(s string) bool { return dstatTitle.MatchString(s) }

// commonWidth returns the number of fields that most records have, the larger at a tie,
// and the share of records that have it.
func commonWidth(records []record) (width int, share float64) {
	counts := map[int]int{}
	for _, r := range records {
		counts[len(r.fields)]++
	}
	for w, n := range counts {
		if best := counts[width]; n > best || n == best && w > width {
			width = w
		}
	}
	return width, float64(counts[width]) / math.Max(1, float64(len(records)))
}

// chooseComma returns the delimiter under which the sample is most regular and reads best as
// numbers and times.
func (s *source) chooseComma(skip int) byte {
	first, _, _ := strings.Cut(string(s.sample[:min(len(s.sample), 16)]), "\n")
	if m := sepLine.FindStringSubmatch(first); m != nil && strings.Contains(",;\t|", m[1]) && m[1] != "" {
		return m[1][0]
	}
	best, top := byte(','), 0.0
	for _, comma := range []byte{';', '\t', ',', '|'} {
		records, _ := s.sampleRecords(comma, skip, 300)
		_, records = splitMeta(records)
		width, share := commonWidth(records)
		if width < 2 {
			continue
		}
		if score := share * (0.01 + numberShare(records, width)); score > top+1e-9 {
			best, top = comma, score
		}
	}
	return best
}

// numberShare returns the share of cells that are numbers or times among the records of
// the given width.
func numberShare(records []record, width int) float64 {
	good, all := 0, 0
	for _, r := range records {
		if len(r.fields) != width {
			continue
		}
		for _, f := range r.fields {
			if f == "" {
				continue
			}
			all++
			if numberLike([]byte(f)) || isMissing([]byte(f)) || looksLikeTime(f) {
				good++
			}
		}
	}
	return float64(good) / math.Max(1, float64(all))
}

// looksLikeTime is a quick test for written times.
func looksLikeTime(s string) bool {
	if len(s) < 5 || len(s) > 40 || !strings.ContainsAny(s, "0123456789") || !strings.ContainsAny(s, ":-/.") {
		return false
	}
	for _, layouts := range [][]string{timeLayouts, dateLayouts, clockLayouts} {
		if _, hits, _ := bestLayout([]string{s}, layouts); hits > 0 {
			return true
		}
	}
	return false
}

// findForm decides the layout from the sample.
func (s *source) findForm(opt *CSVOptions) (*form, error) {
	f := &form{comma: byte(opt.Comma)}
	if f.comma == 0 {
		f.comma = s.chooseComma(opt.SkipLines)
	}
	records, stop := s.sampleRecords(f.comma, opt.SkipLines, math.MaxInt)
	if stop == nil && s.failed != nil {
		stop = &CSVError{Problem: "reading failed", Cause: s.failed}
	}
	if stop == nil && len(records) == 0 {
		stop = &CSVError{Kind: ErrNoRows, Problem: fmt.Sprintf("nothing follows the %d lines of SkipLines", opt.SkipLines)}
	}
	if len(records) == 0 {
		return nil, stop
	}
	meta, records := splitMeta(records)
	f.readPreamble(meta)
	f.width, _ = commonWidth(records)
	if err := f.findHeader(records, opt); err != nil {
		// What ended the sample is the better reason why nothing follows the header.
		if stop != nil && errors.Is(err, ErrNoRows) {
			err = stop
		}
		return nil, err
	}
	f.nameColumns()
	return f, nil
}

// recordError places an error of the record reader.
func recordError(r *recordReader, err error) error {
	switch err {
	case errOpenQuote, errAfterQuote, errLongRecord:
		return &CSVError{Line: max(r.start, 1), Kind: ErrQuote, Problem: err.Error()}
	}
	return &CSVError{Line: r.line + 1, Problem: "reading failed", Cause: err}
}

// cellsKind is what most of a column's cells are.
type cellsKind int

const (
	noCells cellsKind = iota
	numberCells
	timeCells
	textCells
)

func kindOf(s string) cellsKind {
	switch b := []byte(s); {
	case isMissing(b):
		return noCells
	case numberLike(b):
		return numberCells
	case looksLikeTime(s):
		return timeCells
	}
	return textCells
}

// bodyKinds judges each column by the later half of the records, at most 100 of them, where
// no header stands.
func bodyKinds(records []record, width int) []cellsKind {
	records = slices.DeleteFunc(slices.Clone(records), func(r record) bool { return len(r.fields) != width })
	half := records[len(records)/2:]
	half = half[max(0, len(half)-100):]
	kinds := make([]cellsKind, width)
	for c := range kinds {
		var n [textCells + 1]int
		for _, r := range half {
			n[kindOf(r.fields[c])]++
		}
		values := n[numberCells] + n[timeCells] + n[textCells]
		switch {
		case values == 0:
		case 2*n[numberCells] >= values:
			kinds[c] = numberCells
		case 2*n[timeCells] >= values:
			kinds[c] = timeCells
		default:
			kinds[c] = textCells
		}
	}
	return kinds
}

// findHeader sets header, first, and body.
func (f *form) findHeader(records []record, opt *CSVOptions) error {
	start, end := 0, min(opt.Header.rows(), len(records))
	if opt.Header == HeaderAuto {
		for start < len(records) && len(records[start].fields) != f.width {
			start++
		}
		if f.shortHeader(records, start) {
			start--
			records[start].fields = append(records[start].fields, "")
		}
		var err error
		if end, err = f.headerEnd(records, start, bodyKinds(records, f.width)); err != nil {
			return err
		}
	}
	if end == len(records) {
		return &CSVError{Kind: ErrNoRows, Line: records[end-1].line, Problem: "no data rows follow the header"}
	}
	f.first, f.body = records[end].line, records[end:]
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
	if n := len(f.body[0].fields); n != f.width {
		return f.ragged(f.first, n)
	}
	if len(f.header) == 0 {
		f.comments = append(f.comments, "no header: columns go by their numbers, from 1")
	}
	return nil
}

// settleHeader keeps of the rows of text before the data those that name columns, and
// refuses to guess.
func (f *form) settleHeader(preamble []record) error {
	for len(f.header) > 1 && strings.HasPrefix(f.header[0].fields[0], "#") {
		preamble, f.header = append(preamble, f.header[0]), f.header[1:] // annotations, as InfluxDB writes them
	}
	n := len(f.header)
	switch {
	case n == 0 && len(preamble) > 0:
		return f.raggedHeader(preamble[len(preamble)-1])
	case n >= 2 && f.header[n-1].line != f.header[n-2].line+1:
		f.header = f.header[n-1:]
	case n >= 2 && !f.isGroupRow(f.header[n-2].fields, f.header[n-1].fields):
		return &CSVError{Line: f.header[n-1].line, Kind: ErrHeader,
			Problem: "this row of text can be names, units or bad data; say how many header rows there are with Header, or skip lines with SkipLines"}
	case n > 2:
		f.header = f.header[n-2:]
	}
	if len(f.header) > 0 && (len(preamble) > 0 || n > len(f.header)) {
		f.comments = append(f.comments, fmt.Sprintf("what stands before line %d was taken for a preamble", f.header[0].line))
	}
	return nil
}

// isGroupRow tells whether the upper of two rows of text holds groups: it has gaps or
// repeats itself. A lower row with gaps holds units.
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

// ragged is the error of a row with n fields.
func (f *form) ragged(line, n int) error {
	return &CSVError{Line: line, Kind: ErrRagged, Problem: fmt.Sprintf(
		"%s where %d are expected; the file may have been cut off, or give the delimiter in Comma if it is not %q",
		plural(n, "field"), f.width, rune(f.comma))}
}

func (f *form) raggedHeader(h record) error {
	return &CSVError{Line: f.first, Kind: ErrRagged, Problem: fmt.Sprintf(
		"%s here, %d in line %d; give the delimiter in Comma if it is not %q, or leave the first lines out with SkipLines",
		plural(len(f.body[0].fields), "field"), len(h.fields), h.line, rune(f.comma))}
}

// shortHeader tells whether the record before start is a header of rows that all end in a
// delimiter.
func (f *form) shortHeader(records []record, start int) bool {
	if start == 0 || start == len(records) || len(records[start-1].fields) != f.width-1 {
		return false
	}
	for _, r := range records[start:] {
		if len(r.fields) == f.width && r.fields[f.width-1] != "" {
			return false
		}
	}
	return true
}

// headerEnd returns the index of the first data record.
func (f *form) headerEnd(records []record, start int, kinds []cellsKind) (int, error) {
	tabular := slices.ContainsFunc(kinds, func(k cellsKind) bool { return k == numberCells || k == timeCells })
	for end := start; end < len(records); end++ {
		r := records[end]
		if len(r.fields) != f.width {
			return end, nil
		}
		over, like, text := compareToBody(r.fields, kinds)
		switch {
		case !tabular && text > 0:
			return end + 1, nil
		case over > 0 && like > 0 && end == start:
			return f.mixedFirst(r, kinds, end)
		case over == 0 || like > 0:
			return end, nil
		}
	}
	return len(records), nil
}

// compareToBody counts cells of text over columns of numbers or times, cells that are like
// their column, and cells of text.
func compareToBody(fields []string, kinds []cellsKind) (over, like, text int) {
	for c, s := range fields {
		k := kindOf(s)
		valued := kinds[c] == numberCells || kinds[c] == timeCells
		switch {
		case k == textCells && valued:
			over++
		case k == kinds[c] && valued:
			like++
		}
		if k == textCells {
			text++
		}
	}
	return over, like, text
}

// mixedFirst judges a first record with both text and numbers over columns of numbers: a
// header such as time,50,95,99, or data with a bad cell.
func (f *form) mixedFirst(r record, kinds []cellsKind, at int) (int, error) {
	bad := ""
	for c, s := range r.fields {
		if _, ok := isTimeName(s); ok && kinds[c] != textCells {
			return at + 1, nil
		}
		if kindOf(s) == textCells && kinds[c] != textCells && bad == "" {
			bad = s
		}
	}
	return 0, &CSVError{Line: r.line, Kind: ErrHeader, Problem: fmt.Sprintf(
		"this can be a header or data in which %s is not a number; say which with Header", shown(bad))}
}

// readPreamble takes from the preamble which tool wrote the file and when.
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
	if layout, hits, _ := bestLayout([]string{s}, timeLayouts); hits > 0 {
		f.date, _ = time.Parse(layout, s)
	}
	if f.date.Year() > 0 && !f.date.IsZero() {
		f.year = f.date.Year()
	} else if y := fourDigits.FindString(s); y != "" {
		f.year, _ = strconv.Atoi(y)
	}
}

// nameColumns sets names and short from the header.
func (f *form) nameColumns() {
	f.names = make([]string, f.width)
	f.short = make([]string, f.width)
	if n := len(f.header); n > 0 {
		for c, s := range f.header[n-1].fields {
			f.short[c] = cleanName(s)
		}
		f.short[0] = strings.TrimSpace(strings.TrimLeft(f.short[0], "#")) // as sadf -d writes it
	}
	copy(f.names, f.short)
	if len(f.header) == 2 {
		f.groupNames()
	}
	for c, name := range f.names {
		if name == "" {
			f.names[c] = strconv.Itoa(c + 1)
		}
	}
	f.names = distinct(f.names)
	f.index = make(map[string]int, f.width)
	for c, name := range f.names {
		f.index[name] = c
	}
}

// groupNames puts the first header row's groups before the names. A group goes on to the
// right until the next. A second row with gaps holds units, not names.
func (f *form) groupNames() {
	if slices.Contains(f.header[1].fields, "") {
		for c, s := range f.header[0].fields {
			f.short[c] = cleanName(s)
		}
		copy(f.names, f.short)
		f.comments = append(f.comments, fmt.Sprintf("line %d was taken for units and left out", f.header[1].line))
		return
	}
	group := ""
	for c := range f.names {
		if g := cleanName(f.header[0].fields[c]); g != "" {
			group = g
		}
		if group != "" {
			f.names[c] = group + "/" + f.short[c]
		}
	}
}

// cleanName makes a header cell a name on one line, in UTF-8.
func cleanName(s string) string {
	if !utf8.ValidString(s) {
		s, _ = charmap.Windows1252.NewDecoder().String(s)
	}
	if strings.ContainsAny(s, "\n\r\t") {
		s = strings.Join(strings.Fields(s), " ")
	}
	return strings.TrimSpace(s)
}

// distinct gives names that occur more than once their column's number: cpu#1, cpu#3.
func distinct(names []string) []string {
	out := slices.Clone(names)
	for again := true; again; {
		again = false
		count := map[string]int{}
		for _, n := range out {
			count[n]++
		}
		for c, n := range out {
			if count[n] > 1 {
				out[c] = n + "#" + strconv.Itoa(c+1)
				again = true
			}
		}
	}
	return out
}

// column finds a column by its name, the last part of it where that is unique, or its number.
func (f *form) column(option, name string) (int, error) {
	name = strings.TrimSpace(name)
	if c, ok := f.index[name]; ok {
		return c, nil
	}
	for _, names := range [][]string{f.short, f.names} {
		same := func(n string) bool { return n == name }
		for range 2 {
			var found []int
			for c, n := range names {
				if n != "" && same(n) {
					found = append(found, c)
				}
			}
			if len(found) == 1 {
				return found[0], nil
			}
			if len(found) > 1 {
				return 0, &CSVError{Kind: ErrNoColumn, Problem: fmt.Sprintf("%s: %q is the name of %d columns; say which: %s",
					option, name, len(found), f.choices(found))}
			}
			same = func(n string) bool { return strings.EqualFold(n, name) }
		}
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= f.width {
		return n - 1, nil
	}
	return 0, &CSVError{Kind: ErrNoColumn, Problem: fmt.Sprintf("%s: there is no column %q; the file has %s", option, name, quoteNames(f.names))}
}

func (f *form) choices(columns []int) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = fmt.Sprintf("%q (or %d)", f.names[c], c+1)
	}
	return strings.Join(parts, ", ")
}

// quoteNames lists names, at most 30 of them.
func quoteNames(names []string) string {
	const most = 30
	parts := make([]string, 0, most)
	for i, n := range names {
		if i == most {
			return strings.Join(parts, ", ") + fmt.Sprintf(" and %d more", len(names)-most)
		}
		parts = append(parts, strconv.Quote(n))
	}
	return strings.Join(parts, ", ")
}
