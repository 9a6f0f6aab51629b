package dataset

import (
	"errors"
	"fmt"
	"math"
)

// findLayout determines the layout from the sample.
func (s *source) findLayout(opt *CSVOptions) (*form, error) {
	f := &form{comma: byte(opt.Comma)}
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
	if f.comma == ' ' {
		joinHash(records)
	}
	f.width, _ = commonWidth(records)
	for i, r := range records {
		records[i].fields = withoutHanging(r.fields, f.width)
	}
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

// joinHash joins the sign of a comment to the text that follows it. Where blanks separate the fields,
// the names of a header that begins with the sign would otherwise be shifted.
func joinHash(records []record) {
	for i, r := range records {
		if len(r.fields) > 1 && r.fields[0] == "#" {
			records[i].fields = append([]string{"#" + r.fields[1]}, r.fields[2:]...)
		}
	}
}

// withoutHanging returns the fields of a row without an empty one too many: some programs end some
// rows with a delimiter.
func withoutHanging[T string | []byte](fields []T, width int) []T {
	if len(fields) == width+1 && len(fields[width]) == 0 {
		return fields[:width]
	}
	return fields
}
