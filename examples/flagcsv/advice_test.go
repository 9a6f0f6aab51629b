package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dataset"
)

// What an error advises is in it word for word, and works as it stands on a command line.
func TestAdviceOfErrors(t *testing.T) {
	for _, c := range []struct {
		file    string
		advice  []string // parts of the error
		columns int
	}{
		{"long_disks.csv", []string{`-series "DEV"`}, 27},
		{"long_disks.csv", []string{`-series "-"`}, 9},
		{"long_k6.csv", []string{`-series "metric_name"`, `-value "metric_value"`}, 3},
		{"long_hosts.csv", []string{`-host "host"`}, 2},
		{"long_hosts.csv", []string{`-series "host"`}, 4},
		{"long_hosts_disks.csv", []string{`-host "hostname"`, `-series "DEV"`}, 8},
		{"long_hosts_disks.csv", []string{`-series "hostname,DEV"`}, 16},
		{"long_perf.csv", []string{`-series "4"`, `-time "1"`}, 8},
		{"two_tables.csv", []string{`-skip-lines 8`}, 3},
		{"two_tables.csv", []string{`-skip-bad-rows`}, 3},
		{"two_tables_longer.csv", []string{`-skip-lines 15`}, 3},
		{"joined_differ.csv", []string{`-skip-lines 6`}, 2},
		{"columns_gone.csv", []string{`-skip-lines 9`}, 4},
		{"columns_gone.csv", []string{`-skip-bad-rows`}, 6},
		{"total_row.csv", []string{`-skip-bad-rows`}, 2},
		{"date_clock.csv", []string{`-time-layout "1/2/2006 15:04:05"`}, 2},
		{"date_clock.csv", []string{`-time "-"`}, 2},
		{"telegraf_mixed.csv", []string{`-skip-bad-rows`}, 2},
		{"label_sparse.csv", []string{`-normal ""`}, 1},
		{"label_sparse.csv", []string{`-label "-"`}, 1},
		{"epoch_rounded.csv", []string{`-time "-"`}, 5},
	} {
		t.Run(c.file, func(t *testing.T) {
			path := filepath.Join("..", "..", "dataset", "testdata", "forms", c.file)
			args := []string{"-in", path}
			o, err := parse(args, nil)
			require.NoError(t, err)
			_, err = firstTable(o)
			require.Error(t, err)
			for _, a := range c.advice {
				require.Contains(t, err.Error(), a)
				flag, value, given := strings.Cut(a, " ")
				args = append(args, flag)
				if given {
					args = append(args, unquote(t, value))
				}
			}
			o, err = parse(args, nil)
			require.NoError(t, err)
			first, err := firstTable(o)
			require.NoError(t, err)
			require.Len(t, first.Columns, c.columns)
		})
	}
}

// firstTable reads the table, or that of the first of several hosts.
func firstTable(o *options) (*dataset.Table, error) {
	if o.csv.Key != "" {
		f, err := readHosts(o, nil)
		if err != nil {
			return nil, err
		}
		return f.jobs[0].table, nil
	}
	j, err := read(o, nil)
	if err != nil {
		return nil, err
	}
	return j.table, nil
}

// What a note says of a column of few texts works too.
func TestAdviceOfNotes(t *testing.T) {
	var b strings.Builder
	b.WriteString("time,site,cpu,mem\n")
	for i := range 60 {
		fmt.Fprintf(&b, "2024-03-14 09:%02d:00,%s,%d,%d\n", i, []string{"north", "south"}[i/30], i*7%13, i*5%11)
	}
	path := save(t, "sites.csv", b.String())
	r := invoke(t, "", append(quick, "-in", path)...)
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, `column "site" holds 2 different texts: if they name hosts or metrics, give -host "site" to read the rows of each by themselves`)
	r = invoke(t, "", append(quick, "-in", path, "-host", "site")...)
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "== north: ")
}

var quotedValue = regexp.MustCompile(`^".*"$`)

func unquote(t *testing.T, s string) string {
	if !quotedValue.MatchString(s) {
		return s
	}
	v, err := strconv.Unquote(s)
	require.NoError(t, err)
	return v
}
