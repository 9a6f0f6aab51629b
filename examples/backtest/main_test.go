package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dataset"
)

func write(t *testing.T, labelled bool) string { return writeRows(t, labelled, 3000) }

// writeRows writes a recording of n rows with a fault in the rows from 2500 to 2519.
func writeRows(t *testing.T, labelled bool, n int) string {
	table, _, err := dataset.Generate(dataset.GenerateConfig{Rows: 3000, Seed: 4, Independent: true})
	require.NoError(t, err)
	var b strings.Builder
	b.WriteString("time," + strings.Join(table.Columns, ","))
	if labelled {
		b.WriteString(",label")
	}
	for i := range n {
		incident := i >= 2500 && i < 2520
		if incident {
			table.X.Set(i, 0, 100)
		}
		fmt.Fprintf(&b, "\n%s", table.Times[i].Format(time.RFC3339))
		for _, v := range table.X.RawRowView(i) {
			fmt.Fprintf(&b, ",%g", v)
		}
		if labelled {
			fmt.Fprintf(&b, ",%d", map[bool]int{true: 1}[incident])
		}
	}
	path := filepath.Join(t.TempDir(), "host.csv")
	require.NoError(t, os.WriteFile(path, []byte(b.String()+"\n"), 0o644))
	return path
}

func TestBacktest(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-in", write(t, true), "-steps", "200", "-html", page}, &out, &out))
	require.Regexp(t, `1 of 1 incident found, after (0s|1m0s)`, out.String())
	require.Contains(t, out.String(), "cpu")
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, want := range []string{`<path class="line"`, `class="mark-x"`, "<h1>Backtest of host.csv</h1>", "found by alarm 1"} {
		require.True(t, bytes.Contains(text, []byte(want)), want)
	}
	require.False(t, bytes.Contains(text, []byte("NaN")))
	require.False(t, regexp.MustCompile(`https?://`).Match(text), "nothing is loaded")
}

// No event tells of the last samples of an alarm that is open where the recording ends.
func TestAlarmOpenAtTheEnd(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-in", writeRows(t, true, 2512), "-share", ".6", "-open", "3", "-of", "5", "-steps", "200"}, &out, &out))
	require.Contains(t, out.String(), "1 of 1 incident found")
	require.Contains(t, out.String(), " 0 false")
	require.Regexp(t, `  (?:[4-9]|1[0-2])  +\w+  +[^ ]+  +yes`, out.String(), "samples of the alarm")
}

func TestWithoutLabels(t *testing.T) {
	path := write(t, false)
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-train", path, "-in", path, "-steps", "50"}, &out, &out))
	require.Contains(t, out.String(), "no labels")
}

func TestBadFlags(t *testing.T) {
	var out bytes.Buffer
	require.ErrorContains(t, run(context.Background(), nil, &out, &out), "-in")
	require.ErrorContains(t, run(context.Background(), []string{"-in", "x", "-share", "2"}, &out, &out), "-share")
	require.Error(t, run(context.Background(), []string{"-in", "nowhere.csv"}, &out, &out))
}
