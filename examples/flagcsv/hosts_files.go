package main

import (
	"io"
	"time"

	"github.com/metric-streams/anomaly/dagmm/report"
)

// writeTable writes the rows of all hosts, in the order of the report.
func (f *fleet) writeTable(w io.Writer) error { return writeRows(w, f.jobs, f.metrics()) }

func (f *fleet) writeReport(w io.Writer) error {
	d := f.hosts()
	d.Generated = time.Now()
	return report.WriteHosts(w, d)
}

func (f *fleet) writeJSON(w io.Writer) error     { return report.WriteHostsJSON(w, f.hosts()) }
func (f *fleet) writeMarkdown(w io.Writer) error { return report.WriteHostsMarkdown(w, f.hosts()) }

// writeModel and writeONNX are never called: each host has files of its own.
func (f *fleet) writeModel(io.Writer) error { return errNothing }
func (f *fleet) writeONNX(io.Writer) error  { return errNothing }
