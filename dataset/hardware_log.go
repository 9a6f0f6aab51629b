package dataset

import (
	"slices"
	"strings"
)

// MSI Afterburner writes logs whose lines begin with their kind: 00 and 01 are titles, 02 has the
// names, 03 describes a metric, and 80 is a row. A recording that is continued begins anew.
const (
	logNames = "02"
	logRow   = "80"
)

func isHardwareLog(records []record) bool {
	return len(records) > 0 && len(records[0].fields) == 3 && records[0].fields[0] == "00" && strings.HasPrefix(records[0].fields[2], "Hardware monitoring log")
}

// hardwareLog returns the names, as a header, and the rows of such a log.
func (f *form) hardwareLog(records []record) []record {
	f.kinds = true
	f.noMetrics = append(f.noMetrics, noMetric{0, "the kind of the line"})
	var out []record
	for _, r := range records {
		switch {
		case r.fields[0] == logRow:
			out = append(out, r)
		case r.fields[0] == logNames && len(r.fields) > 2 && f.logged == nil:
			f.logged = r.fields[2:]
			out = append(out, record{line: r.line, fields: append([]string{"kind", "time"}, f.logged...)})
		case r.fields[0] != logNames:
			f.marks = append(f.marks, mark{r.line, leftComment})
		}
	}
	return out
}

// isLogRemark reports whether a record of such a log is no row, and says nothing new.
func (f *form) isLogRemark(fields []string) bool {
	return f.kinds && fields[0] != logRow && (fields[0] != logNames || slices.Equal(fields[min(2, len(fields)):], f.logged))
}
