package dataset

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func readRecordings(t *testing.T, text string, opt CSVOptions) map[string]*Table {
	t.Helper()
	got, err := ReadRecordings(strings.NewReader(text), opt)
	require.NoError(t, err)
	out := map[string]*Table{}
	for _, r := range got.Each {
		require.NoError(t, r.Err, r.Key)
		out[r.Key] = r.Table
	}
	return out
}

// Each recording is read as if it were alone: counters go on within it, a column without a
// value there is none of it, and labels stay with their rows.
func TestRecordings(t *testing.T) {
	const text = `time,host,cpu,net,gpu,label
2024-03-14 09:50:00,a,1,100,,0
2024-03-14 09:50:00,b,10,9000,7,0
2024-03-14 09:51:00,a,2,160,,1
2024-03-14 09:51:00,b,20,9600,8,0
2024-03-14 09:53:00,b,30,9720,9,0
`
	opt := CSVOptions{Key: "host", Counters: []string{"net"}}
	got := readRecordings(t, text, opt)
	requireTable(t, want{columns: []string{"cpu", "net"}, rows: [][]float64{{1, nan}, {2, 1}}, times: []string{"2024-03-14T09:50:00Z", "2024-03-14T09:51:00Z"}, labels: []bool{false, true}}, got["a"])
	requireTable(t, want{columns: []string{"cpu", "net", "gpu"}, rows: [][]float64{{10, nan, 7}, {20, 10, 8}, {30, 1, 9}},
		times: []string{"2024-03-14T09:50:00Z", "2024-03-14T09:51:00Z", "2024-03-14T09:53:00Z"}, labels: []bool{false, false, false}}, got["b"])
	require.Equal(t, RoleSkipped, got["a"].Roles[4].Role)
	require.Equal(t, RoleMetric, got["b"].Roles[4].Role)

	opt.Columns = []string{"gpu", "net"} // named, so that all have them
	require.Equal(t, opt.Columns, readRecordings(t, text, opt)["a"].Columns)

	_, err := ReadCSV(strings.NewReader(text), CSVOptions{Key: "host"})
	require.ErrorIs(t, err, ErrLongForm)
	require.ErrorContains(t, err, `Key tells 2 recordings apart, "a", "b": ReadRecordings makes a table of each`)
	_, err = ReadRecordings(strings.NewReader(text), CSVOptions{})
	require.ErrorIs(t, err, ErrOption)
	alone := strings.ReplaceAll(text, ",b,", ",a,")
	table, err := ReadCSV(strings.NewReader(alone), CSVOptions{Key: "host"})
	require.NoError(t, err)
	require.Len(t, table.Times, 5)
}

// Recordings in any order of their rows are the same recordings, also where their times mean
// something only by those before: without a date, and where summer time ends.
func TestRecordingsInAnyOrder(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for layout, start := range map[string]time.Time{
		time.TimeOnly: time.Date(2000, 1, 1, 23, 0, 0, 0, time.UTC),
		time.DateTime: time.Date(2023, 10, 28, 23, 0, 0, 0, time.UTC),
	} {
		at := func(i int) time.Time { return start.Add(time.Duration(i) * 10 * time.Minute).In(berlin) }
		if layout == time.TimeOnly {
			at = func(i int) time.Time { return start.Add(time.Duration(i) * 10 * time.Minute) }
		}
		row := func(host, i int) string { return fmt.Sprintf("%s,h%d,%d\n", at(i).Format(layout), host, i*(host+1)) }
		var mixed, after strings.Builder
		mixed.WriteString("time,host,cpu\n")
		after.WriteString("time,host,cpu\n")
		for i := range 30 {
			for host := range 3 {
				mixed.WriteString(row(host, i))
			}
		}
		for host := range 3 {
			for i := range 30 {
				after.WriteString(row(host, i))
			}
		}
		opt := CSVOptions{Key: "host", Location: at(0).Location()}
		a, b := readRecordings(t, mixed.String(), opt), readRecordings(t, after.String(), opt)
		require.Equal(t, a, b)
		for host := range 3 {
			one := a[fmt.Sprintf("h%d", host)]
			for i := range 30 {
				require.True(t, at(i).Equal(one.Times[i]), "%s: %s, not %s", layout, one.Times[i], at(i))
				require.Equal(t, float64(i*(host+1)), one.X.At(i, 0))
			}
		}
	}
}

// disksOfHosts is in long form twice: a row for each host, device and time.
func disksOfHosts(n int) string {
	var b strings.Builder
	b.WriteString("hostname;timestamp;DEV;tps\n")
	for i := range n {
		for _, series := range []string{"web1;%s;sda", "web1;%s;sdb", "db1;%s;sda", "db1;%s;nvme0"} {
			at := time.Date(2024, 3, 14, 9, 50+i, 0, 0, time.UTC).Format(time.DateTime)
			fmt.Fprintf(&b, series+";%d\n", at, i+len(series))
		}
	}
	return b.String()
}

// With Series, each recording has columns of its own series. Without, a recording in long form
// is an error, and so is a named series that only others have, of that recording alone.
func TestRecordingsOfSeries(t *testing.T) {
	text := disksOfHosts(20)
	got := readRecordings(t, text, CSVOptions{Key: "hostname", Series: []string{"DEV"}})
	require.Equal(t, []string{"sda", "sdb"}, got["web1"].Columns)
	require.Equal(t, []string{"sda", "nvme0"}, got["db1"].Columns)
	require.Contains(t, got["db1"].Notes, "2 series became columns of 20 rows: times at most 30s apart are one row")

	_, err := ReadRecordings(strings.NewReader(text), CSVOptions{Key: "hostname"})
	require.ErrorIs(t, err, ErrLongForm)
	require.ErrorContains(t, err, `"sda", "sdb": give Series "DEV" and Value "tps" for one column a series`)

	some, err := ReadRecordings(strings.NewReader(text), CSVOptions{Key: "hostname", Series: []string{"DEV"}, Columns: []string{"sdb"}})
	require.NoError(t, err)
	require.Equal(t, []string{"sdb"}, some.Each[0].Table.Columns)
	require.True(t, errors.Is(some.Each[1].Err, ErrNoColumn), some.Each[1].Err)
	require.Nil(t, some.Each[1].Table)
}

// Rows of several hosts are an error, or bring a note, that names Key where each has enough of
// them.
func TestRecordingsAdvice(t *testing.T) {
	wide := func(column string, hosts, n int, apart time.Duration) string {
		var b strings.Builder
		fmt.Fprintf(&b, "time,%s,cpu,mem\n", column)
		for host := range hosts {
			for i := range n {
				at := time.Date(2024, 3, 14, 9, i, 0, 0, time.UTC).Add(time.Duration(host) * apart)
				fmt.Fprintf(&b, "%s,h%d,%d,%d\n", at.Format(time.DateTime), host, i*7%13, i*5%11)
			}
		}
		return b.String()
	}
	for _, c := range []struct{ text, advice string }{
		{wide("host", 3, 20, 0), `give Key "host" to read each host by itself, Series "host" for one column a series, or`},
		{wide("host", 3, 9000, 0), `give Key "host" to read each host by itself, Series "host" for one column a series, or`},
		{wide("host", 3, 5, 0), `give Series "host" for one column a series, or`},
		{wide("DEV", 3, 20, 0), `give Series "DEV" for one column a series, or`},
		{disksOfHosts(20), `give Key "hostname" and Series "DEV" and Value "tps" to read each host by itself, Series "hostname,DEV" and Value "tps" for one column a series, or`},
	} {
		_, err := ReadCSV(strings.NewReader(c.text), CSVOptions{})
		require.ErrorIs(t, err, ErrLongForm)
		require.ErrorContains(t, err, c.advice)
	}
	states := strings.NewReplacer("h0", "Up", "h1", "down", "h2", "warning").Replace(wide("name", 3, 20, 24*time.Hour))
	require.NotContains(t, strings.Join(read(t, states, CSVOptions{}).Notes, "\n"), "texts", "a state names no host")
	for n, advice := range map[int]string{
		20: `column "name" holds 3 different texts: if they name hosts or metrics, give Key "name" to read the rows of each by themselves`,
		5:  `column "name" holds 3 different texts: if they name hosts or metrics, give the rows of each a file of its own`,
	} {
		require.Contains(t, read(t, wide("name", 3, n, 24*time.Hour), CSVOptions{}).Notes, advice)
	}
}
