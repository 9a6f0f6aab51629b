package main

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"time"
)

// writeTable writes every row with what the model says of it, as CSV. A row with a missing value has an empty energy and p-value.
func writeTable(w io.Writer, j *job) error {
	c := csv.NewWriter(w)
	header := []string{"row"}
	if j.table.Times != nil {
		header = append(header, "time")
	}
	header = append(header, j.table.Columns...)
	header = append(header, "energy", "threshold", "p_value", "anomalous", "top_metric")
	if err := c.Write(header); err != nil {
		return err
	}
	flagged := j.flagged
	threshold := number(j.model.Threshold())
	record := make([]string, 0, len(header))
	for i, energy := range j.energies {
		record = append(record[:0], strconv.Itoa(i+1))
		if j.table.Times != nil {
			record = append(record, j.table.Times[i].Format(time.RFC3339Nano))
		}
		for _, v := range j.table.X.RawRowView(i) {
			record = append(record, number(v))
		}
		anomalous, top := "false", ""
		if len(flagged) > 0 && flagged[0].Row == i {
			anomalous, top = "true", flagged[0].Explanation.Contributions[0].Metric
			flagged = flagged[1:]
		}
		record = append(record, number(energy), threshold, number(j.pvalues[i]), anomalous, top)
		if err := c.Write(record); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
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
