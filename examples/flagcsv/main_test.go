package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/onnx"
)

type result struct {
	code           int
	stdout, stderr string
}

func invoke(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	code := run(context.Background(), args, strings.NewReader(stdin), &out, &err)
	return result{code, out.String(), err.String()}
}

// quick keeps training short; a few epochs are enough to find the faults of host.
var quick = []string{"-epochs", "40", "-preset", "metrics"}

// host is an export of n rows; row 50 is out of range, row 90 breaks the relation of cpu and net.
func host(n int) string {
	rng := rand.New(rand.NewPCG(5, 6))
	var b strings.Builder
	b.WriteString("ts,cpu,mem,disk,net,incident\n")
	start := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for i := 1; i <= n; i++ {
		load := .5 + .15*math.Sin(float64(i)/30) + .05*rng.NormFloat64()
		cpu, mem, disk, net := 100*load, 40+20*load+.5*rng.NormFloat64(), 30*load+rng.NormFloat64(), 1e6*(5*load+.1*rng.NormFloat64())
		incident := 0
		switch i {
		case 50:
			mem, incident = 97, 1
		case 90:
			cpu, net, incident = 68, 1.5e6, 1
		}
		fmt.Fprintf(&b, "%s,%.2f,%.2f,%.2f,%.0f,%d\n", start.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), cpu, mem, disk, net, incident)
	}
	return b.String()
}

func save(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func table(t *testing.T, path string) [][]string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	records, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	require.NoError(t, err)
	return records
}

func TestFlagsAndWritesEverything(t *testing.T) {
	dir := t.TempDir()
	in := save(t, "host.csv", host(400))
	out, page, model := filepath.Join(dir, "flagged.csv"), filepath.Join(dir, "report.html"), filepath.Join(dir, "host.model")
	r := invoke(t, "", append(quick, "-in", in, "-columns", "cpu,mem,disk,net", "-time", "ts", "-label", "incident", "-out", out, "-report", page, "-save", model)...)
	require.Zero(t, r.code, r.stderr)
	require.Empty(t, r.stderr, "no progress where there is no terminal")
	require.Contains(t, r.stdout, "ENERGY")
	require.Contains(t, r.stdout, "recall 1.000")
	require.Contains(t, r.stdout, `label: "incident"`)
	require.ElementsMatch(t, []string{"flagged.csv", "report.html", "host.model"}, names(t, dir))

	rows := table(t, out)
	require.Equal(t, strings.Split("row,time,cpu,mem,disk,net,energy,threshold,p_value,anomalous,top_metric", ","), rows[0])
	require.Len(t, rows, 401)
	require.Equal(t, []string{"50", "2026-03-01T10:50:00Z"}, rows[50][:2])
	require.Equal(t, []string{"true", "mem"}, rows[50][9:])
	require.Equal(t, "true", rows[90][9])
	require.Equal(t, []string{"false", ""}, rows[1][9:])

	// The model that was saved says the same of the same rows.
	again := filepath.Join(dir, "again.csv")
	r = invoke(t, "", "-load", model, "-in", in, "-time", "ts", "-out", again)
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, rows, table(t, again))
}

// The ONNX file is that of the model, whether it has just been trained or was loaded.
func TestWritesONNX(t *testing.T) {
	dir := t.TempDir()
	model, trained, loaded := filepath.Join(dir, "m.model"), filepath.Join(dir, "a.onnx"), filepath.Join(dir, "b.onnx")
	r := invoke(t, host(200), append(quick, "-in", "-", "-counters", "net", "-save", model, "-onnx", trained)...)
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "written: "+model+", "+trained)
	r = invoke(t, host(200), "-in", "-", "-load", model, "-onnx", loaded)
	require.Zero(t, r.code, r.stderr)
	m, err := dagmm.LoadFile(model)
	require.NoError(t, err)
	var want bytes.Buffer
	require.NoError(t, onnx.Write(&want, m, onnx.Options{}))
	require.Contains(t, want.String(), `{"counters":["net"]}`)
	for _, path := range []string{trained, loaded} {
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want.Bytes(), got), path)
	}
	r = invoke(t, host(200), "-in", "-", "-load", model, "-onnx", model)
	require.Equal(t, 2, r.code)
	require.Contains(t, r.stderr, "-onnx: "+model+" is also read from")
}

func TestEmbeddedRecording(t *testing.T) {
	r := invoke(t, "")
	require.Zero(t, r.code, r.stderr)
	require.Regexp(t, "1[01] of 11 labelled rows flagged", r.stdout)
	require.Contains(t, r.stdout, `metrics: "cpu", "mem", "disk", "net_in"`)
	require.Contains(t, r.stdout, "against the labels")
	require.Contains(t, r.stdout, "preset metrics, as rows come every 1s")
}

func TestStandardInputAndGzip(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write([]byte(host(200)))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	plain := invoke(t, host(200), append(quick, "-in", "-")...)
	require.Zero(t, plain.code, plain.stderr)
	packed := invoke(t, zipped.String(), append(quick, "-in", "-")...)
	rows, _, _ := strings.Cut(plain.stdout, "trained on") // what follows holds the time that training took
	same, _, _ := strings.Cut(packed.stdout, "trained on")
	require.Equal(t, rows, same)
}

func TestSeriesPreset(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "m.model")
	r := invoke(t, host(300), "-in", "-", "-preset", "series", "-epochs", "20", "-save", model)
	require.Zero(t, r.code, r.stderr)
	r = invoke(t, host(300), "-in", "-", "-load", model)
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "preset series")
}

func TestMissingValuesAreCountedAndNotFlagged(t *testing.T) {
	lines := strings.Split(host(200), "\n")
	lines[10] = "2026-03-01T10:10:00Z,,60,15,2500000,0"
	dir := t.TempDir()
	out := filepath.Join(dir, "o.csv")
	r := invoke(t, strings.Join(lines, "\n"), append(quick, "-in", "-", "-out", out, "-report", filepath.Join(dir, "r.html"))...)
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "1 more rows have missing values")
	row := table(t, out)[10]
	require.Equal(t, []string{"10", "2026-03-01T10:10:00Z", "", "60", "15", "2500000", ""}, row[:7])
	require.Equal(t, []string{"", "false", ""}, row[8:])
}

func TestNoTimesNoLabels(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o.csv")
	r := invoke(t, host(200), append(quick, "-in", "-", "-time", "-", "-label", "-", "-columns", "cpu,mem", "-out", out)...)
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, "row,cpu,mem,energy,threshold,p_value,anomalous,top_metric", strings.Join(table(t, out)[0], ","))
	require.NotContains(t, r.stdout, "labels")
}

func TestExclude(t *testing.T) {
	for _, ranges := range []string{"50,90", "50-50,90-90", "2026-03-01T10:50..2026-03-01T10:51,2026-03-01T11:30:00Z..2026-03-01T11:31:00Z"} {
		r := invoke(t, host(200), append(quick, "-in", "-", "-exclude", ranges)...)
		require.Zero(t, r.code, r.stderr)
		require.Contains(t, r.stdout, "trained on 198 of 200 rows (0 incomplete, 2 excluded)", ranges)
	}
}

// TestBadInput holds that a mistake gives one line that says what and where, the status 2, and no file.
func TestBadInput(t *testing.T) {
	good := save(t, "good.csv", host(120))
	model := save(t, "broken.model", `{"format":"dagmm-model","version":1`)
	broken := strings.Replace(host(120), "2026-03-01T10:11:00Z,", "2026-03-01T10:11:00Z,oops", 1)
	for _, c := range []struct {
		name, stdin string
		args        []string
		want        []string
	}{
		{"not a number", broken, []string{"-in", "-"}, []string{"standard input", "line 12", `column "cpu"`, "-columns"}},
		{"no such column", host(120), []string{"-in", "-", "-columns", "cpu,swap"}, []string{`"swap"`, "standard input"}},
		{"no such label", "", []string{"-in", good, "-label", "bad"}, []string{`"bad"`, "good.csv"}},
		{"no such file", "", []string{"-in", "nowhere.csv"}, []string{"nowhere.csv"}},
		{"empty", "", []string{"-in", "-"}, []string{"standard input"}},
		{"too few rows", "cpu,mem\n1,2\n3,4\n", []string{"-in", "-"}, []string{"2 usable rows", "standard input"}},
		{"all constant", "cpu,mem\n" + strings.Repeat("1,2\n", 50), []string{"-in", "-"}, []string{"constant"}},
		{"ragged", host(50) + "1,2\n", []string{"-in", "-"}, []string{"line 52"}},
		{"infinite", strings.Replace(host(50), "T10:05:00Z,", "T10:05:00Z,1e999,", 1), []string{"-in", "-"}, []string{"line 6"}},
		{"broken model", "", []string{"-in", good, "-load", model}, []string{"broken.model"}},
		{"no model", "", []string{"-in", good, "-load", "nowhere.model"}, []string{"nowhere.model"}},
		{"unknown flag", "", []string{"-colums", "cpu"}, []string{"-colums", "-help"}},
		{"stray argument", "", []string{"host.csv"}, []string{"host.csv", "-in"}},
		{"preset", "", []string{"-preset", "papers"}, []string{"paper"}},
		{"quantile", "", []string{"-quantile", "99"}, []string{"99"}},
		{"epochs", "", []string{"-epochs", "-1"}, []string{"-1"}},
		{"seed with load", "", []string{"-load", "m", "-seed", "3"}, []string{"-seed", "-load"}},
		{"sentinel", "", []string{"-sentinels", "none"}, []string{"sentinels", `"none"`}},
		{"header", "", []string{"-header", "three"}, []string{"header"}},
		{"exclude", "", []string{"-exclude", "ten"}, []string{"ten"}},
		{"exclude nothing", "", []string{"-in", good, "-exclude", "500-600"}, []string{"500-600", "120 rows"}},
		{"exclude time", "", []string{"-in", good, "-exclude", "noon..one"}, []string{"noon"}},
		{"counter without time", "", []string{"-in", good, "-time", "-", "-counters", "net"}, []string{`"net"`, "-time"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			before := save(t, "old.csv", "as it was")
			args := append([]string{"-out", before, "-report", filepath.Join(dir, "r.html")}, c.args...)
			r := invoke(t, c.stdin, args...)
			require.Equal(t, 2, r.code, r.stderr)
			require.Equal(t, 1, strings.Count(r.stderr, "\n"), r.stderr)
			for _, want := range c.want {
				require.Contains(t, r.stderr, want)
			}
			require.Empty(t, names(t, dir), "nothing is written")
			require.Equal(t, []string{"old.csv"}, names(t, filepath.Dir(before)))
			kept, err := os.ReadFile(before)
			require.NoError(t, err)
			require.Equal(t, "as it was", string(kept))
		})
	}
}

func TestModelsColumnsAreLookedUpByName(t *testing.T) {
	dir := t.TempDir()
	model, out := filepath.Join(dir, "m.model"), filepath.Join(dir, "o.csv")
	require.Zero(t, invoke(t, host(200), append(quick, "-in", "-", "-columns", "net,cpu", "-save", model)...).code)
	r := invoke(t, host(60), "-in", "-", "-load", model, "-out", out)
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, []string{"row", "time", "net", "cpu"}, table(t, out)[0][:4])

	r = invoke(t, strings.Replace(host(60), "net", "lan", 1), "-in", "-", "-load", model)
	require.Equal(t, 2, r.code)
	require.Contains(t, r.stderr, `"net"`)
	require.Contains(t, r.stderr, "the model "+model+" was trained on it")
}

func TestOutputsThatCannotBe(t *testing.T) {
	in := save(t, "host.csv", host(120))
	dir := t.TempDir()
	same := filepath.Join(dir, "same")
	for name, args := range map[string][]string{
		"no folder":  {"-in", in, "-out", filepath.Join(dir, "no", "o.csv")},
		"a folder":   {"-in", in, "-out", dir},
		"the input":  {"-in", in, "-out", in},
		"same twice": {"-in", in, "-out", same, "-report", same},
	} {
		r := invoke(t, "", append(quick, args...)...)
		require.Equal(t, 2, r.code, name)
		require.Equal(t, 1, strings.Count(r.stderr, "\n"), r.stderr)
		require.Empty(t, names(t, dir), name)
	}
	kept, err := os.ReadFile(in)
	require.NoError(t, err)
	require.Equal(t, host(120), string(kept))
}

func TestCanceledLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	var out, err bytes.Buffer
	code := run(ctx, []string{"-in", "-", "-out", filepath.Join(dir, "o.csv")}, strings.NewReader(host(200)), &out, &err)
	require.Equal(t, 1, code)
	require.Contains(t, err.String(), "canceled")
	require.Empty(t, names(t, dir))
}

func TestHelp(t *testing.T) {
	r := invoke(t, "", "-help")
	require.Zero(t, r.code)
	require.Empty(t, r.stderr)
	for _, name := range []string{"in", "columns", "time", "label", "out", "report", "save", "onnx", "load", "seed", "quantile", "epochs", "preset", "counters", "sentinels"} {
		require.Contains(t, r.stdout, "  -"+name+" ")
	}
}

func TestReportHoldsTheFlaggedRows(t *testing.T) {
	page := filepath.Join(t.TempDir(), "r.html")
	in := save(t, "host.csv", host(200))
	require.Zero(t, invoke(t, "", append(quick, "-in", in, "-report", page)...).code)
	b, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(b), "<h1>host.csv</h1>")
	require.Contains(t, string(b), `"sentence":"mem is 97`)
}

// Too few rows for the columns: the error says how many are needed, names the flag that helps
// where it does, and nothing lists thousands of names.
func TestFewRowsAndManyColumns(t *testing.T) {
	wide := func(rows, columns int) string {
		var b strings.Builder
		b.WriteString("time")
		for c := range columns {
			fmt.Fprintf(&b, ",counter %d", c+1)
		}
		for i := range rows {
			fmt.Fprintf(&b, "\n%d", 1710409800+60*i)
			for c := range columns {
				fmt.Fprintf(&b, ",%d", i*(c+3)%17)
			}
		}
		return b.String()
	}
	r := invoke(t, wide(120, 5000), "-in", "-")
	require.Equal(t, 2, r.code)
	require.Contains(t, r.stderr, "120 usable rows of 120 (0 incomplete, 0 excluded), need at least 5003 for 5000 columns")
	require.Contains(t, r.stderr, "name fewer metrics, which have values in the same rows, in -columns")
	require.Less(t, len(r.stderr), 400)
	require.Less(t, len(r.stdout), 4000)
	require.Contains(t, r.stdout, `"counter 30" and 4970 more`)
	require.NotContains(t, r.stdout, "counter 4000")
	r = invoke(t, wide(120, 5000), append(quick, "-in", "-", "-columns", "counter 7,counter 20")...)
	require.Zero(t, r.code, r.stderr)

	r = invoke(t, wide(120, 5000), "-in", "-", "-columns", "net")
	require.Equal(t, 2, r.code)
	require.Contains(t, r.stderr, `there is no column "net"; the file has "time", "counter 1"`)
	require.Contains(t, r.stderr, "and 4989 more")
	require.Less(t, len(r.stderr), 400)

	r = invoke(t, wide(1, 2), "-in", "-")
	require.Equal(t, 2, r.code)
	require.Contains(t, r.stderr, "1 usable row of 1 (0 incomplete, 0 excluded), need at least 5 for 2 columns")
	require.NotContains(t, r.stderr, "-columns", "which does not help")
}
