package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// ReadCSV reads a table of metrics from CSV text, plain or gzip'd, in UTF-8 or UTF-16. It
// reads as a stream: memory is about that of the table. Missing values are NaN, and no data
// row is ever dropped.
//
// A metric cell that is neither a number nor a missing value, an infinite value, a row with
// a different number of fields, a row without a time and an unknown label are errors. All
// are of type *CSVError: they name line and column, match one of the Err sentinels, and say
// which option helps where one does.
func ReadCSV(r io.Reader, opt CSVOptions) (*Table, error) {
	if r == nil {
		return nil, &CSVError{Kind: ErrOption, Problem: "the reader is nil"}
	}
	if err := opt.check(); err != nil {
		return nil, err
	}
	src, err := openText(r)
	if err != nil {
		return nil, err
	}
	f, err := src.findLayout(&opt)
	if err != nil {
		return nil, err
	}
	p, err := newPlan(f, &opt)
	if err != nil {
		return nil, err
	}
	return p.read(src)
}

// ReadCSVFile is ReadCSV for a file; errors name it.
func ReadCSVFile(path string, opt CSVOptions) (*Table, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer file.Close()
	t, err := ReadCSV(file, opt)
	if place := (*CSVError)(nil); errors.As(err, &place) {
		place.File = path
	}
	return t, err
}
