package format

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestList(t *testing.T) {
	require.Empty(t, List(0, Few, strconv.Itoa))
	require.Equal(t, "0, 1", List(2, Few, strconv.Itoa))
	require.Equal(t, "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11", List(12, Few, strconv.Itoa))
	require.Equal(t, "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 4988 more", List(5000, Few, strconv.Itoa))
}

func TestCount(t *testing.T) {
	require.Equal(t, "0 rows, 1 row, 2 rows", Count(0, "row")+", "+Count(1, "row")+", "+Count(2, "row"))
}
