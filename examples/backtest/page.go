package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/metric-streams/anomaly/dagmm/report"
)

// page returns what there is to show of the alarms over time.
func (r *result) page(source string) report.Alarms {
	return report.Alarms{Title: "Backtest of " + filepath.Base(source), Source: source, Summary: r.measure.String() + ".", Metrics: r.table.Columns, X: r.table.X, Times: r.table.Times,
		Labels: r.table.Labels, Samples: r.samples, Alarms: r.alarms, Judged: r.measure.judged}
}

// writePage writes the page for the browser.
func (r *result) writePage(path, source string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(report.WriteAlarms(f, r.page(source)), f.Close())
}
