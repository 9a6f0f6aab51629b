package parquetcsv

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal"
	"github.com/apache/arrow-go/v18/arrow/float16"
)

// decimalNumber is a number of any of arrow's decimal types.
type decimalNumber interface{ ToString(scale int32) string }

// cellsOfDecimals returns how arrays of decimals and of half floats become cells, or nil for
// other types.
func cellsOfDecimals(t arrow.DataType) func(arrow.Array) appendCell {
	switch t := t.(type) {
	case *arrow.Decimal128Type:
		return of[*array.Decimal128](appendDecimal[decimal.Decimal128](t.Scale))
	case *arrow.Decimal256Type:
		return of[*array.Decimal256](appendDecimal[decimal.Decimal256](t.Scale))
	case *arrow.Float16Type:
		return of[*array.Float16](func(dst []byte, v float16.Num) []byte { return appendFloat(dst, float64(v.Float32()), 32) })
	}
	return nil
}

func appendDecimal[T decimalNumber](scale int32) func([]byte, T) []byte {
	return func(dst []byte, v T) []byte { return append(dst, v.ToString(scale)...) }
}
