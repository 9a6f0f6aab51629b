package dataset

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// grown is a text of which the second part comes after the first has been read to its end.
type grown struct{ now, later []byte }

func (g *grown) Read(p []byte) (int, error) {
	if len(g.now) == 0 {
		g.now, g.later = g.later, nil
		return 0, io.EOF
	}
	n := copy(p, g.now)
	g.now = g.now[n:]
	return n, nil
}

// allRows reads past so many ends of the text.
func allRows(r *Reader, ends int) ([]Row, error) {
	var rows []Row
	for {
		switch row, err := r.Next(); {
		case err == io.EOF && ends > 1:
			ends--
		case err == io.EOF:
			return rows, nil
		case err != nil:
			return rows, err
		default:
			rows = append(rows, row)
		}
	}
}

// sameRows compares rows of readers that have the same columns.
func sameRows(t *testing.T, a, b []Row) {
	t.Helper()
	require.Len(t, a, len(b))
	for i := range a {
		require.Equal(t, a[i].Line, b[i].Line)
		require.True(t, a[i].Time.Equal(b[i].Time), "line %d: %s, %s", a[i].Line, a[i].Time, b[i].Time)
		require.Equal(t, a[i].Anomalous, b[i].Anomalous)
		require.Equal(t, a[i].Key, b[i].Key)
		for j, v := range a[i].Values {
			require.Equal(t, math.Float64bits(v), math.Float64bits(b[i].Values[j]), "line %d: %v, %v", a[i].Line, v, b[i].Values[j])
		}
	}
}

// A Reader gives the rows of ReadCSV, up to the same error; only a column without a value at
// the beginning may end it earlier. Live text gives the same rows wherever it is cut, but for one
// thing: numbers that do not show their decimal sign are read by what has come. Where the whole text
// gives them the other sign, they may differ, and the Reader must end with an error.
func FuzzReader(f *testing.F) {
	files, err := seedFiles()
	require.NoError(f, err)
	for _, path := range files {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		text = text[:min(len(text), 2000)]
		f.Add(text, uint16(0), uint16(len(text)/2))
		f.Add(text, uint16(0), uint16(len(text)-3))
	}
	for _, s := range []string{
		"time,cpu\n1,2\n", "time;a;b\n1;1,5;\n2;1.335;7\n3;934;1,206\n", "a,b\n\"1\n\",2\n\"3\n\",4\n", "t,a,b\n1,,x\n2,1,y\n3,2,3\n",
		"time,a,label\n1,1,0\n2,x,1\n", "\xff\xfea\x00\n\x001\x00\n\x002\x00\n\x00", "a;b\n1.206;2\n",
		"a|b\n1.206|2\n1.207|0,5\n1.208|3\n", "a;b\n1.206;0.5\n934;0.7\n944;0.8\n",
	} {
		for _, n := range []uint16{0, 1 << 7, 1 << 9, 3 << 4} {
			f.Add([]byte(s), n, uint16(len(s)/2))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, n, cut uint16) {
		opt := fuzzOptions(n)
		if n>>11&1 == 1 {
			opt.Key = "1"
		}
		table, wantErr := ReadCSV(bytes.NewReader(text), opt)
		r, err := NewReader(bytes.NewReader(text), opt)
		var rows []Row
		if err == nil {
			rows, err = allRows(r, 1)
		}
		compareToTable(t, table, wantErr, r, rows, err)

		compareCut(t, text, min(int(cut), len(text)), opt)
	})
}

// compareCut reads live text as a whole, and cut in two, the second part of which comes after the
// end of the first has been read.
func compareCut(t *testing.T, text []byte, at int, opt CSVOptions) {
	t.Helper()
	opt.Live = true
	whole, errWhole := NewReader(bytes.NewReader(text), opt)
	parts, errParts := NewReader(&grown{text[:at:at], text[at:]}, opt)
	if errWhole != nil || errParts != nil {
		return // the beginning may not tell yet
	}
	wantRows, errWhole := allRows(whole, 1)
	gotRows, errParts := allRows(parts, 2)
	if !sameUse(whole, parts) || !sameHints(whole, parts) {
		return
	}
	if errParts != nil || leavesRows(whole) || leavesRows(parts) {
		dropOtherSigns(whole, parts, wantRows, gotRows)
	}
	if errWhole != nil || errParts != nil {
		most := min(len(wantRows), len(gotRows))
		wantRows, gotRows = wantRows[:most], gotRows[:most]
	}
	sameRows(t, wantRows, gotRows)
}

// dropOtherSigns makes missing, in both, what parts read with another decimal sign than whole, in
// columns where some number does not show its sign.
func dropOtherSigns(whole, parts *Reader, rows ...[]Row) {
	for j, i := range parts.kept {
		m, other := parts.rows.metrics[i], whole.rows.metrics[whole.kept[j]]
		if parts.rows.stats[m.col].unclear() == 0 || m.format.decimal == other.format.decimal {
			continue
		}
		for _, some := range rows {
			for _, row := range some {
				row.Values[j] = math.NaN()
			}
		}
	}
}

// compareToTable holds what a Reader gave against ReadCSV's table of the same text, or error.
func compareToTable(t *testing.T, table *Table, wantErr error, r *Reader, rows []Row, err error) {
	late := errors.Is(err, ErrLateColumn) || r == nil && errors.Is(err, ErrNoMetric)
	if wantErr != nil {
		atEnd := errors.Is(wantErr, ErrNoRows) || errors.Is(wantErr, ErrNoMetric)     // is known at the end only
		late = late || errors.Is(err, ErrLongForm) && errors.Is(wantErr, ErrLongForm) // the advice differs
		late = late || errors.Is(wantErr, ErrLongForm) && err == nil                  // is known at the end only
		late = late || strings.Contains(wantErr.Error(), "back by 12 hours")          // likewise
		if !late && (err != nil || !atEnd) {
			require.EqualError(t, err, wantErr.Error())
		}
		return
	}
	if n, _ := table.X.Dims(); len(rows) > n && strings.Contains(strings.Join(table.Notes, "\n"), "totals") {
		rows = rows[:n] // a Reader does not know that these are the last ones
	}
	if !late {
		require.NoError(t, err)
		require.Len(t, rows, len(table.X.RawMatrix().Data)/len(table.Columns))
	}
	if r == nil {
		return
	}
	want := make([]Row, len(rows))
	for i := range want {
		want[i] = Row{Line: rows[i].Line, Key: rows[i].Key, Values: make([]float64, len(r.Columns()))}
		for j, name := range r.Columns() {
			want[i].Values[j] = math.NaN() // a counter without any value is no column of the table
			if c, err := table.Column(name); err == nil {
				want[i].Values[j] = table.X.At(i, c)
			}
		}
		if table.Times != nil {
			want[i].Time = table.Times[i]
		}
		want[i].Anomalous = table.Labels != nil && table.Labels[i]
	}
	sameRows(t, want, rows)
}

// leavesRows reports whether a reader has left out rows, whose numbers count where the sample holds
// them.
func leavesRows(r *Reader) bool {
	return r.rows.left[leftTotal]+r.rows.left[leftBad]+len(r.rows.ending) > 0
}

// sameHints reports whether two readers of one text know the same of decimal signs by what is no
// metric: the language, and columns that are not watched after the sample.
func sameHints(a, b *Reader) bool {
	for _, sign := range []byte(".,") {
		if a.rows.usualDecimal(sign) != b.rows.usualDecimal(sign) {
			return false
		}
	}
	for c, role := range a.Roles() {
		ea, eb := &a.rows.stats[c].signEvidence, &b.rows.stats[c].signEvidence
		if role.Role != RoleMetric && (ea.shown() != eb.shown() || ea.alone() != eb.alone()) {
			return false
		}
	}
	return true
}

// sameUse reports whether two readers of one text use it in the same way.
func sameUse(a, b *Reader) bool {
	ra, rb := a.Roles(), b.Roles()
	if len(ra) != len(rb) || a.rows.comma != b.rows.comma || a.rows.first != b.rows.first || !slices.Equal(a.Columns(), b.Columns()) {
		return false
	}
	if !slices.EqualFunc(a.rows.words, b.rows.words, func(v, w *wordColumn) bool { return v.col == w.col }) {
		return false // the words of totals are looked for where they are rare
	}
	for c := range ra {
		if ra[c].Name != rb[c].Name || ra[c].Role != rb[c].Role {
			return false
		}
		if ra[c].Role == RoleTime && (ra[c].Reason != rb[c].Reason || *a.rows.clock != *b.rows.clock) {
			return false
		}
	}
	return true
}
