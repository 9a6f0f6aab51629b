package dataset

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What counts rows, names something or is another clock measures nothing, and is read where it is
// asked for.
func TestSpareColumns(t *testing.T) {
	table := func(name string, value func(i int) string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "%s,time,cpu\n", name)
		for i := range 12 {
			fmt.Fprintf(&b, "%s,2024-03-14 09:%02d:00,%d\n", value(i), i+10, i*7%13)
		}
		return b.String()
	}
	from := func(first, step int) func(int) string {
		return func(i int) string { return itoa(first + step*i) }
	}
	for _, c := range []struct {
		name  string
		value func(int) string
		spare bool
	}{
		{"row", from(1, 1), true}, {"#", from(0, 1), true}, {"", from(0, 1), true}, {"No.", from(1, 1), true}, {"Index", from(0, 1), true},
		{"index", from(3, 0), true}, {"itemid", from(23296, 0), true},
		{"Elapsed Time (sec)", from(5, 60), true}, {"RDTSC", from(7_000_000, 123_456), true},
		{"queue", from(1, 1), false}, {"row", from(5, 1), false}, {"row", func(i int) string { return itoa(i * i) }, false},
		{"cores", from(8, 0), false}, {"elapsed", func(i int) string { return itoa(20 + i*i%7) }, false}, {"bytes_total", from(5, 60), false},
	} {
		text := table(c.name, c.value)
		got := read(t, text, CSVOptions{})
		if !c.spare {
			require.Len(t, got.Columns, 2, c.name)
			continue
		}
		require.Equal(t, []string{"cpu"}, got.Columns, c.name)
		require.Len(t, read(t, text, CSVOptions{Columns: []string{"1", "cpu"}}).Columns, 2, c.name)
	}
}

// The name of something that changes after the sample tells series apart all the same.
func TestSpareColumnChangesLate(t *testing.T) {
	var b strings.Builder
	b.WriteString("itemid,clock,value\n")
	for _, id := range []string{"7", "8"} {
		for i := range 20_000 {
			b.WriteString(id + "," + itoa(1710409800+60*i) + "," + itoa(i*7%13) + "\n")
		}
	}
	_, err := ReadCSV(strings.NewReader(b.String()), CSVOptions{})
	require.ErrorIs(t, err, ErrLongForm)
	require.ErrorContains(t, err, `rows of 2 series follow each other, "7", "8"`)
}
