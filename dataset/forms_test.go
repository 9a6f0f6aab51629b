package dataset

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

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
	require.ErrorContains(t, err, "name the metrics without this column in Value, or give Missing ")
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
