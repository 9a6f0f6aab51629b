package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm"
)

func TestUnits(t *testing.T) {
	names := []string{"cpu", "CPU usage [%]", "temp (°C)", "in (bytes)", "out (bytes)", "disk (2)", "load (5 min)", "net_in"}
	r := &dagmm.Reading{Counters: []string{"in (bytes)"}, Scale: map[string]float64{"out (bytes)": 8}}
	require.Equal(t, []string{"", "%", "°C", "bytes/s", "", "", "", ""}, units(&options{in: []string{"host.csv"}}, names, nil, r))
	require.Equal(t, []string{"s", "B"}, units(&options{in: []string{"host.csv"}}, []string{"wait (ms)", "mem [MiB]"}, []string{"s", "B"}, &dagmm.Reading{}), "the cells' units count")
	require.Equal(t, []string{"%", "", "", "", "", "", "", "bit/s"}, units(&options{}, names, nil, &dagmm.Reading{}))
}
