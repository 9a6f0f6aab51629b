package dataset

import (
	"fmt"
	"slices"
	"strings"
)

// findHeader sets header, first and body.
func (f *fileLayout) findHeader(records []record, opt *CSVOptions) error {
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
		if end, err = f.headerEnd(records, start, contentOfColumns(records, f.width)); err != nil {
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

// settleHeader keeps the rows that name columns, of the rows of text before the data. It
// returns an error where the rows can be understood in more than one way.
func (f *fileLayout) settleHeader(preamble []record) error {
	for len(f.header) > 1 && strings.HasPrefix(f.header[0].fields[0], "#") {
		preamble, f.header = append(preamble, f.header[0]), f.header[1:] // annotations of InfluxDB
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

// isGroupRow reports whether the upper of two rows of text holds groups. Groups leave gaps or
// repeat. A gap in the lower row means that it holds units.
func (f *fileLayout) isGroupRow(upper, lower []string) bool {
	seen := map[string]bool{}
	for c, s := range upper {
		if s == "" || seen[s] || lower[c] == "" {
			return true
		}
		seen[s] = true
	}
	return false
}

func (f *fileLayout) raggedHeader(h record) error {
	if f.splitHeader(h) {
		return &CSVError{Line: f.first, Kind: ErrRagged, Problem: fmt.Sprintf(
			"%s here, %d in line %d: numbers seem to have decimal commas that are not quoted; export the file with quotes or decimal points, or give the delimiter in Comma if it is not %q",
			plural(len(f.body[0].fields), "field"), len(h.fields), h.line, rune(f.comma))}
	}
	return &CSVError{Line: f.first, Kind: ErrRagged, Problem: fmt.Sprintf(
		"%s here, %d in line %d; give the delimiter in Comma if it is not %q, or leave the first lines out with SkipLines",
		plural(len(f.body[0].fields), "field"), len(h.fields), h.line, rune(f.comma))}
}

// shortHeader reports whether the record before start is a header. It is one field short
// because the rows, and only they, end in a delimiter.
func (f *fileLayout) shortHeader(records []record, start int) bool {
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
func (f *fileLayout) headerEnd(records []record, start int, contents []content) (int, error) {
	tabular := slices.ContainsFunc(contents, func(k content) bool { return k == numberContent || k == timeContent })
	for end := start; end < len(records); end++ {
		r := records[end]
		if len(r.fields) != f.width {
			return end, nil
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
func (f *fileLayout) mixedFirst(r record, contents []content, at int) (int, error) {
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
