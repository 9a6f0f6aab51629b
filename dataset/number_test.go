package dataset

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Plain numbers are read to the same bits as strconv reads them.
func TestParsePlain(t *testing.T) {
	for _, s := range []string{"0", "-0", "+1", "5.", ".5", "-.5", "0.1", "9007199254740992", "9007199254740993", "123456789012345.6", "0.000000000000001", "99999999999999.99"} {
		requirePlain(t, s)
	}
	for _, s := range []string{"", "-", "+", ".", "-.", "1.2.3", "1e3", "--1", "1-", "1,5", "0x1", " 1"} {
		_, _, ok := parsePlain([]byte(s))
		require.False(t, ok, s)
	}
	rapid.Check(t, func(t *rapid.T) {
		requirePlain(t, rapid.StringMatching(`[-+]?(\d{1,17}|\d{0,9}\.\d{1,9}|\d{1,9}\.\d{0,9})`).Draw(t, "number"))
	})
}

func requirePlain(t require.TestingT, s string) {
	want, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err, s)
	if got, _, ok := parsePlain([]byte(s)); ok {
		require.Equal(t, math.Float64bits(want), math.Float64bits(got), s)
	}
	got, kind := numberFormat{'.', true}.parse([]byte(s))
	require.Equal(t, cellNumber, kind, s)
	require.Equal(t, math.Float64bits(want), math.Float64bits(got), s)
}
