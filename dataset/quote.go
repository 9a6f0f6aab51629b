package dataset

import (
	"strconv"

	"github.com/metric-streams/anomaly/internal/format"
)

// shown quotes the beginning of a cell for a message.
func shown(cell string) string {
	const most = 40
	if len(cell) > most {
		return strconv.Quote(cell[:most]) + "…"
	}
	return strconv.Quote(cell)
}

// quoteNames lists the first names, quoted.
func quoteNames(names []string) string {
	return format.List(len(names), func(i int) string { return strconv.Quote(names[i]) })
}

// someNames lists the first three names, quoted.
func someNames(names []string) string {
	if len(names) > 3 {
		return quoteNames(names[:3]) + " …"
	}
	return quoteNames(names)
}
