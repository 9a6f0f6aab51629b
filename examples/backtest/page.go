package main

import (
	"errors"
	"os"

	"github.com/metric-streams/anomaly/dagmm/report"
)

// writePage writes the alarms over time for the browser.
func (r *result) writePage(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	page := report.Alarms{Summary: r.measure.String(), Metrics: r.table.Columns, X: r.table.X, Labels: r.table.Labels, Samples: r.samples, Alarms: r.alarms}
	for k := range r.alarms {
		page.Verdicts = append(page.Verdicts, r.measure.verdict(k))
	}
	return errors.Join(report.WriteAlarms(f, page), f.Close())
}
