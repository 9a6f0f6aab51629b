package dataset

import (
	"fmt"
	"strconv"
	"strings"
)

// shown quotes the beginning of a cell for a message.
func shown(cell string) string {
	const most = 40
	if len(cell) > most {
		return strconv.Quote(cell[:most]) + "…"
	}
	return strconv.Quote(cell)
}

// quoteNames lists the first 30 names, quoted.
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

// someNames lists the first three names, quoted.
func someNames(names []string) string {
	if len(names) > 3 {
		return quoteNames(names[:3]) + " …"
	}
	return quoteNames(names)
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strconv.Quote(n)
	}
	return out
}

// plural returns a number with its noun: 1 row, 2 rows.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
