package dataset

import (
	"bytes"
	"io"
	"math"
)

// record is a record of the sample.
type record struct {
	line   int
	fields []string
	levels int // of a header, how many rows it was joined from
}

// sampleRecords returns at most limit records of the sample. It leaves out the last one where
// the sample ends within it. The error is the one that ended the sample early.
func (s *source) sampleRecords(comma byte, skip, limit int) ([]record, error) {
	text := s.sample
	if i := bytes.LastIndexByte(text, '\n'); i >= 0 && !s.whole || s.live {
		text = text[:i+1]
	}
	r := newRecordReader(bytes.NewReader(text), comma, s.units)
	r.live = s.live
	err := r.skip(skip)
	var records []record
	for err == nil && len(records) < limit {
		if err = r.next(); err == nil {
			records = append(records, record{line: r.start, fields: r.strings()})
		}
	}
	if err == io.EOF {
		err = nil
	}
	if err != nil {
		err = recordError(r, err)
	}
	return records, err
}

// commonWidth returns the number of fields that most records have, and the share of records
// that have it. At a tie it returns the larger number.
func commonWidth(records []record) (width int, share float64) {
	counts := map[int]int{}
	for _, r := range records {
		counts[len(r.fields)]++
	}
	for w, n := range counts {
		if best := counts[width]; n > best || n == best && w > width {
			width = w
		}
	}
	return width, float64(counts[width]) / math.Max(1, float64(len(records)))
}
