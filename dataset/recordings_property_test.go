package dataset

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// However the rows of hosts are mixed, each host's table is the one that a file of its rows alone
// gives.
func TestRecordingsAreAsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const header = "time,host,cpu,net,gpu,label\n"
		hosts := rapid.IntRange(1, 4).Draw(t, "hosts")
		alone := make([]strings.Builder, hosts)
		next := make([]int, hosts)
		var mixed strings.Builder
		mixed.WriteString(header)
		start := time.Date(2024, 3, 14, 9, 0, 0, 0, time.UTC)
		for range rapid.IntRange(hosts, 60).Draw(t, "rows") {
			h := rapid.IntRange(0, hosts-1).Draw(t, "host")
			cell := func(name string) string {
				if rapid.IntRange(0, 4).Draw(t, "missing "+name) == 0 {
					return ""
				}
				return fmt.Sprint(rapid.IntRange(0, 1000).Draw(t, name))
			}
			gpu := ""
			if h > 0 { // the first host has none
				gpu = cell("gpu")
			}
			next[h] += rapid.IntRange(1, 90).Draw(t, "step")
			row := fmt.Sprintf("%s,h%d,%d,%s,%s,%d\n", start.Add(time.Duration(next[h])*time.Second).Format(time.DateTime), h,
				rapid.IntRange(0, 100).Draw(t, "cpu"), cell("net"), gpu, rapid.IntRange(0, 1).Draw(t, "label"))
			mixed.WriteString(row)
			alone[h].WriteString(row)
		}
		opt := CSVOptions{Key: "host", Time: "time", Label: "label", Header: HeaderOne, Series: []string{None}}
		got, err := ReadRecordings(strings.NewReader(mixed.String()), opt)
		require.NoError(t, err)
		for _, r := range got.Each {
			var h int
			_, err := fmt.Sscanf(r.Key, "h%d", &h)
			require.NoError(t, err)
			require.NoError(t, r.Err)
			want, err := ReadCSV(strings.NewReader(header+alone[h].String()), opt)
			require.NoError(t, err)
			require.Equal(t, want.Columns, r.Table.Columns)
			require.Equal(t, want.Times, r.Table.Times)
			require.Equal(t, want.Labels, r.Table.Labels)
			rows, _ := want.X.Dims()
			for i := range rows {
				require.Equal(t, fmt.Sprint(want.X.RawRowView(i)), fmt.Sprint(r.Table.X.RawRowView(i)))
			}
		}
	})
}
