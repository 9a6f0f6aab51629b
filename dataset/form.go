package dataset

import (
	"fmt"
	"time"

	"github.com/metric-streams/anomaly/internal/format"
)

// A form is how a file is laid out, whichever tool wrote it: what separates the fields of a record,
// where the header is, what its columns are called, and which records are no rows. It is found once,
// from the sample (find_layout.go, header.go, preamble.go), and holds for the whole file. What the
// rows hold is the matter of columns, cells and times, each of which has a file that says what it is.

// form is the form of a file.
type form struct {
	comma   byte
	width   int
	header  []record       // none, one, or a group row and a name row
	heading []string       // last header row as it is written, nil without a header
	first   int            // line of the first data record
	names   []string       // one per column, all different
	index   map[string]int // column by its name
	short   []string       // names without group and number
	body    []record       // the sample's data records
	marks   []mark         // records of the sample that are left out wherever they stand
	dstat   bool
	kinds   bool     // lines begin with their kind, as in a hardware log
	logged  []string // names in a hardware log
	// noMetrics are columns of numbers that measure nothing, by what the layout is.
	noMetrics []noMetric
	date      time.Time // of the recording, from the preamble; zero if unknown
	year      int       // year of the recording; 0 if unknown
	comments  []string  // on the layout, for Table.Notes
}

type noMetric struct {
	col int
	why string
}

// ragged returns the error of a row with n fields.
func (f *form) ragged(line, n int) error {
	return &CSVError{Line: line, Kind: ErrRagged, Problem: fmt.Sprintf(
		"%s where %d are expected; the file may have been cut off: leave such rows out with SkipBadRows, or give the delimiter in Comma if it is not %q",
		format.Count(n, "field"), f.width, rune(f.comma))}
}
