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

// shownName quotes a name for a message, in full unless it is of no use there.
func shownName(name string) string {
	const most = 200
	if len(name) > most {
		return strconv.Quote(name[:most]) + "…"
	}
	return strconv.Quote(name)
}

// quoteNames lists the first names, quoted.
func quoteNames(names []string) string {
	return format.List(len(names), format.Few, func(i int) string { return shownName(names[i]) })
}

// someNames lists the first three names, quoted.
func someNames(names []string) string {
	if len(names) > 3 {
		return quoteNames(names[:3]) + " …"
	}
	return quoteNames(names)
}
