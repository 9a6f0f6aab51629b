package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dataset"
)

func TestReportRanksBrokenRelationFirst(t *testing.T) {
	var in strings.Builder
	in.WriteString("time,cpu,mem,disk,net_in,label\n")
	rng := rand.New(rand.NewPCG(1, 1))
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range 300 {
		load, label := rng.NormFloat64(), 0
		net := load
		if i == 150 {
			load, net, label = -1.5, 1.5, 1
		}
		fmt.Fprintf(&in, "%s,%f,%f,%f,%f,%d\n", at.Add(time.Duration(i)*time.Second).Format(time.RFC3339),
			30+8*load+rng.NormFloat64(), 40+rng.NormFloat64(), 20+4*load+rng.NormFloat64(),
			1e6*math.Exp(net+rng.NormFloat64()/8), label)
	}
	table, err := dataset.ReadCSV(strings.NewReader(in.String()), options())
	require.NoError(t, err)
	r, err := newRecording(table)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, r.report(&out))
	lines := strings.Split(out.String(), "\n")
	require.True(t, strings.HasPrefix(lines[1], "151 "), out.String())
	require.True(t, strings.HasSuffix(lines[1], " 1"), out.String())
	require.Contains(t, lines[2], "300 rows, 1 labelled (0.33 %), longest step 1s")
}

func TestRefuses(t *testing.T) {
	for _, in := range []string{
		"", "time,cpu\n", "time,cpu,mem,disk,net_in,label\nyesterday,1,2,3,4,0\n",
		"time,cpu,mem,disk,net_in\n2026-03-01T00:00:00Z,1,2,3,4\n",
		"time,cpu,mem,disk,net_in,label\n2026-03-01T00:00:00Z,1,2,3,4,maybe\n",
		"time,cpu,mem,disk,net_in,label\n2026-03-01T00:00:00Z,1,,3,4,0\n",
	} {
		table, err := dataset.ReadCSV(strings.NewReader(in), options())
		if err == nil {
			_, err = newRecording(table)
		}
		require.Error(t, err, in)
	}
}
