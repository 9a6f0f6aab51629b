package parquetcsv

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet"

	"github.com/metric-streams/anomaly/dataset"
)

// ReadTable reads a Parquet file as dataset.ReadCSV reads CSV: it finds the time, the label and
// the metrics, joins series, and so on, by the same options. Of these Comma, Decimal, Header and
// SkipLines mean nothing here. Table.Notes name the columns that are left out.
func ReadTable(ctx context.Context, src parquet.ReaderAtSeeker, opt dataset.CSVOptions) (*dataset.Table, error) {
	r, err := Open(src)
	if err != nil {
		return nil, err
	}
	opt.Comma, opt.Decimal, opt.Header, opt.SkipLines = ',', '.', dataset.HeaderOne, 0
	out, in := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := r.WriteHeader(in)
		if err == nil {
			err = r.WriteRows(ctx, in)
		}
		in.CloseWithError(err)
	}()
	t, err := dataset.ReadCSV(out, opt)
	out.CloseWithError(io.ErrClosedPipe) // ends the writer where the table could not be read
	<-done
	if err != nil {
		return nil, fmt.Errorf("parquetcsv: %w", err)
	}
	t.Notes = append(r.Notes(), t.Notes...)
	return t, nil
}
