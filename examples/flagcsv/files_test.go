package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dataset"
)

// days writes a recording of three days into a file a day, and into one.
func days(t *testing.T) (dir string) {
	dir = t.TempDir()
	table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 900, Seed: 3, Interval: 5 * time.Minute})
	require.NoError(t, err)
	var all strings.Builder
	header := "time," + strings.Join(table.Columns, ",") + "\n"
	all.WriteString(header)
	for day := range 3 {
		var b strings.Builder
		b.WriteString(header)
		for i := 300 * day; i < 300*(day+1); i++ {
			line := table.Times[i].Format(time.RFC3339)
			for _, v := range table.X.RawRowView(i) {
				line += fmt.Sprintf(",%.6g", v)
			}
			b.WriteString(line + "\n")
			all.WriteString(line + "\n")
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("day-%d.csv", day+1)), []byte(b.String()), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "all.csv"), []byte(all.String()), 0o600))
	return dir
}

// Several files give what one file of all their rows gives.
func TestSeveralFiles(t *testing.T) {
	dir := days(t)
	day := func(n int) string { return filepath.Join(dir, fmt.Sprintf("day-%d.csv", n)) }
	var want []byte
	for k, files := range [][]string{
		{"-in", filepath.Join(dir, "all.csv")},
		{"-in", filepath.Join(dir, "day-*.csv")},
		{"-in", day(3), "-in", day(1), "-in", day(2)},
	} {
		out := filepath.Join(dir, "out.csv")
		r := invoke(t, "", append(files, "-out", out, "-preset", "metrics", "-epochs", "2")...)
		require.Zero(t, r.code, r.stderr)
		got, err := os.ReadFile(out)
		require.NoError(t, err)
		if k == 0 {
			want = got
			continue
		}
		require.Equal(t, string(want), string(got))
		require.Contains(t, r.stdout, " and 2 more files: 900 rows")
	}
}

func TestFilesThatDoNotGoTogether(t *testing.T) {
	dir := days(t)
	one := filepath.Join(dir, "day-1.csv")
	for want, args := range map[string][]string{
		"overlap":                      {"-in", one, "-in", filepath.Join(dir, "all.csv")},
		"twice":                        {"-in", one, "-in", one},
		"does not go with other files": {"-in", "-", "-in", one},
		"no file matches":              {"-in", filepath.Join(dir, "host-*.csv")},
		"is also read from":            {"-in", one, "-in", filepath.Join(dir, "day-2.csv"), "-out", filepath.Join(dir, "day-2.csv")},
		"no such file":                 {"-in", filepath.Join(dir, "day-9.csv")},
	} {
		r := invoke(t, "", args...)
		require.Equal(t, 2, r.code, "%s", want)
		require.Contains(t, r.stderr, want)
		require.Equal(t, 1, strings.Count(r.stderr, "\n"))
	}
}

// A recording gives the same whether it comes as CSV or as JSON.
func TestJSONAndCSV(t *testing.T) {
	dir := days(t)
	table, err := dataset.ReadCSVFile(filepath.Join(dir, "all.csv"), dataset.CSVOptions{})
	require.NoError(t, err)
	var b strings.Builder
	for j, name := range table.Columns {
		fmt.Fprintf(&b, `{"metric":{"__name__":%q},"values":[`, name)
		var times []string
		for i, at := range table.Times {
			fmt.Fprintf(&b, "%s%g", strings.Repeat(",", min(i, 1)), table.X.At(i, j))
			times = append(times, fmt.Sprint(at.UnixMilli()))
		}
		fmt.Fprintf(&b, `],"timestamps":[%s]}`+"\n", strings.Join(times, ","))
	}
	in := save(t, "all.jsonl", b.String())
	var want []byte
	for k, args := range [][]string{{"-in", filepath.Join(dir, "all.csv")}, {"-in", in}, {"-in", "-"}} {
		out := filepath.Join(dir, "out.csv")
		r := invoke(t, b.String(), append(args, "-out", out, "-preset", "metrics", "-epochs", "2")...)
		require.Zero(t, r.code, r.stderr)
		got, err := os.ReadFile(out)
		require.NoError(t, err)
		if k == 0 {
			want = got
		}
		require.Equal(t, string(want), string(got))
	}
	r := invoke(t, "", "-in", in, "-counters", table.Columns[0])
	require.Equal(t, 2, r.code)
	require.Contains(t, r.stderr, "-counters does not go with JSON")
	r = invoke(t, `{"a":1}`, "-in", "-")
	require.Equal(t, 2, r.code)
	require.Contains(t, r.stderr, "standard input: dataset: object 1 has neither data nor metric")
}
