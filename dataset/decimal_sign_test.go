package dataset

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A number of the sample shows as much as it does once, though its row is read again.
func TestDecimalSignCountsNumbersOnce(t *testing.T) {
	const text = "a;b\n1.206;0.5\n934;0.7\n944;0.8\n"
	want := []float64{1.206, .5, 934, .7, 944, .8}
	table, err := ReadCSV(strings.NewReader(text), CSVOptions{})
	require.NoError(t, err)
	require.Equal(t, want, table.X.RawMatrix().Data)

	r, rows, err := readLive(text, "934")
	require.NoError(t, err)
	require.Len(t, rows, 3)
	require.Equal(t, want[:2], rows[0].Values)
	require.Equal(t, []string{"a", "b"}, r.Columns())
}

// Live text cannot know which sign later rows speak for. A Reader that took the other one ends with
// an error at the row that shows it, whichever column that is in. Text that is there from the
// beginning is read as the whole of it shows.
func TestDecimalSignThatLaterRowsShow(t *testing.T) {
	for name, c := range map[string]struct {
		text, later string
		want        []float64 // of the whole text
		first       float64   // as what comes before later shows it
		say         string    // the error where later follows; "" if there is none
	}{
		"same column": {"a;b\n1.206;0.5\n1.327;0.7\n934;0.6\n944;0.8\n", "934", []float64{1206, .5, 1327, .7, 934, .6, 944, .8},
			1.206, `line 5, column "a": "944" beside "1.206", which has`},
		"other column": {"a|b\n1.206|2\n1.207|3\n1.208|0,5\n", "1.208", []float64{1206, 2, 1207, 3, 1208, .5},
			1.206, `line 4, column "b": "0,5" beside "1.206" in column "a", which has`},
		"column before": {"b|a\n2|1.206\n0,5|1.207\n", "0,5", []float64{2, 1206, .5, 1207},
			1.206, `line 3, column "b": "0,5" beside "1.206" in column "a", which has`},
		"thousands of another column": {"a|b\n1.206|1\n1.207|1.335\n1.208|934\n1.208|2.934\n1.209|877\n", "1.207",
			[]float64{1206, 1, 1207, 1335, 1208, 934, 1208, 2934, 1209, 877}, 1.206, `line 6, column "b": "877" beside "1.335", which has`},
		"confirmed": {"a|b\n1.206|2\n1.207|0.5\n", "1.207", []float64{1.206, 2, 1.207, .5}, 1.206, ""},
	} {
		t.Run(name, func(t *testing.T) {
			table, err := ReadCSV(strings.NewReader(c.text), CSVOptions{})
			require.NoError(t, err)
			require.Equal(t, c.want, table.X.RawMatrix().Data)

			_, rows, err := readLive(c.text, c.later)
			require.NotEmpty(t, rows)
			require.Contains(t, rows[0].Values, c.first)
			if c.say == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrNotNumber)
			require.ErrorContains(t, err, c.say)
			require.ErrorContains(t, err, "give the decimal sign in Decimal")
		})
	}
}

// Whatever signs the columns hold, and wherever live text is cut: values of the other sign are
// followed by an error.
func TestDecimalSignsOfCutText(t *testing.T) {
	cells := []string{"1.206", "1.207", "1,206", "934", "944", "0.5", "0,5", "12345", "1 206", "", "7", "1"}
	last := ""
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(last)
		}
	})
	rng := rand.New(rand.NewPCG(1, 3))
	of := func(from []string) string { return from[rng.IntN(len(from))] }
	for range 2000 {
		delimiter := of([]string{";", "|"})
		columns := make([][]string, 1+rng.IntN(2)) // the cells of each
		lines := []string{"time" + strings.Repeat(delimiter+"v", len(columns))}
		for c := range columns {
			for range 1 + rng.IntN(3) {
				columns[c] = append(columns[c], of(cells))
			}
		}
		for i := range 2 + rng.IntN(7) {
			row := []string{fmt.Sprintf("2024-03-14 09:5%d:00", i)}
			if i > 0 && rng.IntN(12) == 0 {
				row[0] = of([]string{"Total", "x"})
			}
			for _, c := range columns {
				row = append(row, of(c))
			}
			lines = append(lines, strings.Join(row, delimiter))
		}
		text := strings.Join(lines, "\n") + "\n"
		at, opt := rng.IntN(len(text)), CSVOptions{SkipBadRows: rng.IntN(2) == 0}
		last = fmt.Sprintf("%scut after %q, SkipBadRows %t", text, text[:at], opt.SkipBadRows)
		compareCut(t, []byte(text), at, opt)
	}
}

// readLive reads a text as live text of which the part from later on has not come at first.
func readLive(text, later string) (*Reader, []Row, error) {
	at := strings.Index(text, later)
	r, err := NewReader(&grown{[]byte(text[:at]), []byte(text[at:])}, CSVOptions{Live: true})
	if err != nil {
		return nil, nil, err
	}
	rows, err := allRows(r, 2)
	return r, rows, err
}
