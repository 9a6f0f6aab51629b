package parquetcsv

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/stretchr/testify/require"
)

// column is a column to write: its cells as JSON, from which arrow makes an array.
type column struct {
	name string
	typ  arrow.DataType
	json string
}

// record makes a record of columns.
func record(t testing.TB, columns ...column) arrow.RecordBatch {
	t.Helper()
	var fields []arrow.Field
	var arrays []arrow.Array
	for _, c := range columns {
		a, _, err := array.FromJSON(memory.DefaultAllocator, c.typ, strings.NewReader(c.json))
		require.NoError(t, err, c.name)
		fields, arrays = append(fields, arrow.Field{Name: c.name, Type: c.typ, Nullable: true}), append(arrays, a)
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, -1)
}

// parquetOf writes records of one schema as a Parquet file, with at most rows in a row group.
func parquetOf(t testing.TB, rows int64, arrowProps []pqarrow.WriterOption, props []parquet.WriterProperty, records ...arrow.RecordBatch) []byte {
	t.Helper()
	var b bytes.Buffer
	props = append(props, parquet.WithMaxRowGroupLength(rows))
	w, err := pqarrow.NewFileWriter(records[0].Schema(), &b, parquet.NewWriterProperties(props...), pqarrow.NewArrowWriterProperties(arrowProps...))
	require.NoError(t, err)
	for _, r := range records {
		require.NoError(t, w.WriteBuffered(r))
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// written returns the CSV of a Parquet file.
func written(t testing.TB, parquetFile []byte, names ...string) (csv string, notes []string) {
	t.Helper()
	r, err := Open(bytes.NewReader(parquetFile), names...)
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, r.WriteHeader(&b))
	require.NoError(t, r.WriteRows(t.Context(), &b))
	return b.String(), r.Notes()
}
