package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/metric-streams/anomaly/dataset"
)

// sample is one row of the file, of one host.
type sample struct {
	dataset.Row
	host string
}

// rows reads samples one by one, so that the file may still be growing.
type rows struct {
	*dataset.Reader
	hosts bool
}

// newRows begins to read. It is an error where rows have no times.
func newRows(r io.Reader, o options) (*rows, error) {
	opt := dataset.CSVOptions{Time: o.timeColumn, Key: o.host, Live: o.follow}
	if o.columns != "" {
		opt.Columns = strings.Split(o.columns, ",")
	}
	in, err := dataset.NewReader(r, opt)
	if errors.Is(err, dataset.ErrLongForm) {
		return nil, fmt.Errorf("%w (the flag -host)", err)
	}
	if err != nil {
		return nil, err
	}
	if !in.HasTimes() {
		return nil, errors.New("no column of times was found; name it with -time")
	}
	return &rows{in, o.host != ""}, nil
}

func (r *rows) next() (sample, error) {
	row, err := r.Next()
	if err != nil {
		return sample{}, err
	}
	s := sample{row, "host"}
	if r.hosts {
		s.host = row.Key
	}
	return s, nil
}
