package dataset

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTotalWords(t *testing.T) {
	for _, s := range []string{"Total", "Sums (of 90 values)", "AVERAGE:", "95th percentile", "99.9 percentile", "Gesamt", "Durchschnitt", "máximo", "合计", "Std Dev"} {
		require.True(t, isTotalWord(s), s)
	}
	for _, s := range []string{"", "totally", "cpu-total", "percentile of 5", "web1", "5th percentile rank", "summit", "(Total)"} {
		require.False(t, isTotalWord(s), s)
	}
}

// Rows of totals are left out before and after the others. A state among the others that has the
// name of a total is none, whether the sample shows it or not.
func TestTotalsInATextColumn(t *testing.T) {
	rows := func(n int, mode func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(mode(i) + "," + itoa(i*7%13) + "," + itoa(i*5%11) + "\n")
		}
		return b.String()
	}
	auto := func(int) string { return "auto" }
	for name, c := range map[string]struct {
		text string
		rows int
		note string
	}{
		"at the end":     {"host,cpu,mem\n" + rows(20, auto) + "Maximum,12,10\nTotal,120,99\n", 20, "2 rows of totals or averages"},
		"first":          {"host,cpu,mem\nTotal,120,99\n" + rows(20, auto), 20, "1 row of totals or averages"},
		"a state":        {"mode,cpu,mem\n" + rows(20, func(i int) string { return []string{"auto", "auto", "auto", "auto", "auto", "max"}[i%6] }), 20, ""},
		"a late state":   {"mode,cpu,mem\n" + rows(60_000, func(i int) string { return map[bool]string{true: "max", false: "auto"}[i > 50_000 && i%9 == 0] }), 60_000, ""},
		"only such rows": {"host,cpu,mem\n" + rows(20, func(int) string { return "Total" }), 20, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := read(t, c.text, CSVOptions{})
			n, _ := got.X.Dims()
			require.Equal(t, c.rows, n)
			notes := strings.Join(got.Notes, "\n")
			if c.note == "" {
				require.NotContains(t, notes, "totals")
			} else {
				require.Contains(t, notes, c.note)
				require.NotContains(t, notes, "different texts")
			}
		})
	}
	got := read(t, "host,cpu,mem\n"+rows(20, auto)+"Total,120,99\n", CSVOptions{Columns: []string{"cpu"}})
	require.Equal(t, 20, len(got.X.RawMatrix().Data), "also where the column of the word is not asked for")

	r, err := NewReader(strings.NewReader("host,cpu,mem\n"+rows(20, auto)+"Total,120,99\n"), CSVOptions{})
	require.NoError(t, err)
	n := 0
	for ; err == nil; n++ {
		_, err = r.Next()
	}
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, 21, n)
}
