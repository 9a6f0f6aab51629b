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
func TestFormsEdges(t *testing.T) { requireForms(t, edgeForms()) }

func edgeForms() []form {
	sar := []string{"interval", "CPU", "%user", "%nice", "%system", "%iowait", "%steal", "%idle"}
	return []form{
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
		{file: "rrdtool.txt", columns: []string{"ds_in", "ds_out"}, rows: 11, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:40:00Z", value: 490080.14337},
		{file: "spreadsheet_safe.csv", columns: []string{"cpu", "mem"}, rows: 10, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:59:00Z", value: 50.8},
		{file: "mmperfmon.txt", columns: []string{"cpu_user", "cpu_sys", "mem_free", "net_r"}, rows: 11, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:00:00Z", value: 1633600, note: `column "Row" counts the rows`},
		{file: "afterburner.hml", columns: []string{"GPU temperature", "GPU usage", "Framerate"}, rows: 12, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:01:00Z", value: 78.694, note: "11 comments"},
		{file: "afterburner_differ.hml", err: "line 12: a recording with other names begins here: give it a file of its own"},
		{file: "thousands_bare.csv", columns: []string{"Value"}, rows: 10, first: "2024-03-13T10:50:00Z", last: "2024-03-13T19:50:00Z", value: 2535010771.9},
		{file: "telegraf_mixed.csv", err: "line 2: 4 fields where 6 are expected", advice: &CSVOptions{SkipBadRows: true},
			columns: []string{"5", "6"}, rows: 6, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:55:00Z", value: 64.6736, note: "6 rows that do not fit, from line 2 to line 12"},
		{file: "two_tables.csv", err: "line 2: 3 fields as far as line 8, but 4 from line 10 on", advice: &CSVOptions{SkipLines: 8},
			columns: []string{"rx", "tx", "drops"}, rows: 12, first: "2024-03-14T09:50:00Z", last: "2024-03-14T10:01:00Z", value: 2},
		{file: "two_tables_longer.csv", err: "line 16: another header than in line 1", advice: &CSVOptions{SkipLines: 15},
			columns: []string{"rx", "tx", "drops"}, rows: 7, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:56:00Z", value: 0},
	}
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
func TestFormsTimes(t *testing.T) { requireForms(t, formsOfTimes(t)) }

func formsOfTimes(t *testing.T) []form {
	gpu := []string{"CPU Utilization(%)", "CPU Frequency_0(MHz)", "Processor Power_0(Watt)", "Package Temperature_0(C)"}
	metric := []string{"Traffic Total (Volume)(RAW)"}
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	return []form{
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
		{file: "minutes.csv", columns: []string{"cpu", "mem"}, rows: 11, first: "1970-01-01T00:58:30Z", last: "1970-01-01T01:01:01Z", value: 51.2, note: "holds minutes and seconds only"},
		{file: "minutes.csv", opt: CSVOptions{TimeLayout: "04:05.0"}, columns: []string{"cpu", "mem"}, rows: 11, first: "1970-01-01T00:58:30Z", last: "1970-01-01T01:01:01Z", value: 51.2},
		{file: "comma_in_time.csv", err: "line 2: 4 fields here, 3 in line 1: times such as 2024-03-14 09:50:00,000 hold the delimiter"},
		{file: "midnight.csv", columns: []string{"cpu", "mem"}, rows: 10, first: "2024-03-14T20:00:00Z", last: "2024-03-15T01:00:00Z", value: 51.3},
		{file: "date_clock.csv", err: `give TimeLayout "1/2/2006 15:04:05" or "2/1/2006 15:04:05"`, advice: &CSVOptions{TimeLayout: "1/2/2006 15:04:05"},
			columns: []string{"cpu", "mem"}, rows: 10, first: "2024-03-04T20:00:00Z", last: "2024-03-05T01:00:00Z", value: 51.3},
		{file: "date_clock.csv", opt: CSVOptions{Time: "Date", TimeLayout: "1/2/2006 15:04:05"}, columns: []string{"cpu", "mem"}, rows: 10, first: "2024-03-04T20:00:00Z", last: "2024-03-05T01:00:00Z", value: 51.3},
		{file: "date_clock_dash.csv", err: `give TimeLayout "1-2-2006 15:04:05" or "2-1-2006 15:04:05"`, advice: &CSVOptions{TimeLayout: "2-1-2006 15:04:05"},
			columns: []string{"cpu", "mem"}, rows: 10, first: "2024-03-04T20:00:00Z", last: "2024-03-05T01:00:00Z", value: 51.3},
		{file: "summer_time_end.csv", opt: CSVOptions{Location: berlin}, columns: []string{"cpu", "bytes_total"}, rows: 47, first: "2024-10-26T23:30:00Z", last: "2024-10-27T03:20:00Z", value: 5187071952},
	}
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

// A row for each series and time is an error that says what makes columns of the series.
func TestFormsLong(t *testing.T) { requireForms(t, longForms()) }

func longForms() []form {
	disks := make([]string, 0, 24)
	for _, dev := range []string{"sda", "sdb", "dm-0"} {
		for _, v := range []string{"interval", "tps", "rkB/s", "wkB/s", "dkB/s", "areq-sz", "aqu-sz", "await", "%util"} {
			disks = append(disks, dev+"/"+v)
		}
	}
	return []form{
		{file: "long_disks.csv", err: `column "DEV": rows of 3 series follow each other, "sda", "sdb", "dm-0": give Series "DEV" for one column a series, or Series "-"`, advice: &CSVOptions{Series: []string{"DEV"}},
			columns: disks, rows: 4, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:53:00Z", value: 24.55, note: "3 series became columns of 4 rows: times at most 30s apart are one row"},
		{file: "long_disks.csv", opt: CSVOptions{Series: []string{"DEV"}, Value: []string{"%util"}, Columns: []string{"sdb", "sda"}},
			columns: []string{"sdb", "sda"}, rows: 4, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:53:00Z", value: 22.32},
		{file: "long_disks.csv", opt: CSVOptions{Series: []string{None}, Columns: []string{"tps"}}, columns: []string{"tps"}, rows: 12, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:53:00Z", value: 24.55},
		{file: "long_cpus.csv", err: `Series "CPU"`, advice: &CSVOptions{Series: []string{"CPU"}, Value: []string{"%idle"}},
			columns: []string{"-1", "0", "1"}, rows: 4, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:53:00Z", value: 84.64},
		{file: "long_influx.csv", err: `Series "_field" and Value "_value"`, advice: &CSVOptions{Series: []string{"_field"}, Value: []string{"_value"}},
			columns: []string{"usage_user", "used_percent"}, rows: 6, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:55:00Z", value: 49.174922},
		{file: "influx_tables.csv", err: `Series "_field" and Value "_value"`, advice: &CSVOptions{Series: []string{"_field"}, Value: []string{"_value"}},
			columns: []string{"usage_user", "used_percent"}, rows: 6, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:55:00Z", value: 49.174922, note: "6 annotations of InfluxDB"},
		{file: "long_grafana.csv", err: `Series "Series" and Value "Value"`, advice: &CSVOptions{Series: []string{"Series"}, Value: []string{"Value"}},
			columns: []string{"cpu", "mem", "net"}, rows: 6, first: "2024-03-13T22:50:00Z", last: "2024-03-14T03:50:00Z", value: 1393.5321},
		{file: "long_k6.csv", err: `Series "metric_name" and Value "metric_value"`, advice: &CSVOptions{Series: []string{"metric_name"}, Value: []string{"metric_value"}},
			columns: []string{"http_reqs", "http_req_duration", "http_req_waiting"}, rows: 4, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:53:00Z", value: 207.985099},
		{file: "long_prometheus.csv", err: `Series "name" and Value "value"`, advice: &CSVOptions{Series: []string{"name"}, Value: []string{"value"}},
			columns: []string{"node_load1", "mem_used_pct"}, rows: 6, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:55:00Z", value: 49.1749},
		{file: "victoria_three.csv", err: `Series "1" and Value "2"`, advice: &CSVOptions{Series: []string{"1"}, Value: []string{"2"}},
			columns: []string{"node_load1", "mem_pct", "net_kb"}, rows: 6, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:55:00Z", value: 1393.5321},
		{file: "long_ids.csv", err: `Series "itemid" and Value "value"`, advice: &CSVOptions{Series: []string{"itemid"}, Value: []string{"value"}},
			columns: []string{"23296", "23301", "23310"}, rows: 4, first: "2024-03-14T09:50:00Z", last: "2024-03-14T09:53:00Z", value: 1397.0364},
		{file: "long_perf.csv", err: `Series "4" and Time "1"`, advice: &CSVOptions{Series: []string{"4"}, Value: []string{"2"}, Time: "1"},
			columns: []string{"cycles", "task-clock"}, rows: 6, first: "1970-01-01T00:00:01.000123Z", last: "1970-01-01T00:00:06.000123Z", value: 353.26},
	}
}

// Series whose times differ by less than half an interval make complete rows, counters have a
// rate of their own, and what happens once is missing elsewhere.
func TestSeriesJoin(t *testing.T) {
	const text = `time,host,net,label
2024-03-14 09:50:00,a,100,0
2024-03-14 09:50:07,b,5000,0
2024-03-14 09:51:00,a,160,0
2024-03-14 09:51:07,b,5600,1
2024-03-14 09:52:00,a,280,0
2024-03-14 09:53:00,a,340,0
2024-03-14 09:53:07,b,11600,0
2024-03-14 09:54:00,a,400,0
2024-03-14 09:54:07,b,11660,0
`
	_, err := NewReader(strings.NewReader(text), CSVOptions{Series: []string{"host"}})
	require.ErrorContains(t, err, "name the column in Key")
	got := read(t, text, CSVOptions{Series: []string{"host"}, Counters: []string{"net"}})
	requireTable(t, want{columns: []string{"a", "b"}, rows: [][]float64{{nan, nan}, {1, 10}, {2, nan}, {1, 50}, {1, 1}},
		times:  []string{"2024-03-14T09:50:00Z", "2024-03-14T09:51:00Z", "2024-03-14T09:52:00Z", "2024-03-14T09:53:00Z", "2024-03-14T09:54:00Z"},
		labels: []bool{false, true, false, false, false}, notes: []string{"1 of these rows lack a series"}}, got)

	_, err = ReadCSV(strings.NewReader(text), CSVOptions{Series: []string{"host"}, Columns: []string{"c"}})
	require.ErrorIs(t, err, ErrNoColumn)
	_, err = ReadCSV(strings.NewReader(text), CSVOptions{Value: []string{"net"}})
	require.ErrorContains(t, err, "without Series")
	_, err = ReadCSV(strings.NewReader(text), CSVOptions{Series: []string{"host"}, Time: None})
	require.ErrorContains(t, err, "Series needs a time column")
	_, err = ReadCSV(strings.NewReader("time,host,net\n1709287200,a,1\n1709287200,a,2\n1709287200,b,3\n"), CSVOptions{Series: []string{"host"}})
	require.ErrorContains(t, err, `Series: "a" has two rows at 2024-03-01T10:00:00Z`)
}

// Where series become columns, notes and errors name columns of the file for the options that take
// those.
func TestSeriesAdvice(t *testing.T) {
	var b strings.Builder
	b.WriteString("time,host,rx_total,disk,state\n")
	for i := range 60 {
		for k, host := range []string{"a", "b"} {
			b.WriteString(itoa(1710409800+60*i) + "," + host + "," + itoa(1000000*i+i*k) + "," + itoa(i*7%13+k) + ",1\n")
		}
	}
	opt := CSVOptions{Series: []string{"host"}, Value: []string{"rx_total", "disk"}}
	got := read(t, b.String(), opt)
	require.Contains(t, strings.Join(got.Notes, "\n"), `column "a/rx_total" all but never falls: if it is a cumulative counter, list "rx_total" in Counters`)
	opt.Counters = []string{"rx_total"}
	require.NotContains(t, strings.Join(read(t, b.String(), opt).Notes, "\n"), "all but never falls")

	_, err := ReadCSV(strings.NewReader(strings.Replace(b.String(), ",12,1", ",twelve,1", 1)), CSVOptions{Series: opt.Series})
	require.ErrorContains(t, err, "name the metrics without this column in Value, or list the text in Missing")
	_, err = ReadCSV(strings.NewReader(strings.Replace(b.String(), "rx_total,disk", "rx_total,d", 1)), opt)
	require.ErrorContains(t, err, `Value: there is no column "disk"`)
}

// Rows of one host are in no long form, whatever texts stand beside: with times that repeat, go
// back once, and with a state that alternates.
func TestWideIsNotLong(t *testing.T) {
	var repeat, back, states strings.Builder
	repeat.WriteString("time,cpu,busy\n")
	back.WriteString("time,state,cpu\n")
	states.WriteString("time,state,cpu\n")
	at := time.Date(2024, 3, 14, 9, 50, 0, 0, time.UTC)
	for i := range 60 {
		stamp := func(d time.Duration) string { return at.Add(d).Format(time.DateTime) }
		repeat.WriteString(stamp(time.Duration(i/2)*time.Second) + "," + itoa(i*7%13) + "," + itoa(i%2+i*3%5) + "\n")
		d := time.Duration(i) * time.Minute
		if i >= 30 {
			d -= 10 * time.Minute
		}
		back.WriteString(stamp(d) + "," + []string{"ok", "ok", "slow"}[i%3] + "," + itoa(i*7%13) + "\n")
		states.WriteString(stamp(time.Duration(i)*time.Minute) + "," + []string{"on", "off"}[i%2] + "," + itoa(i*7%13) + "\n")
	}
	for _, text := range []string{repeat.String(), back.String(), states.String()} {
		rows, _ := read(t, text, CSVOptions{}).X.Dims()
		require.Equal(t, 60, rows)
	}
}

// A series may be longer than what is looked at first, and be told from others by a text, by a
// number, or by several columns together.
func TestLongFormLate(t *testing.T) {
	const samples = 12_000 // the sample holds fewer
	long := func(header string, series []string, newestFirst bool) string {
		var b strings.Builder
		b.WriteString(header)
		for _, s := range series {
			for i := range samples {
				at := 1710409800 + 60*i
				if newestFirst {
					at = 1710409800 + 60*(samples-i)
				}
				b.WriteString(s + "," + itoa(at) + "," + itoa(i*7%13) + ",1\n")
			}
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		text    string
		columns []string
		say     string
		series  []string
		names   []string
	}{
		"text":         {long("name,time,value,one\n", []string{"cpu", "mem"}, false), nil, `rows of 2 series follow each other, "cpu", "mem": give Series "name" and Value "value"`, []string{"name"}, []string{"cpu", "mem"}},
		"number":       {long("itemid,time,value,one\n", []string{"23296", "23301", "23310"}, false), nil, `give Series "itemid" and Value "value"`, []string{"itemid"}, []string{"23296", "23301", "23310"}},
		"newest first": {long("itemid,time,value,one\n", []string{"23296", "23301"}, true), nil, `give Series "itemid" and Value "value"`, []string{"itemid"}, []string{"23296", "23301"}},
		"asked":        {long("itemid,time,value,one\n", []string{"23296", "23301"}, false), []string{"value"}, `give Series "itemid" and Value "value" in place of Columns`, []string{"itemid"}, []string{"23296", "23301"}},
		"two columns": {long("host,core,time,value,one\n", []string{"web1,0", "web1,1", "web2,0", "web2,1"}, false), nil, `rows of 4 series follow each other, "web1/0", "web1/1", "web2/0" …: give Key "host" and Series "core" and Value "value" to read each host by itself, Series "host,core" and Value "value"`,
			[]string{"host", "core"}, []string{"web1/0", "web1/1", "web2/0", "web2/1"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadCSV(strings.NewReader(c.text), CSVOptions{Columns: c.columns})
			require.ErrorIs(t, err, ErrLongForm)
			require.ErrorContains(t, err, c.say)
			got := read(t, c.text, CSVOptions{Series: c.series, Value: []string{"value"}})
			require.Equal(t, c.names, got.Columns)
			rows, _ := got.X.Dims()
			require.Equal(t, samples, rows)
			rows, _ = read(t, c.text, CSVOptions{Series: []string{None}}).X.Dims()
			require.Equal(t, samples*len(c.names), rows)
		})
	}
}

// A clock that is set back, and runs that follow each other, are no series.
func TestRunsAreNoSeries(t *testing.T) {
	for name, later := range map[string]int{"clock set back": -600, "another day": 86400} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString("time,boot,cores,cpu\n")
			for i := range 20000 {
				at, boot, cores := 1710409800+i, "a", "4"
				if i >= 10000 {
					at, boot, cores = at+later, "b", "8"
				}
				b.WriteString(itoa(at) + "," + boot + "," + cores + "," + itoa(i*7%13) + "\n")
			}
			rows, cols := read(t, b.String(), CSVOptions{}).X.Dims()
			require.Equal(t, []int{20000, 2}, []int{rows, cols})
		})
	}
}

// Columns with values at different times leave no row complete, which a note says.
func TestNoRowComplete(t *testing.T) {
	const text = "time,cpu,mem\n2024-03-14 09:50:00,1,\n2024-03-14 09:50:07,,2\n2024-03-14 09:51:00,3,\n2024-03-14 09:51:07,,4\n"
	require.Contains(t, strings.Join(read(t, text, CSVOptions{}).Notes, "\n"), "no row has a value in every column")
}
