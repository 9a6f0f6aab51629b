package parquetcsv

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/stretchr/testify/require"
)

var (
	keepSchema = []pqarrow.WriterOption{pqarrow.WithStoreSchema()}
	plain      = []pqarrow.WriterOption{}
	int96      = []pqarrow.WriterOption{pqarrow.WithDeprecatedInt96Timestamps(true)}
	integers   = []parquet.WriterProperty{parquet.WithStoreDecimalAsInteger(true)}
)

func stamp(unit arrow.TimeUnit, zone string) arrow.DataType {
	return &arrow.TimestampType{Unit: unit, TimeZone: zone}
}

// Each type gives the cells that are written here, and a null an empty one.
func TestCells(t *testing.T) {
	const ns = `["2024-03-14T09:50:00.000000001", "1969-12-31T23:59:59.999999999", null]`
	for name, c := range map[string]struct {
		typ   arrow.DataType
		json  string
		arrow []pqarrow.WriterOption
		props []parquet.WriterProperty
		want  string
	}{
		"int8":           {arrow.PrimitiveTypes.Int8, `[-128, 127, null]`, plain, nil, "-128|127|"},
		"int16":          {arrow.PrimitiveTypes.Int16, `[-32768, 32767]`, plain, nil, "-32768|32767"},
		"int32":          {arrow.PrimitiveTypes.Int32, `[-2147483648, 2147483647]`, plain, nil, "-2147483648|2147483647"},
		"int64":          {arrow.PrimitiveTypes.Int64, `[-9223372036854775808, 9223372036854775807, null]`, plain, nil, "-9223372036854775808|9223372036854775807|"},
		"uint8":          {arrow.PrimitiveTypes.Uint8, `[0, 255]`, plain, nil, "0|255"},
		"uint16":         {arrow.PrimitiveTypes.Uint16, `[0, 65535]`, plain, nil, "0|65535"},
		"uint32":         {arrow.PrimitiveTypes.Uint32, `[0, 4294967295]`, plain, nil, "0|4294967295"},
		"uint64":         {arrow.PrimitiveTypes.Uint64, `[0, 18446744073709551615]`, plain, nil, "0|18446744073709551615"},
		"float16":        {arrow.FixedWidthTypes.Float16, `[0.5, -65504, null]`, plain, nil, "0.5|-65504|"},
		"float32":        {arrow.PrimitiveTypes.Float32, `[0.1, -3.4028235e+38, null]`, plain, nil, "0.1|-3.4028235e+38|"},
		"float64":        {arrow.PrimitiveTypes.Float64, `[0.1, 5e-324, 1.7976931348623157e+308, null]`, plain, nil, "0.1|5e-324|1.7976931348623157e+308|"},
		"bool":           {arrow.FixedWidthTypes.Boolean, `[true, false, null]`, plain, nil, "1|0|"},
		"null":           {arrow.Null, `[null, null]`, keepSchema, nil, "|"},
		"s UTC":          {stamp(arrow.Second, "UTC"), `["2024-03-14T09:50:00Z"]`, keepSchema, nil, "2024-03-14T09:50:00Z"},
		"s as ms":        {stamp(arrow.Second, "UTC"), `["2024-03-14T09:50:00Z"]`, plain, nil, "2024-03-14T09:50:00Z"},
		"ms UTC":         {stamp(arrow.Millisecond, "UTC"), `["2024-03-14T09:50:00.007Z", null]`, plain, nil, "2024-03-14T09:50:00.007Z|"},
		"us UTC":         {stamp(arrow.Microsecond, "UTC"), `["2024-03-14T09:50:00.000007Z"]`, plain, nil, "2024-03-14T09:50:00.000007Z"},
		"us, far":        {stamp(arrow.Microsecond, "UTC"), `["0001-01-01T00:00:00.000001Z", "9999-12-31T23:59:59.999999Z"]`, plain, nil, "0001-01-01T00:00:00.000001Z|9999-12-31T23:59:59.999999Z"},
		"ns Berlin":      {stamp(arrow.Nanosecond, "Europe/Berlin"), `["2024-03-14T09:50:00.123456789Z"]`, keepSchema, nil, "2024-03-14T09:50:00.123456789Z"},
		"ns, no zone":    {stamp(arrow.Nanosecond, ""), ns, plain, nil, "2024-03-14T09:50:00.000000001|1969-12-31T23:59:59.999999999|"},
		"us, no zone":    {stamp(arrow.Microsecond, ""), `["2024-03-14T09:50:00.000001"]`, keepSchema, nil, "2024-03-14T09:50:00.000001"},
		"int96":          {stamp(arrow.Nanosecond, ""), ns, int96, nil, "2024-03-14T09:50:00.000000001Z|1969-12-31T23:59:59.999999999Z|"},
		"date32":         {arrow.FixedWidthTypes.Date32, `["2024-03-14", "1969-12-31", null]`, plain, nil, "2024-03-14|1969-12-31|"},
		"date64":         {arrow.FixedWidthTypes.Date64, `["2024-03-14"]`, keepSchema, nil, "2024-03-14"},
		"time32":         {arrow.FixedWidthTypes.Time32ms, `["09:50:00.007", "23:59:59.999"]`, plain, nil, "09:50:00.007|23:59:59.999"},
		"time64":         {arrow.FixedWidthTypes.Time64ns, `["09:50:00.000000001", null]`, plain, nil, "09:50:00.000000001|"},
		"decimal 9":      {&arrow.Decimal128Type{Precision: 9, Scale: 2}, `["1234567.89", "-0.05", "0", null]`, plain, integers, "1234567.89|-0.05|0.00|"},
		"decimal 18":     {&arrow.Decimal128Type{Precision: 18, Scale: 4}, `["12345678901234.5678"]`, plain, integers, "12345678901234.5678"},
		"decimal 38":     {&arrow.Decimal128Type{Precision: 38, Scale: 10}, `["-1234567890123456789012345678.0123456789"]`, plain, nil, "-1234567890123456789012345678.0123456789"},
		"decimal 50":     {&arrow.Decimal256Type{Precision: 50, Scale: 1}, `["1234567890123456789012345678901234567890123456789.5"]`, keepSchema, nil, "1234567890123456789012345678901234567890123456789.5"},
		"string":         {arrow.BinaryTypes.String, `["web 1", "a,b", "say \"hi\"", "", "two\nlines", null, "Größe"]`, plain, nil, `web 1|"a,b"|"say ""hi"""||"two` + "\n" + `lines"||Größe`},
		"binary":         {arrow.BinaryTypes.Binary, `["d2ViLTE=", "/wA="]`, plain, nil, "web-1|0xff00"},
		"fixed binary":   {&arrow.FixedSizeBinaryType{ByteWidth: 2}, `["AP8="]`, plain, nil, "0x00ff"},
		"uuid":           {extensions.NewUUIDType(), `["00112233-4455-6677-8899-aabbccddeeff"]`, keepSchema, nil, "00112233-4455-6677-8899-aabbccddeeff"},
		"dictionary":     {&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, `["web1", "db1", null, "web1"]`, keepSchema, nil, "web1|db1||web1"},
		"dictionary off": {arrow.BinaryTypes.String, `["web1", "db1", "web1"]`, plain, []parquet.WriterProperty{parquet.WithDictionaryDefault(false)}, "web1|db1|web1"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := record(t, column{"n", c.typ, c.json}, column{"v", c.typ, c.json})
			got, notes := written(t, parquetOf(t, 2, c.arrow, c.props, rows))
			require.Empty(t, notes)
			want := "n,v\n"
			for _, cell := range strings.Split(c.want, "|") {
				want += cell + "," + cell + "\n"
			}
			require.Equal(t, want, got)
		})
	}
}

// Whatever the bits of numbers and times are, the cells give them again.
func TestCellsAreExact(t *testing.T) {
	const n = 20_000
	rng := rand.New(rand.NewPCG(1, 2))
	double := array.NewFloat64Builder(memory.DefaultAllocator)
	single := array.NewFloat32Builder(memory.DefaultAllocator)
	whole := array.NewInt64Builder(memory.DefaultAllocator)
	times := array.NewTimestampBuilder(memory.DefaultAllocator, &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"})
	for range n {
		double.Append(math.Float64frombits(rng.Uint64()))
		single.Append(math.Float32frombits(rng.Uint32()))
		whole.Append(int64(rng.Uint64()))
		times.Append(arrow.Timestamp(rng.Uint64()))
	}
	doubles, singles, wholes, stamps := double.NewFloat64Array(), single.NewFloat32Array(), whole.NewInt64Array(), times.NewTimestampArray()
	var fields []arrow.Field
	arrays := []arrow.Array{doubles, singles, wholes, stamps}
	for k, name := range []string{"double", "single", "whole", "time"} {
		fields = append(fields, arrow.Field{Name: name, Type: arrays[k].DataType()})
	}
	got, _ := written(t, parquetOf(t, 3000, plain, nil, array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, n)))
	lines := strings.Split(strings.TrimSpace(got), "\n")[1:]
	require.Len(t, lines, n)
	float := func(s string, bits int) float64 {
		if s == "" {
			return math.NaN()
		}
		v, err := strconv.ParseFloat(s, bits)
		require.NoError(t, err)
		return v
	}
	same := func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b }
	for i, line := range lines {
		cells := strings.Split(line, ",")
		v, err := strconv.ParseInt(cells[2], 10, 64)
		require.NoError(t, err)
		at, err := time.Parse(time.RFC3339Nano, cells[3])
		require.NoError(t, err)
		if !same(float(cells[0], 64), doubles.Value(i)) || !same(float(cells[1], 32), float64(singles.Value(i))) || v != wholes.Value(i) || at.UnixNano() != int64(stamps.Value(i)) {
			t.Fatalf("row %d: %s", i, line)
		}
	}
}
