package parquetcsv

import (
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

const (
	wallClock = "2006-01-02T15:04:05.999999999" // RFC 3339 but for the offset, which nobody knows
	timeOfDay = "15:04:05.999999999"
)

// cellsOfTimes returns how arrays of a type of times become cells, or nil for other types.
func cellsOfTimes(t arrow.DataType) func(arrow.Array) appendCell {
	switch t := t.(type) {
	case *arrow.TimestampType:
		layout := wallClock
		if t.TimeZone != "" {
			layout = time.RFC3339Nano
		}
		return of[*array.Timestamp](clock[arrow.Timestamp](t.Unit, layout))
	case *arrow.Date32Type:
		return of[*array.Date32](func(dst []byte, v arrow.Date32) []byte { return v.ToTime().AppendFormat(dst, time.DateOnly) })
	case *arrow.Time32Type:
		return of[*array.Time32](clock[arrow.Time32](t.Unit, timeOfDay))
	case *arrow.Time64Type:
		return of[*array.Time64](clock[arrow.Time64](t.Unit, timeOfDay))
	}
	return nil
}

// clock formats a count of units since 1970, or since midnight. It never leaves whole numbers, so
// the last digit is right.
func clock[T arrow.Timestamp | arrow.Time32 | arrow.Time64](u arrow.TimeUnit, layout string) func([]byte, T) []byte {
	unit := seconds(u)
	nanoseconds := int64(time.Second) / unit
	return func(dst []byte, v T) []byte {
		return time.Unix(int64(v)/unit, int64(v)%unit*nanoseconds).UTC().AppendFormat(dst, layout)
	}
}

// seconds is how many units of a clock a second has.
func seconds(u arrow.TimeUnit) int64 { return int64(time.Second / u.Multiplier()) }
