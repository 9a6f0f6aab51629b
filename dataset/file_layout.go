package dataset

import (
	"fmt"
	"time"
)

// fileLayout is how a file is laid out.
type fileLayout struct {
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

// ragged is the error of a row with n fields.
func (f *fileLayout) ragged(line, n int) error {
	return &CSVError{Line: line, Kind: ErrRagged, Problem: fmt.Sprintf(
		"%s where %d are expected; the file may have been cut off, or give the delimiter in Comma if it is not %q",
		plural(n, "field"), f.width, rune(f.comma))}
}
