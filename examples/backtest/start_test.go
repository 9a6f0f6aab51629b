package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// Ten minutes don't show what comes once a day: the output says so, and -budget 0 shows what
// the quantile flags, with a mark where that is ordinary by its p-value.
func TestStartIsExplained(t *testing.T) {
	recording := []string{"-in", "../flagcsv/sample/recording.csv", "-steps", "2000"}
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), recording, &out, &out))
	require.Contains(t, out.String(), "trained on 600 rows with preset metrics, as rows come every 1s")
	require.Contains(t, out.String(), "1 alarm in 10m, 0 false; 2 of 2 incidents found")
	require.Regexp(t, `the threshold starts at [\d.]+, above the highest training energy of [\d.]+: 10m0s of training cannot show what comes once a day`, out.String())
	out.Reset()
	require.NoError(t, run(context.Background(), append(recording, "-budget", "0", "-share", "0.4"), &out, &out))
	require.NotContains(t, out.String(), "the threshold starts")
	require.Contains(t, out.String(), "3 of 3 incidents found")
	require.Regexp(t, `0\.\d+ weak `, out.String())
	require.Contains(t, out.String(), "\nweak: more than 5 %")
}

// A day and a half of samples a minute apart show it.
func TestNoWordOfALongTraining(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-in", write(t, true), "-steps", "200", "-budget", "20"}, &out, &out))
	require.NotContains(t, out.String(), "the threshold starts")
}
