package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/metric-streams/anomaly/dagmm/report"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

// fleet is one run over a file of several hosts, each of which has a job and a model of its own.
type fleet struct {
	title, source string
	jobs          []*job
	notes         []string      // on the file as a whole
	leftOut       []report.Fact // hosts without a model, and why
}

// flagHosts does for each host of a file what flagRows does for a file of one.
func flagHosts(ctx context.Context, opt *options, files *outputs, stdin io.Reader, stdout, stderr io.Writer) error {
	f, err := readHosts(opt, stdin)
	if err != nil {
		return input(err)
	}
	printHosts(stdout, f, opt.csv.Key)
	if err := f.openModels(opt, files); err != nil {
		return input(err)
	}
	if err := f.fit(ctx, opt, stderr); err != nil {
		return err
	}
	for _, j := range f.jobs {
		if err := j.score(ctx, scoringFor(opt, len(f.jobs))); err != nil {
			return err
		}
	}
	slices.SortStableFunc(f.jobs, func(a, b *job) int { return report.GraverHost(a.incidents, b.incidents) })
	written, err := files.write(f)
	if err != nil {
		return err
	}
	if err := files.commit(); err != nil {
		return err
	}
	if err := printFleet(stdout, f); err != nil {
		return err
	}
	printWritten(stdout, written)
	return nil
}

// fit trains a model for each host, unless they were loaded. Those with rows from which none can be made are left out.
func (f *fleet) fit(ctx context.Context, opt *options, terminal io.Writer) error {
	if opt.load != "" {
		return nil
	}
	hosts := make([]train.Host, len(f.jobs))
	for k, j := range f.jobs {
		var err error
		if hosts[k], err = j.trainee(opt); err != nil {
			return input(fmt.Errorf("%s: %w", j.named(), err))
		}
	}
	if err := checkExcluded(opt.exclude, f.jobs...); err != nil {
		return input(err)
	}
	bar := newProgress(terminal)
	fitted, err := train.FitAll(ctx, hosts, train.FleetConfig{Done: bar.showHosts})
	bar.clear()
	if err != nil {
		return err
	}
	var kept []*job
	for k, r := range fitted {
		j := f.jobs[k]
		j.model, j.training = r.Model, r.Report
		switch {
		case r.Err == nil:
			kept = append(kept, j)
		case errors.Is(r.Err, train.ErrData):
			f.leaveOut(j.host, errors.Unwrap(r.Err))
		case errors.Is(r.Err, train.ErrConfig):
			return input(fmt.Errorf("%s: %w", j.named(), r.Err))
		default:
			return r.Err
		}
	}
	if f.jobs = kept; len(kept) == 0 {
		return input(f.noHost())
	}
	return nil
}

// leaveOut notes that a host has no model, and why.
func (f *fleet) leaveOut(host string, err error) {
	why := strings.TrimSuffix(err.Error(), ": "+train.ErrData.Error())
	if e := (*dataset.CSVError)(nil); errors.As(err, &e) {
		why = withFlags(e.Problem)
	}
	f.leftOut = append(f.leftOut, report.Fact{Name: host, Value: strings.TrimPrefix(strings.TrimPrefix(why, "train: "), "dataset: ")})
}

// noHost is the error where no host is left.
func (f *fleet) noHost() error {
	const most = 3
	var parts []string
	for _, l := range f.leftOut[:min(len(f.leftOut), most)] {
		parts = append(parts, l.Name+": "+l.Value)
	}
	more := ""
	if n := len(f.leftOut) - most; n > 0 {
		more = fmt.Sprintf("; and %s more", counted(n, "host"))
	}
	return fmt.Errorf("%s: no host has rows for a model: %s%s", f.source, strings.Join(parts, "; "), more)
}

// openModels opens the files for each host's model.
func (f *fleet) openModels(opt *options, files *outputs) error {
	for _, out := range []struct {
		flag, pattern string
		write         func(*job, io.Writer) error
	}{{"save", opt.save, (*job).writeModel}, {"onnx", opt.onnx, (*job).writeONNX}} {
		if out.pattern == "" {
			continue
		}
		for _, j := range f.jobs {
			fill := func(_ findings, w io.Writer) error {
				if j.model == nil {
					return errNothing
				}
				return out.write(j, w)
			}
			inputs := opt.in
			if opt.load != "" {
				inputs = append(slices.Clone(inputs), modelPath(opt.load, j.host))
			}
			if err := files.open(modelPath(out.pattern, j.host), fill, inputs...); err != nil {
				return fmt.Errorf("-%s: %w", out.flag, err)
			}
		}
	}
	return nil
}

// hosts is what the page, the JSON and the Markdown are made of.
func (f *fleet) hosts() report.Hosts {
	d := report.Hosts{Title: f.title, Source: f.source, LeftOut: f.leftOut, Warnings: f.notes}
	for _, j := range f.jobs {
		rows := j.rows()
		rows.Training, rows.Warnings = j.facts(), j.warnings()
		d.Hosts = append(d.Hosts, rows)
	}
	return d
}

// metrics are those of all hosts, in the order in which they come.
func (f *fleet) metrics() []string {
	var out []string
	seen := map[string]bool{}
	for _, j := range f.jobs {
		for _, name := range j.table.Columns {
			if !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	return out
}

// rows counts the rows of all hosts.
func (f *fleet) rows() (n int) {
	for _, j := range f.jobs {
		rows, _ := j.table.X.Dims()
		n += rows
	}
	return n
}

// hostName names a host; rows may have none.
func hostName(key string) string { return cmp.Or(key, "(no name)") }
