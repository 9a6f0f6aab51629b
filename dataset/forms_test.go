package dataset

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// form is what a file of testdata/forms must give: a table, or an error that names an option
// with which it is read.
type form struct {
	file    string
	opt     CSVOptions
	columns []string // all of them
	rows    int
	first   string // time of the first row, RFC 3339 in UTC; "" without times
	last    string
	value   float64 // in the last row and column
	note    string  // part of one
	err     string  // part of it; the rest is then what advice gives
	advice  *CSVOptions
}

func (f form) requireTable(t *testing.T, got *Table) {
	t.Helper()
	require.Equal(t, f.columns, got.Columns)
	rows, cols := got.X.Dims()
	require.Equal(t, f.rows, rows)
	require.Equal(t, f.value, got.X.At(rows-1, cols-1))
	at := func(i int) string {
		if got.Times == nil {
			return ""
		}
		return got.Times[i].UTC().Format(time.RFC3339Nano)
	}
	require.Equal(t, f.first, at(0))
	require.Equal(t, f.last, at(rows-1))
	require.Contains(t, strings.Join(got.Notes, "\n"), f.note)
}

func requireForms(t *testing.T, forms []form) {
	t.Helper()
	for _, f := range forms {
		t.Run(f.file, func(t *testing.T) {
			path := filepath.Join("testdata", "forms", f.file)
			got, err := ReadCSVFile(path, f.opt)
			if f.err != "" {
				require.ErrorContains(t, err, f.err)
				if f.advice == nil {
					return
				}
				got, err = ReadCSVFile(path, *f.advice)
			}
			require.NoError(t, err)
			f.requireTable(t, got)
		})
	}
}

// What is no row is left out where it is known; two tables in one file are an error.
func TestFormsEdges(t *testing.T) {
	sar := []string{"interval", "CPU", "%user", "%nice", "%system", "%iowait", "%steal", "%idle"}
	requireForms(t, []form{
		{file: "sadf_restart.csv", columns: sar, rows: 13, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:34:00Z", value: 80.8, note: "left out: 1 mark of a restart"},
		{file: "sadf_two_tables.csv", err: "line 2: 7 fields as far as line 8, but 8 from line 9 on", advice: &CSVOptions{SkipLines: 8},
			columns: []string{"interval", "kbmemfree", "kbavail", "kbmemused", "%memused", "kbbuffers"}, rows: 10, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:59:00Z", value: 20009},
		{file: "influx.csv", columns: []string{"_value"}, rows: 12, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:01:00Z", value: 37.875322, note: "3 annotations of InfluxDB"},
		{file: "influx_differ.csv", err: "another table begins there", advice: &CSVOptions{SkipLines: 10},
			columns: []string{"_value"}, rows: 6, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:55:00Z", value: 23.575794},
		{file: "typeperf.csv", columns: []string{`\\APP7\Processor(_Total)\% Processor Time`, `\\APP7\Memory\Available MBytes`, `\\APP7\PhysicalDisk(_Total)\% Disk Time`},
			rows: 12, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:01:00.143Z", value: 25.455306, note: "2 lines of text at the end"},
		{file: "cacti.csv", columns: []string{"Inbound"}, rows: 12, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:45:00Z", value: 1573888.0593210142},
		{file: "cr_cr_lf.csv", columns: []string{"cpu", "mem", "temp"}, rows: 11, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:00:00Z", value: 59.9},
		{file: "columns_gone.csv", err: "line 10: 5 fields where 7 are expected, as far as line 18", advice: &CSVOptions{SkipLines: 9},
			columns: []string{"2", "3", "4", "5"}, rows: 9, first: "2024-03-14T10:40:00Z", last: "2024-03-14T10:48:00Z", value: 1.61},
		{file: "pandas_levels.csv", columns: []string{"cpu/mean", "cpu/max", "mem/mean", "mem/max"}, rows: 10, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:59:00Z", value: 53.343},
		{file: "r_row_names.csv", columns: []string{"cpu", "mem"}, rows: 11, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:00:00Z", value: 51.24},
		{file: "psql.txt", columns: []string{"cpu", "mem"}, rows: 10, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:59:00Z", value: 50.8, note: "1 rule between rows, 1 count of rows"},
		{file: "markdown.md", columns: []string{"cpu", "mem"}, rows: 10, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:59:00Z", value: 50.8, note: "1 rule between rows"},
		{file: "joined_mark.csv", columns: []string{"cpu", "mem"}, rows: 11, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:40:00Z", value: 43.8, note: "the header comes again, 1 time"},
		{file: "joined_differ.csv", err: "line 7: another header than in line 1", advice: &CSVOptions{SkipLines: 6},
			columns: []string{"mem", "cpu"}, rows: 6, first: "2024-03-14T10:35:00Z", last: "2024-03-14T10:40:00Z", value: 43.8},
		{file: "vmstat.txt", columns: []string{"r", "b", "swpd", "free", "buff", "cache", "si", "so", "bi", "bo", "in", "cs", "us", "sy", "id", "wa", "st"},
			rows: 11, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:14:00Z", note: "2 rules between rows"},
		{file: "atop.txt", opt: CSVOptions{Columns: []string{"9", "12"}}, columns: []string{"9", "12"}, rows: 10, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:59:00Z", value: 44909, note: "11 rules between rows"},
		{file: "average_row.csv", columns: []string{"CPU Load", "Memory"}, rows: 8, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:57:00Z", value: 1491.2, note: "1 row of totals or averages"},
		{file: "total_row.csv", err: `line 10, column "Date": the time is missing`, advice: &CSVOptions{SkipBadRows: true},
			columns: []string{"CPU Load", "Memory"}, rows: 8, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:57:00Z", value: 1491.2, note: "left out by SkipBadRows: 1 row that does not fit, from line 10 to line 10"},
		{file: "comments.csv", columns: []string{"cpu", "mem"}, rows: 10, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:34:00Z", value: 44.4, note: "left out: 1 comment"},
		{file: "two_tables.csv", err: "line 2: 3 fields as far as line 8, but 4 from line 10 on", advice: &CSVOptions{SkipLines: 8},
			columns: []string{"rx", "tx", "drops"}, rows: 12, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:01:00Z", value: 2},
		{file: "two_tables_longer.csv", err: "line 16: another header than in line 1", advice: &CSVOptions{SkipLines: 15},
			columns: []string{"rx", "tx", "drops"}, rows: 7, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:56:00Z", value: 0},
	})
}

// A text between rows is none that ends the table, and a row that was cut off is none either.
func TestTextBetweenRows(t *testing.T) {
	const text = "time,a,b\n2024-03-14 09:50:00,1,2\nthe collector was here\n2024-03-14 09:51:00,3,4\n"
	_, err := ReadCSV(strings.NewReader(text), CSVOptions{})
	require.ErrorContains(t, err, `line 3: "the collector was here" is no row, and rows follow in line 4; leave such lines out with SkipBadRows`)
	got := read(t, text, CSVOptions{SkipBadRows: true})
	require.Equal(t, []float64{1, 2, 3, 4}, got.X.RawMatrix().Data)
	require.True(t, slices.ContainsFunc(got.Notes, func(n string) bool { return strings.Contains(n, "1 row that does not fit, from line 3") }), got.Notes)

	_, err = ReadCSV(strings.NewReader("time,a,b\n2024-03-14 09:50:00,1,2\n2024-03-14 09:5"), CSVOptions{})
	require.ErrorContains(t, err, "line 3: 1 field where 3 are expected; the file may have been cut off")
}
