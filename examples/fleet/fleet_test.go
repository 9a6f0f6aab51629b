package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/examples/fleet/drive"
)

// asProgram lets the test binary be the program: the children of a run are this binary.
const asProgram = "FLEET_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// fleet is a small fleet whose children are the test binary.
func fleet(t *testing.T, args ...string) drive.Options {
	o, err := parse(args, os.Stderr)
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	d := o.drive(self, t.TempDir())
	d.Env = []string{asProgram + "=1"}
	d.Out = writer{t}
	return d
}

type writer struct{ t *testing.T }

func (w writer) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimRight(string(p), "\n"))
	return len(p), nil
}

// Whatever goes wrong, the alarms are those of one Monitor, byte for byte. ANOMALY_LONG=1 makes it
// sixty faults.
func TestFaults(t *testing.T) {
	args := []string{"-hosts", "10", "-samples", "400", "-rate", "400", "-retrain", "6h", "-kills", "0", "-trainers", "1", "-faults", "9", "-seed", "7"}
	longest := 2 * time.Minute
	if os.Getenv("ANOMALY_LONG") != "" {
		args = append(args, "-hosts", "24", "-rate", "600", "-faults", "60")
		longest = 10 * time.Minute
	}
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	r, err := drive.Run(ctx, fleet(t, args...))
	require.NoError(t, err)
	t.Log(r)
	require.True(t, r.OK())
	require.Positive(t, r.Events)
	require.Positive(t, r.TwiceSent)
	require.Positive(t, r.LateSent)
}

func TestArguments(t *testing.T) {
	var out bytes.Buffer
	require.Equal(t, 2, run(t.Context(), []string{"-role", "king"}, &out, &out))
	require.Contains(t, out.String(), `there is no role "king"`)
	require.Equal(t, 2, run(t.Context(), []string{"-king"}, &out, &out))
	require.Equal(t, 0, run(t.Context(), []string{"-help"}, &out, &out))
}
