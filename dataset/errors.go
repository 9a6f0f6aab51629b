package dataset

import (
	"errors"
	"strconv"
	"strings"
)

// Reasons why a file cannot be read, for errors.Is. The error itself is a *CSVError,
// which also says where.
var (
	ErrFormat    = errors.New("dataset: not CSV text")
	ErrHeader    = errors.New("dataset: header or data")
	ErrInfinite  = errors.New("dataset: infinite value")
	ErrLabel     = errors.New("dataset: not a label")
	ErrNoColumn  = errors.New("dataset: no such column")
	ErrNoMetric  = errors.New("dataset: no metric column")
	ErrNoRows    = errors.New("dataset: no data rows")
	ErrNotNumber = errors.New("dataset: not a number")
	ErrOption    = errors.New("dataset: bad option")
	ErrQuote     = errors.New("dataset: bad quoting")
	ErrRagged    = errors.New("dataset: wrong number of fields")
	ErrTime      = errors.New("dataset: not a time")
)

// CSVError says what is wrong with a CSV file, where, and which option would help.
type CSVError struct {
	File    string // empty where the source has no name
	Line    int    // from 1, counted in the decompressed text; 0 where no line is to blame
	Column  string // the column's name; empty where no column is to blame
	Kind    error  // one of the sentinels above; nil where reading itself failed
	Problem string
	Cause   error // the reader's own error, or nil
}

// Error returns one line: file, line, column and the problem.
func (e *CSVError) Error() string {
	var place []string
	if e.File != "" {
		place = append(place, "file "+e.File)
	}
	if e.Line > 0 {
		place = append(place, "line "+strconv.Itoa(e.Line))
	}
	if e.Column != "" {
		place = append(place, "column "+strconv.Quote(e.Column))
	}
	text := "dataset: "
	if len(place) > 0 {
		text += strings.Join(place, ", ") + ": "
	}
	text += e.Problem
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap gives errors.Is and errors.As the kind and the cause.
func (e *CSVError) Unwrap() []error {
	var errs []error
	if e.Kind != nil {
		errs = append(errs, e.Kind)
	}
	if e.Cause != nil {
		errs = append(errs, e.Cause)
	}
	return errs
}
