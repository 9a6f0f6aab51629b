package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// nameColumns sets names, short and index from the header.
func (f *form) nameColumns() {
	f.names = make([]string, f.width)
	f.short = make([]string, f.width)
	if n := len(f.header); n > 0 {
		for c, s := range f.header[n-1].fields {
			f.short[c] = cleanName(s)
		}
		f.short[0] = withoutHash(f.short[0])
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

// withoutHash returns a name without the sign of a comment, with which sadf -d begins its header.
func withoutHash(name string) string { return strings.TrimSpace(strings.TrimLeft(name, "#")) }

// groupNames joins the two header rows to names such as group/name. A group holds for its
// column and the columns to its right, up to the next group. If the second row holds units or has
// gaps, the names come from the first row.
func (f *form) groupNames() {
	if slices.Contains(f.header[1].fields, "") || areUnits(f.header[0].fields, f.header[1].fields) {
		for c, s := range f.header[0].fields {
			f.short[c] = cleanName(s)
		}
		f.short[0] = withoutHash(f.short[0])
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

// cleanName returns a header cell as a name: on one line, in UTF-8, without blanks around it.
func cleanName(s string) string {
	if !utf8.ValidString(s) {
		s, _ = charmap.Windows1252.NewDecoder().String(s)
	}
	if strings.ContainsAny(s, "\n\r\t") {
		s = strings.Join(strings.Fields(s), " ")
	}
	return strings.TrimSpace(s)
}

// distinct returns the names with the column number appended where a name occurs more than
// once: cpu#1, cpu#3.
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

// column returns the index of a column. The name is a full name, its last part where only one
// column has that, or a number from 1. The option is named in errors.
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
