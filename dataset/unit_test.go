package dataset

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSplitUnit(t *testing.T) {
	for cell, want := range map[string]struct {
		number string
		unit   unit
	}{
		"1.02 GiB":           {"1.02", unit{"B", 1 << 30}},
		"9982 MiB":           {"9982", unit{"B", 1 << 20}},
		"9.650,5 kbit/s":     {"9.650,5", unit{"bit/s", 1e3}},
		"1.21 MB/s":          {"1.21", unit{"B/s", 1e6}},
		"5.0GB":              {"5.0", unit{"B", 1e9}},
		"350m":               {"350", unit{"", 1e-3}},
		"446Mi":              {"446", unit{"", 1 << 20}},
		"1.5 K":              {"1.5", unit{"", 1e3}},
		"2 Mil":              {"2", unit{"", 1e6}},
		"12 ms":              {"12", unit{"s", 1e-3}},
		"12µs":               {"12", unit{"s", 1e-6}},
		"3 min":              {"3", unit{"s", 60}},
		"124.29 W":           {"124.29", unit{"W", 1}},
		"2.4 GHz":            {"2.4", unit{"Hz", 1e9}},
		"-4 °C":              {"-4", unit{"°C", 1}},
		"45.2 %":             {"45.2", unit{"%", 1}},
		"17\u00a0MB":         {"17", unit{"B", 1e6}},
		"17\u202fMbps":       {"17", unit{"bit/s", 1e6}},
		"1e3 ops/s":          {"1e3", unit{"/s", 1}},
		"200 Megapackets/s":  {},
		"5 m":                {}, // five metres, or minutes
		"12":                 {},
		"GiB":                {},
		"":                   {},
		"3 mB":               {},
		"5GB plan":           {},
		"10.0.0.1":           {},
		"2024-03-14T09:50Z":  {},
		"396MiB / 15GiB":     {"396MiB / 15", unit{"B", 1 << 30}}, // which is no number
		"1 234 567 890 byte": {"1 234 567 890", unit{"B", 1}},
	} {
		number, u, ok := splitUnit([]byte(cell))
		require.Equal(t, want.number != "", ok, cell)
		if ok {
			require.Equal(t, want.number, string(number), cell)
			require.Equal(t, want.unit.base, u.base, cell)
			require.InEpsilon(t, want.unit.factor, u.factor, 1e-12, cell)
		}
	}
	require.False(t, quantityLike([]byte("396MiB / 15GiB")))
	require.True(t, quantityLike([]byte("1'234.5 kB")))
}

func TestUnitsAreReadIntoOneBase(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		columns []string
		units   []string
		rows    [][]float64
	}{
		"a dashboard's own form": {"time,CPU,Memory,Network\n09:50:00,32.1%,1.5 GiB,1.21 MB/s\n09:51:00,8%,512 MiB,900 kB/s\n09:52:00,9%,0,1.2 MB/s\n",
			[]string{"CPU", "Memory", "Network"}, []string{"%", "B", "B/s"}, [][]float64{{32.1, 1.5 * (1 << 30), 1.21e6}, {8, 1 << 29, 9e5}, {9, 0, 1.2e6}}},
		"a plain number beside prefixes": {"time,errors\n09:50:00,0\n09:51:00,1.5 K\n09:52:00,12\n", []string{"errors"}, nil, [][]float64{{0}, {1500}, {12}}},
		"cores and memory of pods":       {"time,cpu,mem\n09:50:00,321m,446Mi\n09:51:00,1,1Gi\n", []string{"cpu", "mem"}, nil, [][]float64{{.321, 446 << 20}, {1, 1 << 30}}},
		"decimal comma, semicolons":      {"Zeit;Traffic\n09:50:00;9.650,5 kbit/s\n09:51:00;1,5 Mbit/s\n", []string{"Traffic"}, []string{"bit/s"}, [][]float64{{9650500}, {1.5e6}}},
		"load averages keep their names": {"time,1m,5m,15m\n09:50:00,1,2,3\n09:51:00,2,3,4\n", []string{"1m", "5m", "15m"}, nil, [][]float64{{1, 2, 3}, {2, 3, 4}}},
		"shown and raw":                  {"time,Traffic,Traffic(RAW)\n09:50:00,\"1,235 kbit/s\",154408.1\n09:51:00,\"1,301 kbit/s\",162625.4\n", []string{"Traffic(RAW)"}, nil, [][]float64{{154408.1}, {162625.4}}},
		"nvidia-smi":                     {"timestamp, memory.used [MiB], fan.speed [%], power.draw [W]\n2024/03/14 09:50:00.000, 9982 MiB, [N/A], 124.29 W\n2024/03/14 09:51:00.000, 4 MiB, 40 %, 22.10 W\n", []string{"memory.used [MiB]", "fan.speed [%]", "power.draw [W]"}, []string{"B", "%", "W"}, [][]float64{{9982 << 20, nan, 124.29}, {4 << 20, 40, 22.1}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadCSV(strings.NewReader(c.text), CSVOptions{})
			require.NoError(t, err)
			require.Equal(t, c.columns, got.Columns)
			require.Equal(t, c.units, got.Units)
			require.Len(t, got.Times, len(c.rows))
			for i, row := range c.rows {
				for j, v := range row {
					if v != v {
						require.True(t, got.X.At(i, j) != got.X.At(i, j))
						continue
					}
					require.InDelta(t, v, got.X.At(i, j), 1e-9*v, "row %d, %s", i, c.columns[j])
				}
			}
			r, err := NewReader(strings.NewReader(c.text), CSVOptions{})
			require.NoError(t, err)
			for i := 0; ; i++ {
				row, err := r.Next()
				if errors.Is(err, io.EOF) {
					require.Equal(t, len(c.rows), i)
					break
				}
				require.NoError(t, err)
				for j, v := range row.Values {
					require.True(t, v == got.X.At(i, j) || v != v)
				}
			}
			require.Equal(t, c.units, r.Units())
		})
	}
}

// Units that don't compare, and numbers without one beside others, are an error; leaving the
// column out, as it says, reads the rest.
func TestUnitsThatDoNotCompare(t *testing.T) {
	for text, want := range map[string]string{
		"time,cpu,x\n09:50:00,1,5 MB\n09:51:00,2,12 ms\n":                      `line 3, column "x": "12 ms" beside "5 MB": these units do not compare`,
		"time,cpu,x\n09:50:00,1,512\n09:51:00,2,1.5 GiB\n09:52:00,2,2.5 GiB\n": `line 3, column "x": "512" beside "1.5 GiB": one has a unit and the other has none`,
	} {
		_, err := ReadCSV(strings.NewReader(text), CSVOptions{})
		require.ErrorIs(t, err, ErrNotNumber)
		require.ErrorContains(t, err, want)
		got, err := ReadCSV(strings.NewReader(text), CSVOptions{Columns: []string{"cpu"}})
		require.NoError(t, err)
		require.Equal(t, []string{"cpu"}, got.Columns)
	}
}

func TestUnitsOfPartsOfATable(t *testing.T) {
	table, err := ReadCSV(strings.NewReader("time,a,b,c\n09:50:00,1,2 MB,3 %\n09:51:00,2,3 MB,4 %\n"), CSVOptions{})
	require.NoError(t, err)
	part, err := table.Select("c", "a")
	require.NoError(t, err)
	require.Equal(t, []string{"%", ""}, part.Units)
	part, err = table.Slice(1, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"", "B", "%"}, part.Units)
}

// A counter in kB is a rate in bytes a second; what a factor makes of a unit is unknown.
func TestUnitsOfRates(t *testing.T) {
	var b strings.Builder
	b.WriteString("time,rx\n")
	at := time.Date(2024, 3, 14, 9, 0, 0, 0, time.UTC)
	for i := range 20 {
		fmt.Fprintf(&b, "%s,%d kB\n", at.Add(time.Duration(i)*time.Second).Format(time.RFC3339), 10*i)
	}
	table, err := ReadCSV(strings.NewReader(b.String()), CSVOptions{Counters: []string{"rx"}})
	require.NoError(t, err)
	require.Equal(t, []string{"B/s"}, table.Units)
	require.Equal(t, 1e4, table.X.At(5, 0))
	table, err = ReadCSV(strings.NewReader(b.String()), CSVOptions{Scale: map[string]float64{"rx": 8}})
	require.NoError(t, err)
	require.Nil(t, table.Units)
}

func TestCountersAreRecognisedAfterResets(t *testing.T) {
	text := func(name string, every int) string {
		var b strings.Builder
		fmt.Fprintf(&b, "time,%s,load\n", name)
		for i := range 120 {
			fmt.Fprintf(&b, "%s,%d,%d\n", time.Unix(int64(1.7e9)+60*int64(i), 0).UTC().Format(time.RFC3339), 10+i%every*350, i%7)
		}
		return b.String()
	}
	for _, c := range []struct {
		name  string
		every int
		noted bool
	}{{"requests", 200, true}, {"requests", 50, true}, {"requests_total", 50, true}, {"http_requests_total", 20, true}, {"heap", 12, false}} {
		table, err := ReadCSV(strings.NewReader(text(c.name, c.every)), CSVOptions{})
		require.NoError(t, err)
		notes := strings.Join(table.Notes, "\n")
		require.Equal(t, c.noted, strings.Contains(notes, "list it in Counters"), "%s, a reset every %d rows: %s", c.name, c.every, notes)
		if c.noted { // the advice works
			table, err = ReadCSV(strings.NewReader(text(c.name, c.every)), CSVOptions{Counters: []string{c.name}})
			require.NoError(t, err)
			require.InDelta(t, 350./60, table.X.At(1, 0), 1e-9)
		}
	}
}

func BenchmarkReadUnits(b *testing.B) {
	var text strings.Builder
	text.WriteString("time,cpu,mem\n")
	for i := range 10000 {
		fmt.Fprintf(&text, "%d,%d.%d%%,%d.%02d GiB\n", 1700000000+60*i, i%100, i%10, i%8, i%100)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadCSV(strings.NewReader(text.String()), CSVOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// Names are looked up once: a line of a hundred thousand fields takes no time that grows with
// their square.
func BenchmarkManyRawColumns(b *testing.B) {
	names := make([]string, 50_000)
	for i := range names {
		names[i] = fmt.Sprintf("m%d(RAW)", i)
	}
	text := "time," + strings.Join(names, ",") + "\n10:00:00" + strings.Repeat(",1", len(names)) + "\n10:01:00" + strings.Repeat(",2", len(names)) + "\n"
	for b.Loop() {
		if _, err := ReadCSV(strings.NewReader(text), CSVOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
