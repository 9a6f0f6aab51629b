package main

import (
	"bytes"
	"context"
	"flag"
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
	o.dir = t.TempDir()
	d, _, err := o.drive()
	require.NoError(t, err)
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

// The demonstration says in plain words that all is well.
func TestDemo(t *testing.T) {
	t.Setenv(asProgram, "1")
	var out, err bytes.Buffer
	require.Equal(t, 0, run(t.Context(), []string{"-hosts", "6", "-samples", "300"}, &out, &err), err.String())
	require.Contains(t, out.String(), "Nothing was lost and nothing came twice")
	require.Contains(t, out.String(), "Hand-over after a worker's death")
}

func TestArguments(t *testing.T) {
	var out bytes.Buffer
	require.Equal(t, 2, run(t.Context(), []string{"-role", "king"}, &out, &out))
	require.Contains(t, out.String(), `there is no role "king"`)
	require.Equal(t, 2, run(t.Context(), []string{"-king"}, &out, &out))
	require.Equal(t, 2, run(t.Context(), []string{"demo"}, &out, &out))
	out.Reset()
	require.Equal(t, 0, run(t.Context(), []string{"-help"}, &out, &out))
	// The help has each flag in a group.
	f := flag.NewFlagSet("", flag.ContinueOnError)
	o := &options{}
	o.settingsFlags(f)
	o.processFlags(f)
	o.demoFlags(f)
	f.VisitAll(func(f *flag.Flag) { require.Contains(t, out.String(), "\n  -"+f.Name+" ") })
}
