package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/stretchr/testify/require"
)

// save writes a Parquet file of one column of whole numbers, and a list beside it.
func save(t *testing.T, name, column, values string) string {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: column, Type: arrow.PrimitiveTypes.Int64}, {Name: "list", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64)}}, nil)
	numbers, _, err := array.FromJSON(memory.DefaultAllocator, schema.Field(0).Type, strings.NewReader(values))
	require.NoError(t, err)
	lists, _, err := array.FromJSON(memory.DefaultAllocator, schema.Field(1).Type, strings.NewReader("["+strings.TrimSuffix(strings.Repeat("[1],", numbers.Len()), ",")+"]"))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	require.NoError(t, err)
	w, err := pqarrow.NewFileWriter(schema, f, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
	require.NoError(t, err)
	require.NoError(t, w.Write(array.NewRecordBatch(schema, []arrow.Array{numbers, lists}, -1)))
	require.NoError(t, w.Close())
	return path
}

func TestFiles(t *testing.T) {
	a, b, other := save(t, "a.parquet", "cpu", "[1, 2]"), save(t, "b.parquet", "cpu", "[3]"), save(t, "other.parquet", "mem", "[4]")
	text := filepath.Join(t.TempDir(), "a.csv")
	require.NoError(t, os.WriteFile(text, []byte("time,cpu\n1,2\n"), 0o600))
	for _, c := range []struct {
		args          []string
		out, err, not string
	}{
		{args: []string{a}, out: "cpu\n1\n2\n", not: `note: ` + a + `: column "list" is left out`},
		{args: []string{a, b}, out: "cpu\n1\n2\n3\n"},
		{args: []string{"-columns", "cpu", a}, out: "cpu\n1\n2\n"},
		{args: []string{a, other}, err: `other.parquet: its columns are ["mem"], and those of the first file ["cpu"]`},
		{args: []string{"-columns", "disk", a}, err: `a.parquet: parquetcsv: no such column: "disk"`},
		{args: []string{text}, err: "a.csv: parquetcsv: not a sound Parquet file"},
		{args: []string{"nowhere.parquet"}, err: "nowhere.parquet"},
		{err: "name the Parquet files"},
		{args: []string{"-colums", "cpu"}, err: "-help"},
	} {
		var out, notes bytes.Buffer
		err := run(t.Context(), c.args, &out, &notes)
		if c.err != "" {
			require.ErrorContains(t, err, c.err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.out, out.String())
		require.Contains(t, notes.String(), c.not)
	}
}
