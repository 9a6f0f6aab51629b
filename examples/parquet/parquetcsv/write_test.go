package parquetcsv

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/stretchr/testify/require"
)

// Lists, maps and groups are left out with a note, and are an error where they are asked for.
func TestNested(t *testing.T) {
	list, group := arrow.ListOf(arrow.PrimitiveTypes.Int64), arrow.StructOf(arrow.Field{Name: "a", Type: arrow.BinaryTypes.String})
	f := parquetOf(t, 10, plain, nil, record(t,
		column{"cpu", arrow.PrimitiveTypes.Float64, "[1.5, null]"}, column{"tags", list, "[[1, 2], null]"},
		column{"mem, used", arrow.PrimitiveTypes.Float64, "[3, 4]"}, column{"host", group, `[{"a": "x"}, {"a": "y"}]`}))
	got, notes := written(t, f)
	require.Equal(t, "cpu,\"mem, used\"\n1.5,3\n,4\n", got)
	require.Len(t, notes, 2)
	require.Contains(t, notes[0], `column "tags" is left out: it holds list`)
	require.Contains(t, notes[1], `column "host" is left out: it holds struct`)

	got, _ = written(t, f, "cpu")
	require.Equal(t, "cpu\n1.5\n\"\"\n", got, "a null is a row too")
	_, err := Open(bytes.NewReader(f), "tags")
	require.ErrorIs(t, err, ErrColumn)
	require.ErrorContains(t, err, "it holds list")
	_, err = Open(bytes.NewReader(f), "disk")
	require.ErrorContains(t, err, `"disk"; the file has "cpu", "tags", "mem, used", "host"`)
	_, err = Open(bytes.NewReader(parquetOf(t, 10, plain, nil, record(t, column{"tags", list, "[[1, 2]]"}))))
	require.ErrorIs(t, err, ErrColumn)
}

// peak counts what is allocated at a time.
type peak struct {
	memory.Allocator
	mu        sync.Mutex
	now, most int
}

func (p *peak) add(bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now += bytes
	p.most = max(p.most, p.now)
}

func (p *peak) Allocate(size int) []byte {
	p.add(size)
	return p.Allocator.Allocate(size)
}

func (p *peak) Reallocate(size int, b []byte) []byte {
	p.add(size - len(b))
	return p.Allocator.Reallocate(size, b)
}

func (p *peak) Free(b []byte) {
	p.add(-len(b))
	p.Allocator.Free(b)
}

// Memory grows neither with the rows of a file nor with those of a row group.
func TestMemoryIsBounded(t *testing.T) {
	const columns, rows = 4, 60_000
	var fields []arrow.Field
	var arrays []arrow.Array
	rng := rand.New(rand.NewPCG(1, 1))
	for k := range columns {
		b := array.NewFloat64Builder(memory.DefaultAllocator)
		for range rows {
			b.Append(rng.NormFloat64())
		}
		fields, arrays = append(fields, arrow.Field{Name: fmt.Sprint("m", k), Type: arrow.PrimitiveTypes.Float64}), append(arrays, b.NewArray())
	}
	one := array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, rows)
	props := []parquet.WriterProperty{parquet.WithDataPageSize(64 << 10), parquet.WithCompression(compress.Codecs.Snappy), parquet.WithDictionaryDefault(false)}
	peakOf := func(f []byte, want int) int {
		p := &peak{Allocator: memory.NewGoAllocator()}
		r, err := open(bytes.NewReader(f), p, nil)
		require.NoError(t, err)
		var lines lineCounter
		require.NoError(t, r.WriteRows(t.Context(), &lines))
		require.Equal(t, want, int(lines))
		return p.most
	}
	small := peakOf(parquetOf(t, 10_000, plain, props, one), rows)
	groups := peakOf(parquetOf(t, 10_000, plain, props, one, one, one, one, one, one, one, one), 8*rows)
	whole := peakOf(parquetOf(t, 1<<30, plain, props, one, one, one, one, one, one, one, one), 8*rows)
	t.Logf("%d bytes at most of one recording, %d of eight, %d of eight in one row group; the values have %d", small, groups, whole, 8*8*columns*rows)
	require.Less(t, groups, small*3/2)
	require.Less(t, whole, small*3/2)
	require.Less(t, whole, 8*8*columns*rows/8)
}

type lineCounter int

func (c *lineCounter) Write(b []byte) (int, error) {
	*c += lineCounter(bytes.Count(b, []byte("\n")))
	return len(b), nil
}

// A damaged file is an error, or gives rows: it never ends the program.
func TestDamaged(t *testing.T) {
	f := parquetOf(t, 20, keepSchema, []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Snappy)}, record(t,
		column{"time", stamp(arrow.Millisecond, "UTC"), "[" + strings.TrimSuffix(strings.Repeat(`"2024-03-14T09:50:00Z",`, 50), ",") + "]"},
		column{"cpu", arrow.PrimitiveTypes.Float64, "[" + strings.TrimSuffix(strings.Repeat("1.5,", 50), ",") + "]"},
		column{"host", &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, "[" + strings.TrimSuffix(strings.Repeat(`"web",`, 50), ",") + "]"}))
	try := func(b []byte) error {
		r, err := Open(bytes.NewReader(b))
		if err == nil {
			err = r.WriteRows(t.Context(), io.Discard)
		}
		return err
	}
	require.NoError(t, try(f))
	for n := range len(f) {
		require.ErrorIs(t, try(f[:n]), ErrFormat, "cut after %d bytes", n)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		b := bytes.Clone(f)
		b[rng.IntN(len(b))] ^= byte(1 + rng.IntN(255))
		if err := try(b); err != nil {
			require.ErrorIs(t, err, ErrFormat)
		}
	}
	require.ErrorIs(t, try([]byte("time,cpu\n1,2\n")), ErrFormat)
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := Open(bytes.NewReader(parquetOf(t, 10, plain, nil, record(t, column{"cpu", arrow.PrimitiveTypes.Float64, "[1, 2]"}))))
	require.NoError(t, err)
	require.ErrorIs(t, r.WriteRows(ctx, io.Discard), context.Canceled)
}
