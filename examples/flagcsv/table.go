package main

import (
	"encoding/csv"
	"io"
	"math"
	"slices"
	"strconv"
	"time"
)

// writeTable writes every row with what the model says of it, as CSV. A row with a missing value has an empty energy and p-value.
func (j *job) writeTable(w io.Writer) error { return writeRows(w, []*job{j}, j.table.Columns) }

// writeRows writes the rows of jobs, with the metrics named. A metric that a job lacks is empty, and each row begins with its host
// where there are several.
func writeRows(w io.Writer, jobs []*job, metrics []string) error {
	c := csv.NewWriter(w)
	var header []string
	if jobs[0].host != "" {
		header = append(header, "host")
	}
	header = append(header, "row")
	if jobs[0].table.Times != nil {
		header = append(header, "time")
	}
	header = append(header, metrics...)
	header = append(header, "energy", "threshold", "p_value", "anomalous", "top_metric")
	if err := c.Write(header); err != nil {
		return err
	}
	for _, j := range jobs {
		if err := j.writeRows(c, metrics); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func (j *job) writeRows(c *csv.Writer, metrics []string) error {
	columns := make([]int, len(metrics))
	for k, name := range metrics {
		columns[k] = slices.Index(j.table.Columns, name)
	}
	flagged := j.flagged
	threshold := number(j.model.Threshold())
	var record []string
	for i, energy := range j.energies {
		record = record[:0]
		if j.host != "" {
			record = append(record, j.host)
		}
		record = append(record, strconv.Itoa(i+1))
		if j.table.Times != nil {
			record = append(record, j.table.Times[i].Format(time.RFC3339Nano))
		}
		values := j.table.X.RawRowView(i)
		for _, column := range columns {
			v := math.NaN()
			if column >= 0 {
				v = values[column]
			}
			record = append(record, number(v))
		}
		anomalous, top := "false", ""
		if len(flagged) > 0 && flagged[0].Row == i {
			anomalous, top = "true", flagged[0].Explanation.Contributions[0].Metric
			flagged = flagged[1:]
		}
		record = append(record, number(energy), threshold, number(j.pvalue(i)), anomalous, top)
		if err := c.Write(record); err != nil {
			return err
		}
	}
	return nil
}

// number keeps every digit, and does without an exponent where that is legible; a missing value is empty.
func number(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e15) {
		format = 'g'
	}
	return strconv.FormatFloat(v, format, -1, 64)
}
