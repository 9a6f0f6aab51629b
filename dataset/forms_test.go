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

// Times are read as they are written, or the error says what reads them.
func TestFormsTimes(t *testing.T) {
	gpu := []string{"RDTSC", "Elapsed Time (sec)", "CPU Utilization(%)", "CPU Frequency_0(MHz)", "Processor Power_0(Watt)", "Package Temperature_0(C)"}
	metric := []string{"Traffic Total (Volume)(RAW)"}
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	requireForms(t, []form{
		{file: "hwinfo.csv", opt: CSVOptions{Columns: []string{"CPU Package Power [W]"}}, columns: []string{"CPU Package Power [W]"}, rows: 12, first: "2024-03-14T09:50:00.011Z", last: "2024-03-14T09:50:22.825Z", value: 57.875, note: "1 line of text at the end"},
		{file: "prtg.csv", opt: CSVOptions{Columns: metric}, columns: metric, rows: 12, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:45:00Z", value: 60437301.4779, note: "2 rows of totals or averages"},
		{file: "prtg.csv", opt: CSVOptions{Columns: metric, Time: "Date Time(RAW)"}, columns: metric, rows: 12, first: "2024-03-14T09:55:00Z", last: "2024-03-14T10:50:00Z", value: 60437301.4779},
		{file: "perfmon_bias.csv", opt: CSVOptions{Columns: []string{"4"}}, columns: []string{`\\APP7\Processor Information(0,_Total)\% C1 Time`}, rows: 12, first: "2024-03-14T13:50:00Z", last: "2024-03-14T14:01:00.143Z", value: 25.455305897631465},
		{file: "perfmon_bias.csv", opt: CSVOptions{Columns: []string{"4"}, Location: berlin}, columns: []string{`\\APP7\Processor Information(0,_Total)\% C1 Time`}, rows: 12, first: "2024-03-14T08:50:00Z", last: "2024-03-14T09:01:00.143Z", value: 25.455305897631465},
		{file: "browser_dates.csv", columns: []string{"cpu/utilization/inst-1", "cpu/utilization/inst-2"}, rows: 12, first: "2024-03-14T08:50:00Z", last: "2024-03-14T09:01:00Z", value: .254553, note: "2 rows of labels"},
		{file: "epoch_rounded.csv", err: `column "timeStamp": times such as "1.71041E+12" were rounded`, advice: &CSVOptions{Time: None, Columns: []string{"elapsed", "Latency"}},
			columns: []string{"elapsed", "Latency"}, rows: 12, value: 340},
		{file: "victoria_one.csv", columns: []string{"2"}, rows: 12, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:01:00Z", value: 3.7875},
		{file: "power_gadget.csv", columns: gpu, rows: 11, first: "2000-01-01T09:50:00Z", last: "2000-01-01T09:50:10.07Z", value: 53, note: "4 lines of text at the end"},
		{file: "clock_colon_ms.csv", columns: gpu, rows: 8, first: "2000-01-01T09:50:00Z", last: "2000-01-01T09:50:07.049Z", value: 51},
		{file: "collectl.txt", columns: []string{"[CPU]User%", "[CPU]Sys%", "[CPU]Idle%", "[MEM]Used", "[NET]RxKBTot", "[DSK]ReadKBTot"}, rows: 11, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:00:00Z", value: 245},
		{file: "narrow_blank_am.csv", columns: []string{"cpu", "mem"}, rows: 13, first: "2024-03-14T09:50:00Z", last: "2024-03-14T11:18:00Z", value: 46.3},
		{file: "narrow_blank_am.csv", opt: CSVOptions{TimeLayout: "1/2/2006, 3:04:05 pm"}, columns: []string{"cpu", "mem"}, rows: 13, first: "2024-03-14T09:50:00Z", last: "2024-03-14T11:18:00Z", value: 46.3},
		{file: "narrow_blank_am.csv", opt: CSVOptions{TimeLayout: "yyyy-MM-dd HH:mm:ss"}, err: `TimeLayout "yyyy-MM-dd HH:mm:ss" does not read "3/14/2024, 9:50:00\u202fAM"`, advice: &CSVOptions{},
			columns: []string{"cpu", "mem"}, rows: 13, first: "2024-03-14T09:50:00Z", last: "2024-03-14T11:18:00Z", value: 46.3},
		{file: "azure_generated.csv", columns: []string{"CounterValue", "mem"}, rows: 8, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:57:00.049Z", value: 50.3},
		{file: "day_numbers.csv", columns: []string{"cpu", "mem"}, rows: 12, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:01:00Z", value: 51.6},
		{file: "comma_in_time.csv", err: "line 2: 4 fields here, 3 in line 1: times such as 2024-03-14 09:50:00,000 hold the delimiter"},
		{file: "midnight.csv", columns: []string{"cpu", "mem"}, rows: 10, first: "2024-03-14T20:00:00Z", last: "2024-03-15T01:00:00Z", value: 51.3},
		{file: "date_clock.csv", err: `give TimeLayout "1/2/2006 15:04:05" or "2/1/2006 15:04:05"`, advice: &CSVOptions{TimeLayout: "1/2/2006 15:04:05"},
			columns: []string{"cpu", "mem"}, rows: 10, first: "2024-03-04T20:00:00Z", last: "2024-03-05T01:00:00Z", value: 51.3},
		{file: "date_clock.csv", opt: CSVOptions{Time: "Date", TimeLayout: "1/2/2006 15:04:05"}, columns: []string{"cpu", "mem"}, rows: 10, first: "2024-03-04T20:00:00Z", last: "2024-03-05T01:00:00Z", value: 51.3},
		{file: "date_clock_dash.csv", err: `give TimeLayout "1-2-2006 15:04:05" or "2-1-2006 15:04:05"`, advice: &CSVOptions{TimeLayout: "2-1-2006 15:04:05"},
			columns: []string{"cpu", "mem"}, rows: 10, first: "2024-03-04T20:00:00Z", last: "2024-03-05T01:00:00Z", value: 51.3},
		{file: "summer_time_end.csv", opt: CSVOptions{Location: berlin}, columns: []string{"cpu", "bytes_total"}, rows: 47, first: "2024-10-26T23:30:00Z", last: "2024-10-27T03:20:00Z", value: 5187071952},
	})
}

// The hour that comes twice is read in the order of the rows, forwards, backwards and where a row
// has the same clock as the one before.
func TestSummerTimeEnds(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	start := time.Date(2024, 10, 26, 22, 0, 0, 0, time.UTC)
	for _, step := range []time.Duration{5 * time.Minute, 30 * time.Minute, time.Hour, -5 * time.Minute, -20 * time.Minute, -30 * time.Minute, -time.Hour} {
		from := start
		if step < 0 {
			from = start.Add(6 * time.Hour)
		}
		text := "time,cpu\n"
		var want []time.Time
		for at := from; !at.Before(start) && at.Sub(start) <= 6*time.Hour; at = at.Add(step) {
			text += at.In(berlin).Format(time.DateTime) + ",1\n"
			want = append(want, at)
		}
		got := read(t, text, CSVOptions{Location: berlin})
		for i, at := range want {
			require.True(t, at.Equal(got.Times[i]), "every %s: row %d is %s instead of %s", step, i+1, got.Times[i].UTC(), at)
		}
	}
}

// A clock beside a date that cannot be read must not become a time without a date.
func TestDateUnread(t *testing.T) {
	const text = "Date,Time,cpu\nd14 3 24,20:00:00,1\nd14 3 24,20:15:00,2\n"
	_, err := ReadCSV(strings.NewReader(text), CSVOptions{})
	require.ErrorContains(t, err, `line 2, column "Date": "d14 3 24" is in no form of a date that is known; give the layout of date, blank and clock in TimeLayout, or Time "Time" to read the clock alone`)
	got := read(t, text, CSVOptions{TimeLayout: "d2 1 06 15:04:05"})
	require.Equal(t, "2024-03-14T20:15:00Z", got.Times[1].Format(time.RFC3339))
	got = read(t, text, CSVOptions{Time: "Time"})
	require.Equal(t, "2000-01-01T20:15:00Z", got.Times[1].Format(time.RFC3339))
}
