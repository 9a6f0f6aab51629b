package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dataset"
)

// fleetRows are rows of two hosts of 200 rows, which host describes, and of a new one of 4. They are in
// the order of time, or one host after the other.
func fleetRows(mixed bool) string {
	lines := strings.Split(strings.TrimSpace(host(200)), "\n")
	head, rows := lines[0], lines[1:]
	var out []string
	for i, row := range rows {
		out = append(out, row+",web1", row+",db1")
		if i < 4 {
			out = append(out, row+",new")
		}
	}
	if !mixed {
		slices.SortStableFunc(out, func(a, b string) int {
			return strings.Compare(a[strings.LastIndexByte(a, ','):], b[strings.LastIndexByte(b, ','):])
		})
	}
	return head + ",host\n" + strings.Join(out, "\n") + "\n"
}

// The rows of each host are judged as if they were alone, in whatever order they stand.
func TestHosts(t *testing.T) {
	dir := t.TempDir()
	alone := filepath.Join(dir, "alone.csv")
	require.Zero(t, invoke(t, host(200), append(quick, "-in", "-", "-out", alone)...).code)
	want := table(t, alone)
	for _, mixed := range []bool{true, false} {
		in, out := save(t, "fleet.csv", fleetRows(mixed)), filepath.Join(dir, "out.csv")
		page, incidents, tickets := filepath.Join(dir, "r.html"), filepath.Join(dir, "i.json"), filepath.Join(dir, "i.md")
		r := invoke(t, "", append(quick, "-in", in, "-host", "host", "-out", out, "-report", page, "-json", incidents, "-markdown", tickets, "-save", filepath.Join(dir, "m-*.model"), "-onnx", filepath.Join(dir, "m-*.onnx"))...)
		require.Zero(t, r.code, r.stderr)
		require.Empty(t, r.stderr)
		require.Contains(t, r.stdout, `404 rows of 3 hosts, by column "host"`)
		require.Contains(t, r.stdout, "== web1: ")
		require.Contains(t, r.stdout, "== db1: ")
		require.Contains(t, r.stdout, "left out: new: 4 usable rows of 4 (0 incomplete, 0 excluded), need at least ")
		require.ElementsMatch(t, []string{"alone.csv", "out.csv", "r.html", "i.json", "i.md", "m-web1.model", "m-db1.model", "m-web1.onnx", "m-db1.onnx"}, names(t, dir))

		got := table(t, out)
		require.Equal(t, "host", got[0][0])
		of := map[string][][]string{"web1": {want[0]}, "db1": {want[0]}}
		for _, row := range got[1:] {
			of[row[0]] = append(of[row[0]], row[1:])
		}
		require.Equal(t, map[string][][]string{"web1": want, "db1": want}, of)

		b, err := os.ReadFile(page)
		require.NoError(t, err)
		require.Contains(t, string(b), `<h2>web1</h2>`)
		require.Contains(t, string(b), "<dt>new</dt>")
		b, err = os.ReadFile(incidents)
		require.NoError(t, err)
		var found struct{ Incidents []struct{ Host string } }
		require.NoError(t, json.Unmarshal(b, &found))
		require.NotEmpty(t, found.Incidents)
		require.Contains(t, []string{"web1", "db1"}, found.Incidents[0].Host)
		b, err = os.ReadFile(tickets)
		require.NoError(t, err)
		require.Contains(t, string(b), "| web1 | 2026-03-01 ")

		r = invoke(t, host(200), "-in", "-", "-load", filepath.Join(dir, "m-web1.model"), "-out", alone)
		require.Zero(t, r.code, r.stderr)
		require.Equal(t, want, table(t, alone))
		for _, name := range []string{"m-web1.model", "m-db1.model", "m-web1.onnx", "m-db1.onnx"} {
			require.NoError(t, os.Remove(filepath.Join(dir, name)))
		}
	}
}

// Models of hosts are found again by the hosts' names, and say the same of the same rows.
func TestHostsModels(t *testing.T) {
	dir := t.TempDir()
	models, before, after := filepath.Join(dir, "m-*.model"), filepath.Join(dir, "before.csv"), filepath.Join(dir, "after.csv")
	rows := strings.NewReplacer("web1", "web/1", "net", "net total").Replace(fleetRows(true))
	in := save(t, "fleet.csv", rows)
	r := invoke(t, "", append(quick, "-in", in, "-host", "host", "-counters", "net total", "-columns", "net total,cpu", "-save", models, "-out", before)...)
	require.Zero(t, r.code, r.stderr)
	r = invoke(t, "", "-in", in, "-host", "host", "-load", models, "-out", after)
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "left out: new: no model "+filepath.Join(dir, "m-new.model"))
	require.Equal(t, table(t, before), table(t, after))

	r = invoke(t, strings.Replace(rows, "cpu", "cores", 1), "-in", "-", "-host", "host", "-load", models)
	require.Equal(t, 2, r.code)
	require.Contains(t, r.stderr, `"cpu"`)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "m-db1.model"), []byte("{}"), 0o600))
	r = invoke(t, "", "-in", in, "-host", "host", "-load", models)
	require.Equal(t, 2, r.code)
	require.Contains(t, r.stderr, "m-db1.model")
}

// Several files may hold rows of several hosts, and a host may come in some of them.
func TestHostsInSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	lines := strings.SplitAfter(fleetRows(true), "\n")
	for k, part := range []string{strings.Join(lines[:205], ""), lines[0] + strings.Join(lines[205:], "")} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("fleet-%d.csv", k)), []byte(part), 0o600))
	}
	r := invoke(t, "", append(quick, "-in", filepath.Join(dir, "fleet-*.csv"), "-host", "host")...)
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "404 rows of 3 hosts")
	require.Contains(t, r.stdout, " of 200 rows flagged")
}

// A row for each host, device and time: each host has the columns of its own devices.
func TestHostsOfSeries(t *testing.T) {
	var b strings.Builder
	b.WriteString("time,node,dev,busy\n")
	for i := range 60 {
		for k, series := range []string{"web,sda", "web,sdb", "db,sda", "db,nvme0"} {
			fmt.Fprintf(&b, "2024-03-14 09:%02d:00,%s,%d\n", i, series, (i*(7+2*k)+k)%(13+k))
		}
	}
	out := filepath.Join(t.TempDir(), "out.csv")
	r := invoke(t, b.String(), append(quick, "-in", "-", "-host", "node", "-series", "dev", "-value", "busy", "-out", out)...)
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "and others have other metrics")
	rows := table(t, out)
	require.Len(t, rows, 121)
	require.Equal(t, []string{"host", "row", "time"}, rows[0][:3])
	require.ElementsMatch(t, []string{"sda", "sdb", "nvme0"}, rows[0][3:6])
	for _, row := range rows[1:] {
		other := map[string]string{"web": "nvme0", "db": "sdb"}[row[0]]
		for k, name := range rows[0][3:6] {
			require.Equal(t, name == other, row[3+k] == "", row)
		}
	}
}

// The series of several hosts in JSON give what the rows of each in CSV give.
func TestHostsOfJSON(t *testing.T) {
	alone, err := dataset.ReadCSV(strings.NewReader(host(200)), dataset.CSVOptions{})
	require.NoError(t, err)
	var b strings.Builder
	for j, name := range alone.Columns {
		for _, instance := range []string{"web1", "db1"} {
			fmt.Fprintf(&b, `{"metric":{"__name__":%q,"instance":%q,"job":"node"},"values":[`, name, instance)
			var times []string
			for i, at := range alone.Times {
				fmt.Fprintf(&b, "%s%g", strings.Repeat(",", min(i, 1)), alone.X.At(i, j))
				times = append(times, fmt.Sprint(at.UnixMilli()))
			}
			fmt.Fprintf(&b, `],"timestamps":[%s]}`+"\n", strings.Join(times, ","))
		}
	}
	dir := t.TempDir()
	want, got := filepath.Join(dir, "want.csv"), filepath.Join(dir, "got.csv")
	require.Zero(t, invoke(t, host(200), append(quick, "-in", "-", "-out", want)...).code)
	in := save(t, "fleet.jsonl", b.String())
	r := invoke(t, "", append(quick, "-in", in, "-host", "instance", "-out", got)...)
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, `400 rows of 2 hosts, by column "instance"`)
	of := map[string][][]string{}
	for _, row := range table(t, got)[1:] {
		of[row[0]] = append(of[row[0]], row[1:])
	}
	rows := table(t, want)[1:]
	require.Equal(t, map[string][][]string{"web1": rows, "db1": rows}, of)

	r = invoke(t, "", "-in", in, "-host", "node")
	require.Equal(t, 2, r.code)
	require.Contains(t, r.stderr, `fleet.jsonl: -host: no series has a label "node"; they have "instance", "job"`)
	r = invoke(t, "", append(quick, "-in", in)...)
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, `give -host "instance" to read each host by itself`)
}

func TestHostsErrors(t *testing.T) {
	in := save(t, "fleet.csv", fleetRows(true))
	tiny := save(t, "tiny.csv", "time,host,cpu,mem\n"+strings.Repeat("2024-03-14,a,1,2\n2024-03-14,b,2,1\n", 2))
	for want, args := range map[string][]string{
		`"server"`:           {"-in", in, "-host", "server"},
		"-host is empty":     {"-in", in, "-host", ""},
		"-host needs a file": {"-host", "host"},
		`-load is "host.model"; with -host it names a file a host`: {"-in", in, "-host", "host", "-load", "host.model"},
		"no model is called":       {"-in", in, "-host", "host", "-load", "no/*.model"},
		"such as 'models/*.model'": {"-in", in, "-host", "host", "-save", "host.model"},
		`-onnx is "host.onnx"`:     {"-in", in, "-host", "host", "-onnx", "host.onnx"},
		"standard input: dataset: object 1 has neither data nor metric":                    {"-in", "-", "-host", "host"},
		"-exclude 3-5: with -host rows":                                                    {"-in", in, "-host", "host", "-exclude", "3-5"},
		"-exclude 2020-01-01..2020-01-02: none of the 404 rows":                            {"-in", in, "-host", "host", "-exclude", "2020-01-01..2020-01-02"},
		"tiny.csv: no host has rows for a model: a: 2 usable rows of 2":                    {"-in", tiny, "-host", "host"},
		"-save: " + filepath.Join("no", "web1.model") + " cannot be written: no such file": {"-in", in, "-host", "host", "-save", filepath.Join("no", "*.model")},
	} {
		t.Run(want, func(t *testing.T) {
			r := invoke(t, "{}", args...)
			require.Equal(t, 2, r.code, r.stderr)
			require.Contains(t, r.stderr, want)
			require.Equal(t, 1, strings.Count(r.stderr, "\n"), r.stderr)
		})
	}
	r := invoke(t, "", append(quick, "-in", in, "-host", "host", "-exclude", "2026-03-01T10:00..2026-03-01T10:03")...)
	require.Zero(t, r.code, r.stderr)
}
