package dataset

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"
)

var nan = math.NaN()

// want is what a file should read as. Nil fields are expected to be nil, but notes only to
// contain the given texts.
type want struct {
	columns []string
	rows    [][]float64
	times   []string // RFC 3339 with nanoseconds, in UTC
	labels  []bool
	notes   []string
}

func requireTable(t *testing.T, w want, got *Table) {
	t.Helper()
	require.Equal(t, w.columns, got.Columns)
	rows, cols := got.X.Dims()
	require.Equal(t, len(w.rows), rows)
	require.Equal(t, len(w.columns), cols)
	for i, row := range w.rows {
		for j, v := range row {
			if math.IsNaN(v) {
				require.True(t, math.IsNaN(got.X.At(i, j)), "row %d column %d: %v", i, j, got.X.At(i, j))
			} else {
				require.Equal(t, v, got.X.At(i, j), "row %d column %d", i, j)
			}
		}
	}
	var times []string
	for _, at := range got.Times {
		times = append(times, at.UTC().Format(time.RFC3339Nano))
	}
	require.Equal(t, w.times, times)
	require.Equal(t, w.labels, got.Labels)
	for _, n := range w.notes {
		require.Contains(t, strings.Join(got.Notes, "\n"), n)
	}
}

func read(t *testing.T, text string, opt CSVOptions) *Table {
	t.Helper()
	got, err := ReadCSV(strings.NewReader(text), opt)
	require.NoError(t, err)
	return got
}

func TestReadCSVFileForms(t *testing.T) {
	rate := func(from, to float64) float64 { return (to - from) / 10 * 1000 }
	for _, c := range []struct {
		file string
		opt  CSVOptions
		want want
	}{
		{file: "dstat.csv", want: want{
			columns: []string{"total cpu usage/usr", "total cpu usage/sys", "total cpu usage/idl", "dsk/total/read", "dsk/total/writ", "net/total/recv", "net/total/send"},
			rows: [][]float64{
				{3.5, 1.25, 95.25, 1024, 2048, 0, 0}, {50, 10, 40, 0, 4096, 1500, 700},
				{51.5, 9.5, 39, 0, 0, 1600, 750}, {49, 11, 40, 512, 0, 1550, 725}},
			times: []string{"2019-12-31T23:59:58Z", "2019-12-31T23:59:59Z", "2020-01-01T00:00:00Z", "2020-01-01T00:00:01Z"},
			notes: []string{"average since the host was booted", "2019 was taken from the preamble"},
		}},
		{file: "dstat.csv", opt: CSVOptions{Columns: []string{"net/total/recv", "USR", "5"}, Year: 2008}, want: want{
			columns: []string{"net/total/recv", "total cpu usage/usr", "dsk/total/read"},
			rows:    [][]float64{{0, 3.5, 1024}, {1500, 50, 0}, {1600, 51.5, 0}, {1550, 49, 512}},
			times:   []string{"2008-12-31T23:59:58Z", "2008-12-31T23:59:59Z", "2009-01-01T00:00:00Z", "2009-01-01T00:00:01Z"},
		}},
		{file: "dstat_narrow.csv", opt: CSVOptions{Columns: []string{"usr", "idl"}}, want: want{
			columns: []string{"total cpu usage/usr", "total cpu usage/idl"},
			rows:    [][]float64{{3.5, 95.25}, {50, 40}},
			times:   []string{"2021-03-02T10:00:00Z", "2021-03-02T10:00:01Z"},
		}},
		{file: "vm.csv", want: want{
			columns: []string{"CPU cores", "CPU usage [%]", "Memory usage [KB]", "Network received throughput [KB/s]"},
			rows:    [][]float64{{4, 12.5, 2048, .25}, {4, 13.25, 2050.5, 1}, {4, 11, 2049, 0}},
			times:   []string{"2014-05-13T16:53:20Z", "2014-05-13T16:58:20Z", "2014-05-13T17:03:21Z"},
			notes:   []string{`constant columns: "CPU cores"`, "named as ms but holds s"},
		}},
		{file: "machine.csv", want: want{
			columns: []string{"2", "3", "4", "7", "8", "9"},
			rows: [][]float64{{10, 41, 88, 22.79, 18.12, 3}, {20, 42, 88, 22.80, 18.12, 4}, {40, 40, 89, 22.80, 18.13, 101},
				{50, nan, 89, 22.81, 18.14, -1}, {60, 43, 88, 22.83, 18.14, 5}},
			notes: []string{"no header"},
		}},
		{file: "machine.csv", opt: CSVOptions{Columns: []string{"3", "9", "7"}, Time: "2", Sentinels: []float64{-1},
			ColumnSentinels: map[string][]float64{"9": {101}}, Counters: []string{"7"}, Scale: map[string]float64{"7": 1000}}, want: want{
			columns: []string{"3", "9", "7"},
			rows: [][]float64{{41, 3, nan}, {42, 4, rate(22.79, 22.80)}, {40, nan, 0},
				{nan, nan, rate(22.80, 22.81)}, {43, 5, rate(22.81, 22.83)}},
			times: []string{"1970-01-01T00:00:10Z", "1970-01-01T00:00:20Z", "1970-01-01T00:00:40Z", "1970-01-01T00:00:50Z", "1970-01-01T00:01:00Z"},
			notes: []string{"only relative"},
		}},
		{file: "cloudwatch.csv", want: want{
			columns: []string{"value"},
			rows:    [][]float64{{251643}, {3203510}, {287397}},
			times:   []string{"2021-05-01T00:00:00Z", "2021-05-01T00:05:00Z", "2021-05-01T00:10:00Z"},
		}},
		{file: "sar.csv", want: want{
			columns: []string{"cpu.%usr", "cpu.%idle", "io.tps", "disk.%util", "network.rxkB/s"},
			rows:    [][]float64{{.18, 99.75, .4, .08, .84}, {7.82, 90.41, .4, .08, 39851.74}, {64.91, 26.49, 868.6, 56.96, 17401.65}},
			times:   []string{"2020-02-28T23:59:50Z", "2020-02-29T00:00:00Z", "2020-02-29T00:00:10Z"},
		}},
		{file: "sadf.csv", want: want{
			columns: []string{"interval", "CPU", "%user", "%idle"},
			rows:    [][]float64{{10, -1, 2.5, 97.5}, {10, -1, 3, 97}, {10, -1, 4, 96}},
			times:   []string{"2023-03-01T10:00:10Z", "2023-03-01T10:00:20Z", "2023-03-01T10:00:30Z"},
			notes:   []string{"the header comes again, 1 time,"},
		}},
		{file: "german.csv", opt: CSVOptions{Location: time.FixedZone("CET", 3600)}, want: want{
			columns: []string{"CPU %", "Speicher %", "Netz/s"},
			rows:    [][]float64{{12.5, 40.25, 1234567.5}, {13.75, nan, 2000.25}, {14, 41, 3.5}},
			times:   []string{"2023-03-01T09:00:00Z", "2023-03-01T09:01:00Z", "2023-03-01T09:02:00Z"},
		}},
		{file: "perfmon.csv", want: want{
			columns: []string{`\\WEB7\Processor(_Total)\% Processor Time`, `\\WEB7\Memory\Available MBytes`},
			rows:    [][]float64{{nan, 2048}, {12.5, 2047}, {13.25, 2040}},
			times:   []string{"2024-01-02T09:00:00.125Z", "2024-01-02T09:00:15.127Z", "2024-01-02T09:00:30.126Z"},
		}},
	} {
		t.Run(c.file, func(t *testing.T) {
			got, err := ReadCSVFile(filepath.Join("testdata", c.file), c.opt)
			require.NoError(t, err)
			requireTable(t, c.want, got)
		})
	}
}

func TestReadCSVText(t *testing.T) {
	two := [][]float64{{1, 2}, {3, 4}}
	ab := []string{"a", "b"}
	at := []string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00Z"}
	for name, c := range map[string]struct {
		text string
		opt  CSVOptions
		want want
	}{
		"comma":                   {text: "a,b\n1,2\n3,4\n", want: want{columns: ab, rows: two}},
		"no final line end":       {text: "a,b\n1,2\n3,4", want: want{columns: ab, rows: two}},
		"semicolon":               {text: "a;b\n1;2\n3;4\n", want: want{columns: ab, rows: two}},
		"tab":                     {text: "a\tb\n1\t2\n3\t4\n", want: want{columns: ab, rows: two}},
		"pipe":                    {text: "a|b\n1|2\n3|4\n", want: want{columns: ab, rows: two}},
		"blanks":                  {text: " a     b\n 1   2\n 3     4\n", opt: CSVOptions{Comma: ' '}, want: want{columns: ab, rows: two}},
		"newest first":            {text: "ts,a,b\n1709287260,1,2\n1709287200,3,4\n", want: want{columns: ab, rows: two, times: []string{"2024-03-01T10:01:00Z", "2024-03-01T10:00:00Z"}, notes: []string{"from the newest to the oldest"}}},
		"unknown time":            {text: "ts,a,b\nearly,1,2\nlate,3,4\n", want: want{columns: ab, rows: two, notes: []string{"named as a time"}}},
		"semicolon and tab":       {text: "a;\tb\n1;\t2\n3;\t4\n", want: want{columns: ab, rows: two}},
		"comma and blank":         {text: "a, b\n1, 2\n3, 4\n", want: want{columns: ab, rows: two}},
		"carriage returns":        {text: "a,b\r\n1,2\r\n3,4\r\n", want: want{columns: ab, rows: two}},
		"mark":                    {text: "\ufeffa,b\n1,2\n3,4\n", want: want{columns: ab, rows: two}},
		"mark, quoted":            {text: "\ufeff\"a\",\"b\"\n1,2\n3,4\n", want: want{columns: ab, rows: two}},
		"quotes":                  {text: "\"a\",\"b\"\n\"1\",2\n3,\" 4 \"\n", want: want{columns: ab, rows: two}},
		"quotes within":           {text: "\"the \"\"a\"\", no\nother\",b\n1,2\n3,4\n", want: want{columns: []string{`the "a", no other`, "b"}, rows: two}},
		"quote in a field":        {text: "5\" disk,b\n1,2\n3,4\n", want: want{columns: []string{`5" disk`, "b"}, rows: two}},
		"separator line":          {text: "sep=;\na;b\n1;2\n3;4\n", want: want{columns: ab, rows: two}},
		"no header":               {text: "1,2\n3,4\n", want: want{columns: []string{"1", "2"}, rows: two, notes: []string{"no header"}}},
		"a single row":            {text: "a,b\n1,2\n", want: want{columns: ab, rows: two[:1]}},
		"a single bare row":       {text: "1,2\n", want: want{columns: []string{"1", "2"}, rows: two[:1]}},
		"a single column":         {text: "a\n1\n3\n", want: want{columns: ab[:1], rows: [][]float64{{1}, {3}}}},
		"header None":             {text: "1,2\n3,4\n", opt: CSVOptions{Header: HeaderNone}, want: want{columns: []string{"1", "2"}, rows: two}},
		"header One":              {text: "1,2\n3,4\n", opt: CSVOptions{Header: HeaderOne}, want: want{columns: []string{"1", "2"}, rows: two[1:]}},
		"header Two":              {text: "g,h\na,b\n1,2\n3,4\n", opt: CSVOptions{Header: HeaderTwo}, want: want{columns: []string{"g/a", "h/b"}, rows: two}},
		"groups":                  {text: "g,\na,b\n1,2\n3,4\n", want: want{columns: []string{"g/a", "g/b"}, rows: two}},
		"units":                   {text: "time,a,b\n,%,KB\n2024-03-01 10:00:00,1,2\n2024-03-01 10:01:00,3,4\n", want: want{columns: ab, rows: two, times: at, notes: []string{"line 2 was taken for units"}}},
		"skipped lines":           {text: "junk\nmore;junk\na,b\n1,2\n3,4\n", opt: CSVOptions{SkipLines: 2}, want: want{columns: ab, rows: two}},
		"skipped quote":           {text: "junk \"\n\"junk\na,b\n1,2\n3,4\n", opt: CSVOptions{SkipLines: 2}, want: want{columns: ab, rows: two}},
		"title":                   {text: "Report of host 7\n\na,b\n1,2\n3,4\n", want: want{columns: ab, rows: two, notes: []string{"before line 3"}}},
		"trailing delimiter":      {text: "a,b\n1,2,\n3,4,\n", want: want{columns: ab, rows: two}},
		"both trailing":           {text: "a,b,\n1,2,\n3,4,\n", want: want{columns: ab, rows: two}},
		"numbers in header":       {text: "time,50,99\n2024-03-01 10:00:00,1,2\n2024-03-01 10:01:00,3,4\n", want: want{columns: []string{"50", "99"}, rows: two, times: at}},
		"blank lines":             {text: "a,b\n\n1,2\n\n3,4\n\n", want: want{columns: ab, rows: two, notes: []string{"1 blank line between"}}},
		"duplicates":              {text: "a,b,a\n1,9,2\n3,9,4\n", opt: CSVOptions{Columns: []string{"1", "a#3"}}, want: want{columns: []string{"a#1", "a#3"}, rows: two}},
		"no name":                 {text: "a,\n1,2\n3,4\n", want: want{columns: []string{"a", "2"}, rows: two}},
		"latin-1 name":            {text: "Gr\xf6\xdfe,b\n1,2\n3,4\n", want: want{columns: []string{"Größe", "b"}, rows: two}},
		"order of Columns":        {text: "b,x,a\n2,0,1\n4,0,3\n", opt: CSVOptions{Columns: ab}, want: want{columns: ab, rows: two}},
		"entity":                  {text: "host,a,b\nweb1,1,2\nweb1,3,4\n", want: want{columns: ab, rows: two}},
		"empty column":            {text: "a,x,b\n1,,2\n3,,4\n", want: want{columns: ab, rows: two}},
		"missing":                 {text: "a,b\n,-\nNaN,null\nn/a,NULL\nNone,1\n2,NA\n", want: want{columns: ab, rows: [][]float64{{nan, nan}, {nan, nan}, {nan, nan}, {nan, 1}, {2, nan}}}},
		"missing first row":       {text: "a,b\n-,null\n1,2\n", want: want{columns: ab, rows: [][]float64{{nan, nan}, {1, 2}}}},
		"Missing":                 {text: "a,b\n1,off\n3,4\n5,99\n", opt: CSVOptions{Missing: []string{"off", "99"}}, want: want{columns: ab, rows: [][]float64{{1, nan}, {3, 4}, {5, nan}}}},
		"numbers":                 {text: "a,b\n+1.5,-2e3\n.5,1E-2\n5.,12.5%\n", want: want{columns: ab, rows: [][]float64{{1.5, -2000}, {.5, .01}, {5, 12.5}}}},
		"decimal comma":           {text: "a;b\n1,5;2,25\n3;4\n", want: want{columns: ab, rows: [][]float64{{1.5, 2.25}, {3, 4}}}},
		"decimal comma, bare":     {text: "1,5;2,25\n3;4\n", want: want{columns: []string{"1", "2"}, rows: [][]float64{{1.5, 2.25}, {3, 4}}}},
		"three decimals":          {text: "Zeit;a;b\n01.03.2024 10:00:00;1,500;2,250\n01.03.2024 10:01:00;3,000;4,000\n", want: want{columns: ab, rows: [][]float64{{1.5, 2.25}, {3, 4}}, times: at, notes: []string{`were read as decimals, in "a", "b"`}}},
		"three decimals, bar":     {text: "a|b\n1.500|2.250\n3.000|4.000\n", want: want{columns: ab, rows: [][]float64{{1.5, 2.25}, {3, 4}}}},
		"three decimals, US":      {text: "time\ta\tb\n3/21/2024 10:00:00 AM\t1.500\t2.250\n3/21/2024 10:01:00 AM\t3.000\t4.000\n", want: want{columns: ab, rows: [][]float64{{1.5, 2.25}, {3, 4}}, times: []string{"2024-03-21T10:00:00Z", "2024-03-21T10:01:00Z"}}},
		"thousands, tab":          {text: "a\tb\n1,335\t2\n934\t4\n2,417\t3\n877\t1\n", want: want{columns: ab, rows: [][]float64{{1335, 2}, {934, 4}, {2417, 3}, {877, 1}}, notes: []string{`numbers such as 1,335 were read as thousands, in "a"`}}},
		"thousands, German":       {text: "a;b\n1.335;2,5\n2.934;4,25\n", want: want{columns: ab, rows: [][]float64{{1335, 2.5}, {2934, 4.25}}}},
		"thousands, no comma":     {text: "a;b\n1.335;2.5\n934;4.25\n2.417;3\n877;1\n", want: want{columns: ab, rows: [][]float64{{1335, 2.5}, {934, 4.25}, {2417, 3}, {877, 1}}}},
		"thousands, quoted":       {text: "a,b\n\"1,206\",32.1\n\"1,327\",33.5\n", want: want{columns: ab, rows: [][]float64{{1206, 32.1}, {1327, 33.5}}}},
		"thousands, blank":        {text: "a;b\n1 206,3;12 345 678\n206,375;-1 000\n", want: want{columns: ab, rows: [][]float64{{1206.3, 12345678}, {206.375, -1000}}}},
		"thousands, no-break":     {text: "a;b\n1\u00a0206,3;12\u202f345\n1\xa0207,5;1\u2009000\n", want: want{columns: ab, rows: [][]float64{{1206.3, 12345}, {1207.5, 1000}}}},
		"thousands, Swiss":        {text: "a;b\n1'206.3;12'345'678\n1’207.5;1\x92000\n", want: want{columns: ab, rows: [][]float64{{1206.3, 12345678}, {1207.5, 1000}}}},
		"thousands, India":        {text: "a,b\n\"10,85,682\",\"1,00,000.5\"\n\"9,84,879\",\"99,999.5\"\n", want: want{columns: ab, rows: [][]float64{{1085682, 100000.5}, {984879, 99999.5}}}},
		"typographic minus":       {text: "a;b\n\u22121,5;\u22122e\u22121\n2;\u22121 000\n", want: want{columns: ab, rows: [][]float64{{-1.5, -.2}, {2, -1000}}}},
		"thousands, other column": {text: "a;b\n1,335;46,012\n934;46,339\n2,417;46,258\n877;47,000\n", want: want{columns: ab, rows: [][]float64{{1335, 46012}, {934, 46339}, {2417, 46258}, {877, 47000}}}},
		"percent, no-break":       {text: "a;b\n1,5\u00a0%;2\n3,25\u202f%;4\n", want: want{columns: ab, rows: [][]float64{{1.5, 2}, {3.25, 4}}}},
		"large whole numbers":     {text: "a;b\n12345;1\n1,206;2\n", want: want{columns: ab, rows: [][]float64{{12345, 1}, {1.206, 2}}}},
		"decimal comma, tab":      {text: "a\tb\n1,5\t2,25\n3\t4\n", want: want{columns: ab, rows: [][]float64{{1.5, 2.25}, {3, 4}}}},
		"point with semicolon":    {text: "a;b\n1.5;2.125\n3;4\n", want: want{columns: ab, rows: [][]float64{{1.5, 2.125}, {3, 4}}}},
		"quoted comma":            {text: "a,b\n\"1,5\",2\n3,4\n", want: want{columns: ab, rows: [][]float64{{1.5, 2}, {3, 4}}}},
		"thousands":               {text: "a,b\n\"1,234.5\",\"12,345,678\"\n3,4\n", want: want{columns: ab, rows: [][]float64{{1234.5, 12345678}, {3, 4}}}},
		"Decimal point":           {text: "a,b\n\"1,234\",2\n3,4\n", opt: CSVOptions{Decimal: '.'}, want: want{columns: ab, rows: [][]float64{{1234, 2}, {3, 4}}}},
		"Decimal comma":           {text: "a;b\n1,234;2.000\n3;4\n", opt: CSVOptions{Decimal: ','}, want: want{columns: ab, rows: [][]float64{{1.234, 2000}, {3, 4}}}},

		"label 0/1":         {text: "a,label\n1,0\n3,1\n", want: want{columns: ab[:1], rows: [][]float64{{1}, {3}}, labels: []bool{false, true}}},
		"label float":       {text: "a,label\n1,0.0\n3,1.0\n", want: want{columns: ab[:1], rows: [][]float64{{1}, {3}}, labels: []bool{false, true}}},
		"label words":       {text: "a,is_anomaly\n1,Normal\n3,ANOMALY\n5,normal.\n", want: want{columns: ab[:1], rows: [][]float64{{1}, {3}, {5}}, labels: []bool{false, true, false}}},
		"label true":        {text: "a,Anomaly\n1,False\n3,True\n", want: want{columns: ab[:1], rows: [][]float64{{1}, {3}}, labels: []bool{false, true}}},
		"label yes":         {text: "a,out\n1,no\n3,yes\n", opt: CSVOptions{Label: "out"}, want: want{columns: ab[:1], rows: [][]float64{{1}, {3}}, labels: []bool{false, true}}},
		"Anomalous":         {text: "a,class\n1,dos\n3,web\n5,probe\n", opt: CSVOptions{Anomalous: []string{"dos", "probe"}}, want: want{columns: ab[:1], rows: [][]float64{{1}, {3}, {5}}, labels: []bool{true, false, true}}},
		"Normal":            {text: "a,class\n1,dos\n3,\n5,web\n", opt: CSVOptions{Normal: []string{"web", ""}}, want: want{columns: ab[:1], rows: [][]float64{{1}, {3}, {5}}, labels: []bool{true, false, false}}},
		"no label":          {text: "a,label\n1,2\n3,4\n", opt: CSVOptions{Label: None}, want: want{columns: []string{"a", "label"}, rows: two}},
		"label as metric":   {text: "a,label\n1,2\n3,4\n", opt: CSVOptions{Columns: []string{"a", "label"}}, want: want{columns: []string{"a", "label"}, rows: two}},
		"response time":     {text: "response_time,cpu time\n1,2\n3,4\n", want: want{columns: []string{"response_time", "cpu time"}, rows: two}},
		"time not rising":   {text: "time,b\n3,2\n1,4\n", want: want{columns: []string{"time", "b"}, rows: [][]float64{{3, 2}, {1, 4}}}},
		"no time":           {text: "ts,b\n1700000000,2\n1700000060,4\n", opt: CSVOptions{Time: None}, want: want{columns: []string{"ts", "b"}, rows: [][]float64{{1700000000, 2}, {1700000060, 4}}}},
		"time, no header":   {text: "1700000000,2\n1700000060,4\n1700000120,3\n", want: want{columns: []string{"2"}, rows: [][]float64{{2}, {4}, {3}}, times: []string{"2023-11-14T22:13:20Z", "2023-11-14T22:14:20Z", "2023-11-14T22:15:20Z"}}},
		"date and clock":    {text: "Date,Time,a,b\n2024-03-01,10:00:00,1,2\n2024-03-01,10:01:00,3,4\n", want: want{columns: ab, rows: two, times: at}},
		"two times":         {text: "start,timestamp,a,b\n2020-01-01 00:00:00,2024-03-01 10:00:00,1,2\n2020-01-01 00:00:00,2024-03-01 10:01:00,3,4\n", want: want{columns: ab, rows: two, times: at}},
		"time by content":   {text: "when,a,b\n2024-03-01 10:00:00,1,2\n2024-03-01 10:01:00,3,4\n", want: want{columns: ab, rows: two, times: at}},
		"header come again": {text: "a,b\n1,2\na,b\n3,4\n", want: want{columns: ab, rows: two, notes: []string{"comes again, 1 time,"}}},
	} {
		t.Run(name, func(t *testing.T) { requireTable(t, c.want, read(t, c.text, c.opt)) })
	}
}

func TestReadCSVTimes(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	for name, c := range map[string]struct {
		cells [2]string
		opt   CSVOptions
		want  [2]string
	}{
		"RFC 3339":        {cells: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T11:01:00.5+01:00"}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00.5Z"}},
		"T":               {cells: [2]string{"2024-03-01T10:00:00", "2024-03-01T10:01:00.25"}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00.25Z"}},
		"blank":           {cells: [2]string{"2024-03-01 10:00:00", "2024-03-01 10:01:00.000001"}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00.000001Z"}},
		"comma fraction":  {cells: [2]string{`"2024-03-01 10:00:00,125"`, `"2024-03-01 10:01:00,250"`}, want: [2]string{"2024-03-01T10:00:00.125Z", "2024-03-01T10:01:00.25Z"}},
		"offset":          {cells: [2]string{"2024-03-01 10:00:00+01:00", "2024-03-01 10:01:00-02:30"}, want: [2]string{"2024-03-01T09:00:00Z", "2024-03-01T12:31:00Z"}},
		"offset, blank":   {cells: [2]string{"2024-03-01 10:00:00 +0100", "2024-03-01 10:01:00 +0100"}, want: [2]string{"2024-03-01T09:00:00Z", "2024-03-01T09:01:00Z"}},
		"Z suffix":        {cells: [2]string{"2024-03-01 10:00:00Z", "2024-03-01 10:01:00Z"}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00Z"}},
		"UTC":             {cells: [2]string{"2024-03-01 10:00:00 UTC", "2024-03-01 10:01:00 UTC"}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00Z"}},
		"zone name":       {cells: [2]string{"2024-03-01 10:00:00 JST", "2024-03-01 10:01:00 CET"}, want: [2]string{"2024-03-01T01:00:00Z", "2024-03-01T09:01:00Z"}},
		"Location":        {cells: [2]string{"2024-03-01 10:00:00", "2024-03-01 10:01:00"}, opt: CSVOptions{Location: berlin}, want: [2]string{"2024-03-01T09:00:00Z", "2024-03-01T09:01:00Z"}},
		"minutes":         {cells: [2]string{"2024-03-01 10:00", "2024-03-01 10:01"}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00Z"}},
		"short offset":    {cells: [2]string{"2024-03-01 10:00:00 -03", "2024-03-01 10:01:00 -03"}, want: [2]string{"2024-03-01T13:00:00Z", "2024-03-01T13:01:00Z"}},
		"no zeros":        {cells: [2]string{"1.3.2024 9:5:0.011", "1.3.2024 10:5:59.5"}, want: [2]string{"2024-03-01T09:05:00.011Z", "2024-03-01T10:05:59.5Z"}},
		"lower pm":        {cells: [2]string{"2024-03-01 1:00:00 pm", "2024-03-01 1:01:00 p.m."}, want: [2]string{"2024-03-01T13:00:00Z", "2024-03-01T13:01:00Z"}},
		"SQL Server":      {cells: [2]string{"Mar  1 2024  9:50AM", "Mar  1 2024 12:50PM"}, want: [2]string{"2024-03-01T09:50:00Z", "2024-03-01T12:50:00Z"}},
		"upper month":     {cells: [2]string{"14-MAR-2024 09:50:00", "14-MAR-2024 09:51:00"}, want: [2]string{"2024-03-14T09:50:00Z", "2024-03-14T09:51:00Z"}},
		"two digits":      {cells: [2]string{"14/03/24 09:50", "14/03/24 09:51"}, want: [2]string{"2024-03-14T09:50:00Z", "2024-03-14T09:51:00Z"}},
		"browser, GB":     {cells: [2]string{`"14/03/2024, 09:50:00"`, `"14/03/2024, 09:51:00"`}, want: [2]string{"2024-03-14T09:50:00Z", "2024-03-14T09:51:00Z"}},
		"elapsed":         {cells: [2]string{"23:59:59.5", "25:00:01"}, want: [2]string{"1970-01-01T23:59:59.5Z", "1970-01-02T01:00:01Z"}},
		"new year, back":  {cells: [2]string{"Jan  1 00:00:10", "Dec 31 23:59:50"}, opt: CSVOptions{Year: 2024}, want: [2]string{"2024-01-01T00:00:10Z", "2023-12-31T23:59:50Z"}},
		"Kibana":          {cells: [2]string{`"Mar 1, 2024 @ 10:00:00.000"`, `"Mar 1, 2024 @ 10:01:00.000"`}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00Z"}},
		"date":            {cells: [2]string{"2024-03-01", "2024-03-02"}, want: [2]string{"2024-03-01T00:00:00Z", "2024-03-02T00:00:00Z"}},
		"slashes":         {cells: [2]string{"2024/03/01 10:00:00", "2024/03/01 10:01:00"}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00Z"}},
		"month first":     {cells: [2]string{"3/31/2024 10:00", "4/1/2024 10:01"}, want: [2]string{"2024-03-31T10:00:00Z", "2024-04-01T10:01:00Z"}},
		"day first":       {cells: [2]string{"31/03/2024 10:00:00", "01/04/2024 10:01:00"}, want: [2]string{"2024-03-31T10:00:00Z", "2024-04-01T10:01:00Z"}},
		"day = month":     {cells: [2]string{"1/1/2024 10:00", "1/1/2024 10:01"}, want: [2]string{"2024-01-01T10:00:00Z", "2024-01-01T10:01:00Z"}},
		"afternoon":       {cells: [2]string{"3/31/2024 1:00:05 PM", "3/31/2024 1:01:05 PM"}, want: [2]string{"2024-03-31T13:00:05Z", "2024-03-31T13:01:05Z"}},
		"TimeLayout":      {cells: [2]string{"03/04/2024 10:00", "03/04/2024 10:01"}, opt: CSVOptions{TimeLayout: "2/1/2006 15:04"}, want: [2]string{"2024-04-03T10:00:00Z", "2024-04-03T10:01:00Z"}},
		"seconds":         {cells: [2]string{"1709287200", "1709287260.125"}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00.125Z"}},
		"scientific":      {cells: [2]string{"1.7092872e9", "1.70928726e+09"}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00Z"}},
		"milliseconds":    {cells: [2]string{"1709287200000", "1709287260125"}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00.125Z"}},
		"microseconds":    {cells: [2]string{"1709287200000000", "1709287260000001"}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00.000001Z"}},
		"nanoseconds":     {cells: [2]string{"1709287200000000000", "1709287260000000001"}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00.000000001Z"}},
		"compact":         {cells: [2]string{"20240301100000", "20240301100100"}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00Z"}},
		"unit given":      {cells: [2]string{"5", "1500"}, opt: CSVOptions{TimeLayout: "ms"}, want: [2]string{"1970-01-01T00:00:00.005Z", "1970-01-01T00:00:01.5Z"}},
		"relative":        {cells: [2]string{"0", "60"}, want: [2]string{"1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z"}},
		"backwards":       {cells: [2]string{"1709287260", "1709287200"}, want: [2]string{"2024-03-01T10:01:00Z", "2024-03-01T10:00:00Z"}},
		"dstat":           {cells: [2]string{"31-12 23:59:59", "01-01 00:00:00"}, want: [2]string{"2000-12-31T23:59:59Z", "2001-01-01T00:00:00Z"}},
		"dstat, Year":     {cells: [2]string{"29-02 23:59:59", "01-03 00:00:00"}, opt: CSVOptions{Year: 2016}, want: [2]string{"2016-02-29T23:59:59Z", "2016-03-01T00:00:00Z"}},
		"dstat backwards": {cells: [2]string{"01-01 00:00:00", "31-12 23:59:59"}, opt: CSVOptions{Year: 2016}, want: [2]string{"2016-01-01T00:00:00Z", "2015-12-31T23:59:59Z"}},
		"dool":            {cells: [2]string{"Mar-01 10:00:00", "Mar-01 10:01:00"}, opt: CSVOptions{Year: 2024}, want: [2]string{"2024-03-01T10:00:00Z", "2024-03-01T10:01:00Z"}},
		"clock only":      {cells: [2]string{"23:59:59", "00:00:01"}, want: [2]string{"2000-01-01T23:59:59Z", "2000-01-02T00:00:01Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := "ts,cpu\n" + c.cells[0] + ",1\n" + c.cells[1] + ",2\n"
			requireTable(t, want{columns: []string{"cpu"}, rows: [][]float64{{1}, {2}}, times: c.want[:]}, read(t, text, c.opt))
		})
	}
}

func TestReadCSVTimesKeepLocation(t *testing.T) {
	loc := time.FixedZone("here", 7200)
	got := read(t, "ts,cpu\n2024-03-01 10:00:00,1\n", CSVOptions{Location: loc})
	require.Equal(t, time.Date(2024, 3, 1, 10, 0, 0, 0, loc), got.Times[0])
	got = read(t, "ts,cpu\n2024-03-01T10:00:00+05:00,1\n", CSVOptions{})
	require.Equal(t, time.Date(2024, 3, 1, 5, 0, 0, 0, time.UTC), got.Times[0])
}

// splitNumbers writes 20 lines of numbers, from the first one on.
func splitNumbers(format string, first int) string {
	var b strings.Builder
	for i := range 20 {
		args := []any{first + i, first + 2*i}[:strings.Count(format, "%")]
		fmt.Fprintf(&b, format, args...)
	}
	return b.String()
}

// Whole numbers beside each other are not decimals.
func TestReadCSVWholeNumbers(t *testing.T) {
	for _, format := range []string{"17,%d\n", "1,%d,2,3%d\n", "0,1,%d\n", "17,%d,5\n"} {
		got := read(t, splitNumbers(format, 4001), CSVOptions{})
		require.Len(t, got.Columns, strings.Count(format, ",")+1, format)
	}
	read(t, splitNumbers("0,%05d,0,%05d\n", 1234), CSVOptions{Columns: []string{"1", "2"}})
}

func TestReadCSVErrors(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		opt  CSVOptions
		kind error
		say  string
	}{
		"empty":             {text: "", kind: ErrNoRows, say: "dataset: the input is empty"},
		"blank":             {text: "\n \n", kind: ErrNoRows, say: "empty"},
		"header only":       {text: "a,b\n", kind: ErrNoRows, say: "line 1: no data rows"},
		"only text":         {text: "a,b\nx,y\nz,y\n", kind: ErrNoMetric, say: `no column of numbers besides time and label among "a", "b"`},
		"only time":         {text: "ts\n2024-03-01 10:00:00\n", kind: ErrNoMetric, say: "no column of numbers"},
		"only missing":      {text: "a,b\n,\n,\n", kind: ErrNoMetric, say: "no column of numbers"},
		"not a number":      {text: "cpu,mem\n1,2\n3,x\n5,6\n", kind: ErrNotNumber, say: `dataset: line 3, column "mem": "x" is not a number; name the metrics without this column in Columns`},
		"late":              {text: "cpu,mem\n" + strings.Repeat("1,2\n", 1e5) + "1,oops\n", kind: ErrNotNumber, say: `line 100002, column "mem": "oops" is not a number`},
		"chosen text":       {text: "cpu,host\n1,a\n3,b\n", opt: CSVOptions{Columns: []string{"host"}}, kind: ErrNotNumber, say: `line 2, column "host": "a" is not a number; leave the column out of Columns`},
		"hex":               {text: "cpu,mem\n1,2\n3,0x1p4\n5,6\n", kind: ErrNotNumber, say: `"0x1p4"`},
		"long cell":         {text: "cpu,mem\n1,2\n3," + strings.Repeat("x", 500) + "\n5,6\n", kind: ErrNotNumber, say: `xxx"… is not`},
		"ambiguous, semi":   {text: "a;b\n1,500;2,250\n3,000;4,000\n", kind: ErrNotNumber, say: `line 2, column "a": "1,500" has a decimal sign or a thousands sign; give the decimal sign in Decimal`},
		"ambiguous, tab":    {text: "a\tb\n1.500\t2\n3.000\t4\n", kind: ErrNotNumber, say: "give the decimal sign in Decimal"},
		"ambiguous, both":   {text: "a;b\n1.500;2\n3,000;4\n", kind: ErrNotNumber, say: "give the decimal sign in Decimal"},
		"ambiguous, late":   {text: "a,b\n" + strings.Repeat("12.345,1\n", 1e5) + "17,1\n12,1\n", kind: ErrNotNumber, say: `line 100003, column "a": "12" beside "12.345"`},
		"ambiguous, others": {text: "a|b\n" + strings.Repeat("12.345|1\n", 1e5) + "12.345|0,5\n", kind: ErrNotNumber, say: `line 100002, column "b": "0,5" beside "12.345" in column "a"`},
		"groups of two":     {text: "cpu,mem\n1,2\n1 23,2\n", kind: ErrNotNumber, say: `"1 23" is not a number`},
		"other groups":      {text: "cpu,mem\n1,2\n1'234 567,2\n", kind: ErrNotNumber, say: "is not a number"},
		"ambiguous":         {text: "cpu,mem\n\"1,234\",2\n3,4\n", kind: ErrNotNumber, say: "give the decimal sign in Decimal"},
		"infinite":          {text: "cpu,mem\n1,2\n3,Inf\n", kind: ErrInfinite, say: `line 3, column "mem": "Inf" is infinite`},
		"infinite, minus":   {text: "cpu,mem\n1,2\n-infinity,1\n", kind: ErrInfinite, say: `line 3, column "cpu"`},
		"overflow":          {text: "cpu,mem\n1,2\n3,1e999\n", kind: ErrInfinite, say: "too large"},
		"scale overflow":    {text: "cpu,mem\n1,2\n3,1e300\n", opt: CSVOptions{Scale: map[string]float64{"mem": 1e300}}, kind: ErrInfinite, say: `line 3, column "mem"`},
		"short row":         {text: "a,b,c\n1,2,3\n4,5\n6,7,8\n", kind: ErrRagged, say: "line 3: 2 fields where 3 are expected"},
		"long row":          {text: "a,b\n1,2\n3,4,5\n6,7\n", kind: ErrRagged, say: "line 3: 3 fields where 2 are expected"},
		"short header":      {text: "a,b\n1,2,3\n4,5,6\n", kind: ErrRagged, say: "line 2: 3 fields here, 2 in line 1"},
		"long header":       {text: "a,b,c\n1,2\n4,5\n", kind: ErrRagged, say: "line 2: 2 fields here, 3 in line 1"},
		"decimals, split":   {text: "time,cpu,mem\n1,0,32,0,49\n2,0,33,0,48\n", kind: ErrRagged, say: "line 2: 5 fields here, 3 in line 1: numbers seem to have decimal commas that are not quoted"},
		"decimals, bare":    {text: splitNumbers("0,%05d,0,%05d\n", 1234), kind: ErrNotNumber, say: `line 1: "0" and "01234" look like one number whose decimal comma is not quoted`},
		"decimals, zeros":   {text: splitNumbers("17,%03d\n", 95), kind: ErrNotNumber, say: "decimal comma is not quoted"},
		"comma decimals":    {text: "value\n1,5\n2,5\n", kind: ErrRagged, say: "give the delimiter in Comma"},
		"open quote":        {text: "a,b\n1,2\n\"3,4\n", kind: ErrQuote, say: "line 3: a quoted field is never closed"},
		"open quote, first": {text: "\"a,b\n1,2\n", kind: ErrQuote, say: "line 1: a quoted field is never closed"},
		"endless quote":     {text: "a,b\n\"" + strings.Repeat("1\n", 9<<20), kind: ErrQuote, say: "line 2: a quoted field is never closed"},
		"after quote":       {text: "a,b\n1,2\n\"3\"x,4\n", kind: ErrQuote, say: "line 3: text follows a closing quote"},
		"header or data":    {text: "1,x,3\n4,5,6\n7,8,9\n", kind: ErrHeader, say: "say which with Header"},
		"two rows of text":  {text: "a,b\nx,y\n1,2\n3,4\n", kind: ErrHeader, say: "line 2"},
		"no column":         {text: "cpu,mem\n1,2\n", opt: CSVOptions{Columns: []string{"disk"}}, kind: ErrNoColumn, say: `dataset: Columns: there is no column "disk"; the file has "cpu", "mem"`},
		"no number":         {text: "cpu,mem\n1,2\n", opt: CSVOptions{Columns: []string{"3"}}, kind: ErrNoColumn, say: `"3"`},
		"no time column":    {text: "cpu,mem\n1,2\n", opt: CSVOptions{Time: "ts"}, kind: ErrNoColumn, say: "Time: there is no column"},
		"no label column":   {text: "cpu,mem\n1,2\n", opt: CSVOptions{Label: "y"}, kind: ErrNoColumn, say: "Label: there is no column"},
		"no counter":        {text: "ts,mem\n1,2\n", opt: CSVOptions{Counters: []string{"y"}}, kind: ErrNoColumn, say: "Counters: there is no column"},
		"duplicate":         {text: "cpu,mem,cpu\n1,2,3\n", opt: CSVOptions{Columns: []string{"cpu"}}, kind: ErrNoColumn, say: `"cpu" is the name of 2 columns; say which: "cpu#1" (or 1), "cpu#3" (or 3)`},
		"twice":             {text: "cpu,mem\n1,2\n", opt: CSVOptions{Columns: []string{"cpu", "1"}}, kind: ErrOption, say: "named twice"},
		"metric and time":   {text: "cpu,mem\n1,2\n", opt: CSVOptions{Columns: []string{"cpu"}, Time: "cpu"}, kind: ErrOption, say: "both Columns and Time"},
		"time and label":    {text: "cpu,mem\n1,2\n", opt: CSVOptions{Label: "cpu", Time: "cpu"}, kind: ErrOption, say: "both the time and the label"},
		"counter, no time":  {text: "cpu,mem\n1,2\n", opt: CSVOptions{Counters: []string{"mem"}}, kind: ErrOption, say: "needs a time column; name it in Time"},
		"counter, text":     {text: "cpu,mem\n1,x\n2,y\n", opt: CSVOptions{Counters: []string{"mem"}}, kind: ErrOption, say: "not read as a metric"},
		"bad time":          {text: "ts,cpu\n2024-03-01 10:00:00,1\nnoon,2\n2024-03-01 10:02:00,1\n", kind: ErrTime, say: `line 3, column "ts": "noon" is not a time like those before; give TimeLayout if it is not "2006-01-02 15:04:05"`},
		"no day":            {text: "ts,cpu\n2024-02-30 10:00:00,1\n2024-02-01 10:00:00,1\n", kind: ErrTime, say: "line 2"},
		"missing time":      {text: "ts,cpu\n2024-03-01 10:00:00,1\n,2\n", kind: ErrTime, say: `line 3, column "ts": the time is missing, as in a row of totals; leave such rows out with SkipBadRows`},
		"unknown time":      {text: "ts,cpu\nearly,1\nlate,2\n", opt: CSVOptions{Time: "ts"}, kind: ErrTime, say: "give its layout in TimeLayout"},
		"layout, no fit":    {text: "ts,cpu\n2024-03-01 10:00:00,1\n2024-03-01 10:01:00,2\n", opt: CSVOptions{TimeLayout: "yyyy-MM-dd"}, kind: ErrTime, say: `TimeLayout "yyyy-MM-dd" does not read "2024-03-01 10:00:00", nor any other column`},
		"layout, no times":  {text: "a,cpu\nx,1\ny,2\n", opt: CSVOptions{TimeLayout: "15:04"}, kind: ErrTime, say: `TimeLayout "15:04" reads no column`},
		"month or day":      {text: "ts,cpu\n03/04/2024 10:00,1\n03/05/2024 10:00,2\n", kind: ErrTime, say: `give TimeLayout "1/2/2006 15:04" or "2/1/2006 15:04"`},
		"unknown zone":      {text: "ts,cpu\n2024-03-01 10:00:00 IST,1\n2024-03-01 10:01:00 IST,2\n", kind: ErrTime, say: "zone IST has no offset that is known; give its place in Location"},
		"leap day":          {text: "ts,cpu\n29-02 10:00:00,1\n29-02 10:00:01,1\n", opt: CSVOptions{Year: 2023}, kind: ErrTime, say: "Year"},
		"far time":          {text: "ts,cpu\n1709287200,1\n1e15,2\n1709287200,1\n", opt: CSVOptions{Time: "ts", TimeLayout: "s"}, kind: ErrTime, say: "2261"},
		"bad label":         {text: "a,label\n1,0\n2,7\n", kind: ErrLabel, say: `line 3, column "label": "7" is not a label that is known; give the labels of anomalies in Anomalous`},
		"empty label":       {text: "a,label\n1,0\n2,\n", kind: ErrLabel, say: "the label is empty"},
		"both labels":       {text: "a,label\n1,0\n2,x\n", opt: CSVOptions{Anomalous: []string{"x"}, Normal: []string{"0", "x"}}, kind: ErrLabel, say: "in both"},
		"zip":               {text: "PK\x03\x04 etc", kind: ErrFormat, say: "spreadsheet"},
		"JSON":              {text: `{"a": 1}`, kind: ErrFormat, say: "JSON"},
		"HTML":              {text: "<html>", kind: ErrFormat, say: "HTML"},
		"binary":            {text: "ab,cd\n1,\x002\n", kind: ErrFormat, say: "byte 9 is zero"},
		"old line ends":     {text: "a,b\r1,2\r", kind: ErrFormat, say: "carriage return"},
		"bad gzip":          {text: "\x1f\x8bxx", kind: ErrFormat, say: "damaged gzip"},
		"all skipped":       {text: "a,b\n1,2\n", opt: CSVOptions{SkipLines: 9}, kind: ErrNoRows, say: "SkipLines"},
		"Comma":             {text: "a", opt: CSVOptions{Comma: 'é'}, kind: ErrOption, say: "Comma"},
		"Decimal":           {text: "a", opt: CSVOptions{Decimal: ';'}, kind: ErrOption, say: "Decimal"},
		"Header":            {text: "a", opt: CSVOptions{Header: 9}, kind: ErrOption, say: "Header"},
		"SkipLines":         {text: "a", opt: CSVOptions{SkipLines: -1}, kind: ErrOption, say: "SkipLines"},
		"Year":              {text: "a", opt: CSVOptions{Year: -1}, kind: ErrOption, say: "Year"},
		"TimeLayout":        {text: "a", opt: CSVOptions{TimeLayout: "%Y"}, kind: ErrOption, say: "TimeLayout"},
		"Sentinels":         {text: "a", opt: CSVOptions{Sentinels: []float64{nan}}, kind: ErrOption, say: "Sentinels"},
		"ColumnSentinels":   {text: "a", opt: CSVOptions{ColumnSentinels: map[string][]float64{"a": {nan}}}, kind: ErrOption, say: "ColumnSentinels"},
		"Scale":             {text: "a", opt: CSVOptions{Scale: map[string]float64{"a": 0}}, kind: ErrOption, say: "Scale"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadCSV(strings.NewReader(c.text), c.opt)
			require.Nil(t, got)
			require.ErrorIs(t, err, c.kind)
			require.ErrorContains(t, err, c.say)
			require.True(t, strings.HasPrefix(err.Error(), "dataset: "))
			require.NotContains(t, err.Error(), "\n")
			var place *CSVError
			require.ErrorAs(t, err, &place)
		})
	}
}

func TestReadCSVNilReader(t *testing.T) {
	_, err := ReadCSV(nil, CSVOptions{})
	require.ErrorIs(t, err, ErrOption)
}

func TestReadCSVReadError(t *testing.T) {
	cause := errors.New("the disk is gone")
	for _, text := range []string{"", "a,b", "a,b\n", "a,b\n1,2\n"} {
		_, err := ReadCSV(io.MultiReader(strings.NewReader(text), iotest.ErrReader(cause)), CSVOptions{})
		require.ErrorIs(t, err, cause)
	}
	_, err := ReadCSV(io.MultiReader(strings.NewReader("a,b\n1,2\n3,"), iotest.ErrReader(cause)), CSVOptions{})
	require.ErrorContains(t, err, "line 3: reading failed: the disk is gone")
}

func TestReadCSVFileError(t *testing.T) {
	_, err := ReadCSVFile(filepath.Join("testdata", "absent.csv"), CSVOptions{})
	require.ErrorIs(t, err, os.ErrNotExist)
	path := filepath.Join(t.TempDir(), "x.csv")
	require.NoError(t, os.WriteFile(path, []byte("cpu,mem\n1,2\n3,x\n4,5\n"), 0o600))
	_, err = ReadCSVFile(path, CSVOptions{})
	require.ErrorContains(t, err, "dataset: file "+path+", line 3, column \"mem\": ")
}

func TestReadCSVEncodings(t *testing.T) {
	const text = "time,a,Größe\n2024-03-01 10:00:00,1,2\n2024-03-01 10:01:00,3,4\n"
	expect := read(t, text, CSVOptions{})
	gz := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := io.WriteString(w, s)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return b.String()
	}
	utf16 := func(e unicode.Endianness, p unicode.BOMPolicy) string {
		s, err := unicode.UTF16(e, p).NewEncoder().String(text)
		require.NoError(t, err)
		return s
	}
	half := strings.Index(text, "\n2024") + 1
	for name, s := range map[string]string{
		"gzip":                  gz(text),
		"gzip with mark":        gz("\ufeff" + text),
		"gzip in two members":   gz(text[:half]) + gz(text[half:]),
		"UTF-16 little":         utf16(unicode.LittleEndian, unicode.UseBOM),
		"UTF-16 big":            utf16(unicode.BigEndian, unicode.UseBOM),
		"UTF-16 little, bare":   utf16(unicode.LittleEndian, unicode.IgnoreBOM),
		"UTF-16 big, bare":      utf16(unicode.BigEndian, unicode.IgnoreBOM),
		"UTF-16 within gzip":    gz(utf16(unicode.LittleEndian, unicode.UseBOM)),
		"UTF-8 with line feeds": strings.ReplaceAll(text, "\n", "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadCSV(iotest.OneByteReader(strings.NewReader(s)), CSVOptions{})
			require.NoError(t, err)
			require.Equal(t, expect, got)
		})
	}
	cut := gz(text)
	_, err := ReadCSV(strings.NewReader(cut[:len(cut)-8]), CSVOptions{})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestReadCSVRoles(t *testing.T) {
	got := read(t, "ts,host,cpu,net,gone,label\n1709287200,web-7,1,100,,0\n1709287260,web-7,2,160,,1\n",
		CSVOptions{Counters: []string{"net"}, Scale: map[string]float64{"net": 8}})
	require.Equal(t, []ColumnRole{
		{1, "ts", RoleTime, "by name and content, epoch s, UTC"},
		{2, "host", RoleSkipped, `text such as "web-7"`},
		{3, "cpu", RoleMetric, ""},
		{4, "net", RoleMetric, "rate per second of a counter, times 8"},
		{5, "gone", RoleSkipped, "no values"},
		{6, "label", RoleLabel, "by its name"},
	}, got.Roles)
	require.Equal(t, `2 rows, 2024-03-01T10:00:00Z to 2024-03-01T10:01:00Z, every 1m0s
metrics: "cpu", "net"
time: "ts" (by name and content, epoch s, UTC)
label: "label" (by its name)
skipped: "host" (text such as "web-7"), "gone" (no values)
`, got.Describe())
	require.Equal(t, 8.0, got.X.At(1, 1))
}

// A column that is empty as far as the sample goes may hold numbers or text later on.
func TestReadCSVLateColumns(t *testing.T) {
	blank := strings.Repeat("1,,\n", 1e5)
	got := read(t, "a,b,c\n"+blank+"2,3,x\n4,,y\n", CSVOptions{})
	require.Equal(t, []string{"a", "b"}, got.Columns)
	require.Equal(t, 3.0, got.X.At(1e5, 1))
	require.Equal(t, `text such as "x"`, got.Roles[2].Reason)
	require.Contains(t, strings.Join(got.Notes, "\n"), `column "b" is missing in 100001 of 100002 rows`)
	_, err := ReadCSV(strings.NewReader("a,b,c\n"+blank+"2,3,x\n"), CSVOptions{Columns: []string{"a", "c"}})
	require.ErrorIs(t, err, ErrNotNumber)
}

func TestReadCSVNotes(t *testing.T) {
	var b strings.Builder
	b.WriteString("ts,host,cpu,disk,total,row\n")
	for i := range 60 {
		at := 1709287200 + 60*i
		switch i {
		case 10:
			at -= 60
		case 20:
			at -= 600
		case 50:
			at += 6000
		}
		host := []string{"a", "b"}[i%2]
		disk := i % 50
		if i == 5 {
			disk = 101
		}
		b.WriteString(strings.Join([]string{itoa(at), host, itoa(i * 7 % 13), itoa(disk), itoa(1000 + i*i), itoa(i + 1)}, ",") + "\n")
	}
	notes := strings.Join(read(t, b.String(), CSVOptions{}).Notes, "\n")
	for _, say := range []string{
		"times that repeat the one before: 1, that go backwards: 2, the first in row 11",
		"gaps, the longest",
		`column "disk" holds -1 (0 times) and 101 (1 times)`,
		`column "total" all but never falls`,
		`column "row" counts the rows`,
		`column "host" holds 2 different texts`,
	} {
		require.Contains(t, notes, say)
	}
	require.NotContains(t, notes, `"cpu"`)
}
