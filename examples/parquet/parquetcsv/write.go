package parquetcsv

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
)

// WriteHeader writes the names of the columns as a row of CSV.
func (r *Reader) WriteHeader(w io.Writer) error {
	var line []byte
	for k, name := range r.columns {
		if k > 0 {
			line = append(line, ',')
		}
		line = appendText(line, name)
	}
	_, err := w.Write(append(line, '\n'))
	return err
}

// WriteRows writes the rows as CSV, a few thousand at a time. What has been written is right
// also where a damaged file is ErrFormat later. When ctx is canceled, it returns ctx.Err().
func (r *Reader) WriteRows(ctx context.Context, w io.Writer) (err error) {
	defer asError(&err)
	records, err := r.arrow.GetRecordReader(ctx, r.leaves, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	defer records.Release()
	out := bufio.NewWriterSize(w, 64<<10)
	rows := int64(0)
	for records.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows += records.RecordBatch().NumRows()
		if err := writeBatch(out, records.RecordBatch()); err != nil {
			return err
		}
	}
	if err := records.Err(); err != nil {
		return fmt.Errorf("%w: row %d: %w", ErrFormat, rows+1, err)
	}
	if rows != r.Rows() {
		return fmt.Errorf("%w: %d rows, and %d are announced", ErrFormat, rows, r.Rows())
	}
	return out.Flush()
}

func writeBatch(w *bufio.Writer, batch arrow.RecordBatch) error {
	cells := make([]appendCell, batch.NumCols())
	for k, a := range batch.Columns() {
		cells[k] = cellsOf(a.DataType())(a)
	}
	for row := range int(batch.NumRows()) {
		line := w.AvailableBuffer()
		for k, a := range batch.Columns() {
			if k > 0 {
				line = append(line, ',')
			}
			if !a.IsNull(row) {
				line = cells[k](line, row)
			}
		}
		if len(line) == 0 {
			line = append(line, `""`...) // a line of nothing would be no row
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}
