package dataset

import (
	"errors"
	"fmt"
	"math"
)

// findLayout determines the layout from the sample.
func (s *source) findLayout(opt *CSVOptions) (*fileLayout, error) {
	f := &fileLayout{comma: byte(opt.Comma)}
	if f.comma == 0 {
		f.comma = s.chooseComma(opt.SkipLines)
	}
	records, stop := s.sampleRecords(f.comma, opt.SkipLines, math.MaxInt)
	if f.comma == ' ' && !s.units && unitsApart(records) {
		s.units = true
		records, stop = s.sampleRecords(f.comma, opt.SkipLines, math.MaxInt)
	}
	if stop == nil && s.failed != nil {
		stop = &CSVError{Problem: "reading failed", Cause: s.failed}
	}
	if stop == nil && len(records) == 0 {
		stop = &CSVError{Kind: ErrNoRows, Problem: fmt.Sprintf("nothing follows the %d lines of SkipLines", opt.SkipLines)}
	}
	if len(records) == 0 {
		return nil, stop
	}
	if isHardwareLog(records) {
		records = f.hardwareLog(records)
	}
	meta, records := splitMeta(records)
	records = f.withoutMarks(records)
	f.readPreamble(meta)
	f.width, _ = commonWidth(records)
	if len(records) == 0 {
		return nil, &CSVError{Kind: ErrNoRows, Problem: "nothing follows the comments"}
	}
	if err := f.findHeader(records, opt); err != nil {
		// What ended the sample says better why nothing follows the header.
		if stop != nil && errors.Is(err, ErrNoRows) {
			err = stop
		}
		return nil, err
	}
	f.nameColumns()
	if c, ok := f.index["table"]; ok && f.isAnnotated() {
		f.noMetrics = append(f.noMetrics, noMetric{c, "the number of a table in a result of InfluxDB"})
	}
	return f, nil
}
