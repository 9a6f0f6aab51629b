package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// totals is an export of n rows in which net is a running total of bytes and -1 stands for no
// value of mem.
func totals(n int) string {
	rng := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	b.WriteString("ts,cpu,mem,net\n")
	start := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	total := 0
	for i := range n {
		load := .5 + .1*rng.NormFloat64()
		total += int(60e6 * load)
		mem := 40 + 20*load
		if i%50 == 7 {
			mem = -1
		}
		fmt.Fprintf(&b, "%s,%.2f,%.2f,%d\n", start.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), 100*load, mem, total)
	}
	return b.String()
}

// A model knows how its rows were read: other rows are read the same way without a word, and
// flags that say otherwise are refused.
func TestLoadReadsAsInTraining(t *testing.T) {
	dir := t.TempDir()
	in, model := save(t, "totals.csv", totals(300)), filepath.Join(dir, "m.model")
	out, again := filepath.Join(dir, "out.csv"), filepath.Join(dir, "again.csv")
	settings := []string{"-counters", "NET", "-sentinels", "mem=-1", "-scale", "net=8", "-missing", "gone"}
	r := invoke(t, "", append(append(quick, "-in", in, "-save", model, "-out", out), settings...)...)
	require.Zero(t, r.code, r.stderr)
	r = invoke(t, "", "-in", in, "-load", model, "-out", again)
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, table(t, out), table(t, again))
	for _, same := range [][]string{
		{"-counters", "net", "-scale", "net=8"}, {"-counters", "NET", "-scale", "Net=8"}, {"-counters", "4", "-scale", "4=8"},
		{"-sentinels", "Mem=-1"}, {"-sentinels", "3=-1,mem=-1"}, {"-sentinels", "3=-1", "-sentinels", "mem=-1"}, {"-missing", "gone"},
	} {
		r = invoke(t, "", append([]string{"-in", in, "-load", model}, same...)...)
		require.Zero(t, r.code, "the same settings are no contradiction: %v: %s", same, r.stderr)
	}
	shouted := save(t, "shouted.csv", strings.Replace(totals(300), "ts,cpu,mem,net", "TS,CPU,Mem,NET", 1))
	r = invoke(t, "", "-in", shouted, "-load", model, "-out", again)
	require.Zero(t, r.code, "a column is found whatever the case of its name: %s", r.stderr)

	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"counters":  {[]string{"-counters", "cpu"}, []string{"-counters says cpu", "trained with the counters net"}},
		"sentinels": {[]string{"-sentinels", "-1"}, []string{"-sentinels says -1", "trained with none"}},
		"scale":     {[]string{"-scale", "net=1"}, []string{"-scale says net=1", "trained with the factors net:8"}},
		"missing":   {[]string{"-missing", "none at all"}, []string{"-missing says none at all", "trained with gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := invoke(t, "", append([]string{"-in", in, "-load", model}, c.args...)...)
			require.Equal(t, 2, r.code)
			require.Len(t, strings.Split(strings.TrimSpace(r.stderr), "\n"), 1)
			for _, want := range append(c.want, model) {
				require.Contains(t, r.stderr, want)
			}
		})
	}

	// A model that was trained on a plain file refuses settings, too.
	plain := filepath.Join(dir, "plain.model")
	r = invoke(t, host(200), append(quick, "-in", "-", "-save", plain)...)
	require.Zero(t, r.code, r.stderr)
	r = invoke(t, host(200), "-in", "-", "-load", plain, "-counters", "net")
	require.Equal(t, 2, r.code)
	require.Contains(t, r.stderr, "trained with the counters none")
}

// devices is an export with a row for each of two devices and time; rx is a running total.
func devices(n int) string {
	rng := rand.New(rand.NewPCG(5, 7))
	var b strings.Builder
	b.WriteString("ts,dev,busy,rx,queue\n")
	start := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	total := map[string]int{}
	for i := range n {
		for k, dev := range []string{"eth0", "eth1"} {
			total[dev] += 1000 + rng.IntN(500)*(k+1)
			fmt.Fprintf(&b, "%s,%s,%.2f,%d,%d\n", start.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), dev, 50+10*rng.NormFloat64(), total[dev], rng.IntN(9))
		}
	}
	return b.String()
}

// A model of series that became columns knows that too, in whatever way columns are named.
func TestLoadMakesColumnsOfSeries(t *testing.T) {
	dir := t.TempDir()
	in, model := save(t, "devices.csv", devices(200)), filepath.Join(dir, "m.model")
	out, again := filepath.Join(dir, "out.csv"), filepath.Join(dir, "again.csv")
	flags := []string{"-series", "dev", "-value", "busy,rx", "-counters", "rx", "-scale", "rx=8", "-sentinels", "busy=-1"}
	r := invoke(t, "", append(append(quick, "-in", in, "-save", model, "-out", out), flags...)...)
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, []string{"row", "time", "eth0/busy", "eth0/rx", "eth1/busy", "eth1/rx", "energy"}, table(t, out)[0][:7])
	for _, same := range [][]string{nil, flags, {"-series", "2", "-value", "Busy,4", "-counters", "RX"}} {
		r = invoke(t, "", append([]string{"-in", in, "-load", model, "-out", again}, same...)...)
		require.Zero(t, r.code, "%v: %s", same, r.stderr)
		require.Equal(t, table(t, out), table(t, again))
	}
	shouted := save(t, "shouted.csv", strings.Replace(devices(200), "ts,dev,busy,rx", "TS,Dev,Busy,RX", 1))
	r = invoke(t, "", "-in", shouted, "-load", model)
	require.Equal(t, 2, r.code)
	require.Contains(t, r.stderr, "was trained on it, with -series \"dev\" and -value \"busy,rx\"")

	for name, c := range map[string]struct{ args, want []string }{
		"other series": {[]string{"-series", "queue"}, []string{model + " was trained with -series \"dev\" and -value \"busy,rx\""}},
		"none":         {[]string{"-series", "-", "-value", ""}, []string{"-value"}},
		"other value":  {[]string{"-value", "busy"}, []string{"name it in -value", model + " was trained with -series \"dev\" and -value \"busy,rx\""}},
		"counters":     {[]string{"-counters", "queue"}, []string{"-counters"}},
		"scale":        {[]string{"-scale", "busy=2"}, []string{"-scale says busy=2", "trained with the factors rx:8"}},
		"sentinels":    {[]string{"-sentinels", "busy=-2"}, []string{"-sentinels says busy=-2", "trained with -1"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := invoke(t, "", append([]string{"-in", in, "-load", model}, c.args...)...)
			require.Equal(t, 2, r.code, r.stdout)
			require.Len(t, strings.Split(strings.TrimSpace(r.stderr), "\n"), 1)
			for _, want := range c.want {
				require.Contains(t, r.stderr, want)
			}
		})
	}
}

func TestPresetsByName(t *testing.T) {
	for _, name := range []string{"table", "paper-kddcup"} {
		t.Run(name, func(t *testing.T) {
			model := filepath.Join(t.TempDir(), "m.model")
			r := invoke(t, host(200), "-in", "-", "-preset", name, "-epochs", "3", "-save", model)
			require.Zero(t, r.code, r.stderr)
			r = invoke(t, host(200), "-in", "-", "-load", model)
			require.Zero(t, r.code, r.stderr)
			require.Contains(t, r.stdout, "preset "+name)
		})
	}
	require.Equal(t, []string{"autoencoder", "metrics", "paper", "paper-arrhythmia", "paper-kddcup", "paper-kddcup-rev", "paper-thyroid", "pca", "series", "table"}, presetNames())
}
