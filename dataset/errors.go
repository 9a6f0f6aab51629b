package dataset

import (
	"errors"
	"strconv"
	"strings"
)

// The reasons why a file cannot be read, to be used with errors.Is. The error that is
// returned is a *CSVError.
var (
	ErrFormat     = errors.New("dataset: not CSV text")
	ErrHeader     = errors.New("dataset: header or data")
	ErrInfinite   = errors.New("dataset: infinite value")
	ErrLabel      = errors.New("dataset: not a label")
	ErrLateColumn = errors.New("dataset: column without values at the beginning")
	ErrLongForm   = errors.New("dataset: rows of several series")
	ErrNoColumn   = errors.New("dataset: no such column")
	ErrNoMetric   = errors.New("dataset: no metric column")
	ErrNoRows     = errors.New("dataset: no data rows")
	ErrNotNumber  = errors.New("dataset: not a number")
	ErrOption     = errors.New("dataset: bad option")
	ErrQuote      = errors.New("dataset: bad quoting")
	ErrRagged     = errors.New("dataset: wrong number of fields")
	ErrTime       = errors.New("dataset: not a time")
)

// ErrUnlike reports tables that Concat cannot join.
var ErrUnlike = errors.New("dataset: tables do not go together")

// CSVError reports what is wrong with a CSV file and where. The problem names the option that
// helps, if there is one.
type CSVError struct {
	File    string // empty if the source has no name
	Line    int    // from 1, in the decompressed text; 0 if the error is not about a line
	Column  string // empty if the error is not about a column
	Kind    error  // one of the Err sentinels; nil if the reader failed
	Problem string
	Cause   error // error of the reader, or nil
}

// Error returns the place and the problem on one line.
func (e *CSVError) Error() string {
	var place []string
	if e.File != "" {
		place = append(place, "file "+e.File)
	}
	if e.Line > 0 {
		place = append(place, "line "+strconv.Itoa(e.Line))
	}
	if e.Column != "" {
		place = append(place, "column "+shownName(e.Column))
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

// Unwrap returns Kind and Cause, as far as they are set.
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
