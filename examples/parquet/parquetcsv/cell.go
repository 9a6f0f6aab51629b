package parquetcsv

import (
	"encoding/hex"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/google/uuid"
)

// appendCell appends the value of a row to dst. The row is not null.
type appendCell func(dst []byte, row int) []byte

// values are arrays of one type.
type values[T any] interface {
	arrow.Array
	Value(row int) T
}

// of makes cells of arrays whose values are formatted by a function.
func of[A values[T], T any](format func(dst []byte, v T) []byte) func(arrow.Array) appendCell {
	return func(a arrow.Array) appendCell {
		typed := a.(A)
		return func(dst []byte, row int) []byte { return format(dst, typed.Value(row)) }
	}
}

// cellsOf returns how arrays of a type become cells, or nil where they cannot.
func cellsOf(t arrow.DataType) func(arrow.Array) appendCell {
	switch t.(type) {
	case *arrow.NullType:
		return func(arrow.Array) appendCell { return func(dst []byte, _ int) []byte { return dst } }
	case *arrow.BooleanType:
		return of[*array.Boolean](appendBool)
	case *arrow.Int8Type:
		return of[*array.Int8](appendInt[int8])
	case *arrow.Int16Type:
		return of[*array.Int16](appendInt[int16])
	case *arrow.Int32Type:
		return of[*array.Int32](appendInt[int32])
	case *arrow.Int64Type:
		return of[*array.Int64](appendInt[int64])
	case *arrow.Uint8Type:
		return of[*array.Uint8](appendUint[uint8])
	case *arrow.Uint16Type:
		return of[*array.Uint16](appendUint[uint16])
	case *arrow.Uint32Type:
		return of[*array.Uint32](appendUint[uint32])
	case *arrow.Uint64Type:
		return of[*array.Uint64](appendUint[uint64])
	case *arrow.Float32Type:
		return of[*array.Float32](func(dst []byte, v float32) []byte { return appendFloat(dst, float64(v), 32) })
	case *arrow.Float64Type:
		return of[*array.Float64](func(dst []byte, v float64) []byte { return appendFloat(dst, v, 64) })
	case *arrow.StringType:
		return of[*array.String](appendText)
	case *arrow.BinaryType:
		return of[*array.Binary](appendBinary)
	case *arrow.FixedSizeBinaryType:
		return of[*array.FixedSizeBinary](appendHex)
	case *extensions.UUIDType:
		return of[*extensions.UUIDArray](func(dst []byte, v uuid.UUID) []byte { return append(dst, v.String()...) })
	}
	if cells := cellsOfDecimals(t); cells != nil {
		return cells
	}
	return cellsOfTimes(t)
}

func appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, '1')
	}
	return append(dst, '0')
}

func appendInt[T int8 | int16 | int32 | int64](dst []byte, v T) []byte {
	return strconv.AppendInt(dst, int64(v), 10)
}

func appendUint[T uint8 | uint16 | uint32 | uint64](dst []byte, v T) []byte {
	return strconv.AppendUint(dst, uint64(v), 10)
}

// appendFloat writes the fewest digits that give the same bits again.
func appendFloat(dst []byte, v float64, bits int) []byte {
	if math.IsNaN(v) {
		return dst
	}
	return strconv.AppendFloat(dst, v, 'g', -1, bits)
}

// appendText quotes what would not be one cell.
func appendText(dst []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		switch s[i] {
		case '"', ',', '\n', '\r':
			plain = false
		}
	}
	if plain {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for i := range len(s) {
		if s[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}

// appendBinary takes bytes for the text that older programs write without saying so.
func appendBinary(dst, b []byte) []byte {
	if utf8.Valid(b) {
		return appendText(dst, string(b))
	}
	return appendHex(dst, b)
}

// appendHex writes bytes as 0x and their digits, which nobody takes for a number of metrics.
func appendHex(dst, b []byte) []byte { return hex.AppendEncode(append(dst, "0x"...), b) }
