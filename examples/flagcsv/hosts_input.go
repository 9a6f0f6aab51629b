package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/metric-streams/anomaly/dataset"
)

// readHosts reads the recordings of several hosts from one file or several.
func readHosts(opt *options, stdin io.Reader) (*fleet, error) {
	f := &fleet{source: named(opt.in)}
	if opt.in[0] == "-" {
		f.source = "standard input"
	}
	f.title = filepath.Base(f.source)
	models, err := loadModels(opt)
	if err != nil {
		return nil, err
	}
	parts := &hostParts{tables: map[string][]*dataset.Table{}}
	for _, file := range opt.in {
		notes, err := parts.read(file, stdin, opt.csv)
		if err != nil {
			return nil, explainRead(err, &job{})
		}
		for _, note := range notes {
			if note = withFlags(note); len(opt.in) > 1 {
				note = filepath.Base(file) + ": " + note
			}
			f.notes = append(f.notes, note)
		}
	}
	for _, host := range parts.order {
		f.add(host, parts, models, opt)
	}
	if len(f.jobs) == 0 {
		return nil, f.noHost()
	}
	return f, nil
}

// hostParts are the tables of each host, one a file.
type hostParts struct {
	order  []string
	tables map[string][]*dataset.Table
	errs   map[string]error
}

// read adds the recordings of a file and returns what is to be said of it.
func (p *hostParts) read(file string, stdin io.Reader, opt dataset.CSVOptions) (notes []string, err error) {
	name, r := "standard input", stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		name, r = file, f
	}
	got, err := recordingsFrom(r, name, opt)
	if e := (*dataset.CSVError)(nil); errors.As(err, &e) {
		e.File = name
	}
	if err != nil {
		return nil, err
	}
	for _, recording := range got.Each {
		host := hostName(recording.Key)
		if _, known := p.tables[host]; !known {
			p.order = append(p.order, host)
			p.tables[host] = nil
		}
		if recording.Err != nil {
			p.fail(host, recording.Err)
			continue
		}
		p.tables[host] = append(p.tables[host], recording.Table)
	}
	return got.Notes, nil
}

// recordingsFrom reads CSV, or the JSON of Prometheus and VictoriaMetrics, as the content says.
func recordingsFrom(r io.Reader, name string, opt dataset.CSVOptions) (*dataset.Recordings, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	if !isJSON(br) {
		return dataset.ReadRecordings(br, opt)
	}
	if err := checkJSON(opt); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	all, err := dataset.ReadPrometheusRecordings(br, opt.Key)
	if e := (*dataset.CSVError)(nil); errors.As(err, &e) {
		return nil, err
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for k, one := range all.Each {
		if one.Err == nil && len(opt.Columns) > 0 {
			all.Each[k].Table, all.Each[k].Err = one.Table.Select(opt.Columns...)
		}
	}
	return all, nil
}

// fail notes why a host has no table; the first reason counts.
func (p *hostParts) fail(host string, err error) {
	if p.errs == nil {
		p.errs = map[string]error{}
	}
	if p.errs[host] == nil {
		p.errs[host] = err
	}
}

// add makes a job of a host's tables, or leaves the host out.
func (f *fleet) add(host string, parts *hostParts, models hostModels, opt *options) {
	err := parts.errs[host]
	j := &job{title: host, source: f.source, host: host}
	if err == nil {
		j.table, err = dataset.Concat(parts.tables[host]...)
	}
	if err == nil && models != nil {
		err = models.give(j, opt)
	}
	if err != nil {
		f.leaveOut(host, err)
		return
	}
	table := j.table
	speakOfFlags(table)
	j.units = units(opt, table.Columns, table.Units, reading(opt.csv, table))
	f.jobs = append(f.jobs, j)
}

// describe tells how a file was read: what the hosts have in common, or else of the first one.
func (f *fleet) describe(column string) string {
	_, rest, _ := strings.Cut(f.jobs[0].table.Describe(), "\n")
	of := ""
	for _, j := range f.jobs {
		if len(j.table.Columns) != len(f.metrics()) {
			of = fmt.Sprintf("of %s, and others have other metrics:\n", f.jobs[0].host)
			break
		}
	}
	return fmt.Sprintf("%s of %s, by column %q\n%s%s", counted(f.rows(), "row"), counted(len(f.jobs), "host"), column, of, rest)
}
