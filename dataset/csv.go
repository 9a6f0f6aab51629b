package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// ReadCSV reads a table of metrics from CSV text. The text is in UTF-8 or UTF-16 and may be
// compressed with gzip. ReadCSV reads it as a stream, so it needs little more memory than the
// table. A missing value becomes NaN. Every data row becomes a row of the table. A row has at
// most 65,536 fields and 4 MiB.
//
// These are errors: a metric cell that is neither a number nor a missing value, an infinite
// value, a row with a different number of fields, a row without a time, and an unknown label.
// Each is a *CSVError. It names the line and the column, matches one of the Err sentinels,
// and says which option helps, if one does.
func ReadCSV(r io.Reader, opt CSVOptions) (*Table, error) {
	rows, err := readRows(r, &opt)
	if err != nil {
		return nil, err
	}
	return rows.table()
}

// readRows reads all rows of a text.
func readRows(r io.Reader, opt *CSVOptions) (*rowReader, error) {
	p, src, err := openCSV(r, opt, false)
	if err != nil {
		return nil, err
	}
	return p.readAll(src)
}

// openCSV looks at the beginning of the text and decides how to read it, as a whole or row by
// row. Only what is read row by row can be live.
func openCSV(r io.Reader, opt *CSVOptions, rowByRow bool) (*plan, *source, error) {
	if r == nil {
		return nil, nil, &CSVError{Kind: ErrOption, Problem: "the reader is nil"}
	}
	live := rowByRow && opt.Live
	opt.Live = live
	if err := opt.check(); err != nil {
		return nil, nil, err
	}
	src, err := openText(r, live)
	if err != nil {
		return nil, nil, err
	}
	for {
		p, err := src.plan(opt, rowByRow)
		settled := !live || err == nil && p.settled() || bytes.Count(src.sample, []byte("\n")) >= sampleLines
		if settled || !src.grow() {
			return p, src, err
		}
	}
}

// plan decides by the sample how to read the text.
func (s *source) plan(opt *CSVOptions, rowByRow bool) (*plan, error) {
	f, err := s.findLayout(opt)
	if err != nil {
		return nil, err
	}
	return newPlan(f, opt, rowByRow)
}

// ReadCSVFile reads a table from a file, as ReadCSV does. Errors name the file.
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
