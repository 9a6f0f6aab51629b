package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/examples/flagcsv/sample"
)

// read loads the model, if one is asked for, and reads the table.
func read(opt *options, stdin io.Reader) (*job, error) {
	j := &job{}
	if opt.load != "" {
		model, err := dagmm.LoadFile(opt.load)
		if err != nil {
			return nil, input(err)
		}
		j.model, j.modelFile = model, opt.load
		opt.csv.Columns = model.Columns()
		applyReading(opt, model)
	}
	var err error
	switch {
	case len(opt.in) == 0:
		j.source = "embedded recording"
		j.title = "Sample recording of a host"
		j.table, err = readFrom(bytes.NewReader(sample.Recording), j.source, opt.csv)
	case opt.in[0] == "-":
		j.source = "standard input"
		j.title = j.source
		j.table, err = readFrom(stdin, j.source, opt.csv)
	default:
		j.source = named(opt.in)
		j.title = filepath.Base(j.source)
		j.table, err = readFiles(opt.in, opt.csv)
	}
	if err != nil {
		return nil, input(explainRead(err, j))
	}
	if j.model != nil {
		if err := checkReading(opt, j.model, j.table); err != nil {
			return nil, input(err)
		}
	}
	speakOfFlags(j.table)
	return j, nil
}

// speakOfFlags turns the options that a table's notes and roles name into flags.
func speakOfFlags(t *dataset.Table) {
	for i, note := range t.Notes {
		t.Notes[i] = withFlags(note)
	}
	for i, role := range t.Roles {
		t.Roles[i].Reason = withFlags(role.Reason)
	}
}

// explainRead speaks of flags where package dataset speaks of its options, and of the model that
// the rows are read for.
func explainRead(err error, j *job) error {
	e := (*dataset.CSVError)(nil)
	if errors.As(err, &e) {
		e.Problem = withFlags(e.Problem)
	}
	if j.model == nil {
		return err
	}
	series := trainedSeries(j.model)
	switch {
	case errors.Is(err, dataset.ErrNoColumn) && series != "":
		return fmt.Errorf("%w (the model %s was trained on it, with %s)", err, j.modelFile, series)
	case errors.Is(err, dataset.ErrNoColumn) && j.model.Reading() == nil:
		return fmt.Errorf("%w (the model %s was trained on it; if it is one of several series in a column, name that column in -series)", err, j.modelFile)
	case errors.Is(err, dataset.ErrNoColumn):
		return fmt.Errorf("%w (the model %s was trained on it)", err, j.modelFile)
	case errors.Is(err, dataset.ErrOption) && series != "":
		return fmt.Errorf("%w (the model %s was trained with %s)", err, j.modelFile, series)
	case e != nil && strings.Contains(e.Problem, "-columns"):
		return fmt.Errorf("%w (-columns does not go with -load: the model %s needs all of its columns)", err, j.modelFile)
	}
	return err
}

var (
	quoted = regexp.MustCompile(`"(\\.|[^"\\])*"`)
	option = regexp.MustCompile(`\b(Columns|Series|Value|Key|TimeLayout|Time|Label|Comma|Decimal|Header|SkipLines|SkipBadRows|Location|Year|Missing|ColumnSentinels|Sentinels|Anomalous|Normal|Counters|Scale|Exclude)\b`)
	flagOf = map[string]string{"Key": "host", "Comma": "delimiter", "Location": "zone", "ColumnSentinels": "sentinels", "SkipLines": "skip-lines", "SkipBadRows": "skip-bad-rows", "TimeLayout": "time-layout"}
)

// withFlags turns the names of options into those of flags, but for what stands in quotes.
func withFlags(s string) string {
	var b strings.Builder
	name := func(o string) string {
		if f, ok := flagOf[o]; ok {
			return "-" + f
		}
		return "-" + strings.ToLower(o)
	}
	from := 0
	for _, q := range quoted.FindAllStringIndex(s, -1) {
		b.WriteString(option.ReplaceAllStringFunc(s[from:q[0]], name))
		b.WriteString(s[q[0]:q[1]])
		from = q[1]
	}
	b.WriteString(option.ReplaceAllStringFunc(s[from:], name))
	return b.String()
}
