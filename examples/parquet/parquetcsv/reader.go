package parquetcsv

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

var (
	// ErrFormat reports what is no Parquet file, or a damaged one.
	ErrFormat = errors.New("parquetcsv: not a sound Parquet file")
	// ErrColumn reports a column that the file does not have, or that cannot be a column of CSV.
	ErrColumn = errors.New("parquetcsv: no such column")
)

// batchRows returns how many rows are held at a time: fewer of a file with many columns.
func batchRows(columns int) int64 { return int64(min(max(1<<18/columns, 16), 4096)) }

// Reader reads one Parquet file.
type Reader struct {
	file    *file.Reader
	arrow   *pqarrow.FileReader
	columns []string
	leaves  []int    // of the columns
	leftOut []string // other columns, and what they hold
}

// Open looks at a file's schema. Without names it takes every column that can be one of CSV. An
// unknown name is ErrColumn, and what is no Parquet file is ErrFormat.
func Open(src parquet.ReaderAtSeeker, names ...string) (*Reader, error) {
	return open(src, memory.DefaultAllocator, names)
}

func open(src parquet.ReaderAtSeeker, mem memory.Allocator, names []string) (r *Reader, err error) {
	defer asError(&err)
	props := parquet.NewReaderProperties(mem)
	props.BufferedStreamEnabled = true // page by page, not a column of a row group at once
	f, err := file.NewParquetReader(src, file.WithReadProps(props))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	f.MetaData().FileMetaData.KeyValueMetadata = nil // Arrow's own schema: arrow-go allocates whatever a damaged one asks for
	columns := max(f.MetaData().Schema.NumColumns(), 1)
	a, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: batchRows(columns)}, mem)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	r = &Reader{file: f, arrow: a}
	if err := r.choose(names); err != nil {
		return nil, err
	}
	return r, nil
}

// choose sets the columns to read.
func (r *Reader) choose(names []string) error {
	var all []string
	for _, f := range r.arrow.Manifest.Fields {
		all = append(all, fmt.Sprintf("%q", f.Field.Name))
		if len(names) > 0 && !slices.Contains(names, f.Field.Name) {
			continue
		}
		if len(f.Children) > 0 || !readable(f.Field.Type) {
			r.leftOut = append(r.leftOut, fmt.Sprintf("column %q is left out: it holds %s", f.Field.Name, f.Field.Type))
			continue
		}
		r.columns = append(r.columns, f.Field.Name)
		r.leaves = append(r.leaves, f.ColIndex)
	}
	for _, name := range names {
		if !slices.Contains(r.columns, name) {
			return fmt.Errorf("%w: %q; the file has %s%s", ErrColumn, name, strings.Join(all, ", "), r.reasons())
		}
	}
	if len(r.columns) == 0 {
		return fmt.Errorf("%w: none can be read%s", ErrColumn, r.reasons())
	}
	return nil
}

// reasons says what is left out, for the end of an error.
func (r *Reader) reasons() string {
	if len(r.leftOut) == 0 {
		return ""
	}
	return "; " + strings.Join(r.leftOut, "; ")
}

// Columns returns the names of the columns, in the order of the file.
func (r *Reader) Columns() []string { return slices.Clone(r.columns) }

// Notes says which columns are left out, and why.
func (r *Reader) Notes() []string { return slices.Clone(r.leftOut) }

// Rows returns how many rows the file has.
func (r *Reader) Rows() int64 { return r.file.NumRows() }

// asError makes an error of a panic: arrow-go panics on some damaged files.
func asError(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", ErrFormat, p)
	}
}

// readable reports whether values of a type can be cells.
func readable(t arrow.DataType) bool { return cellsOf(t) != nil }
