package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTableRows(t *testing.T) {
	var out bytes.Buffer
	tab := &table{w: &out}
	require.NoError(t, tab.writeHeader())
	require.NoError(t, tab.write(Sample{Time: epoch, CPU: 12.34567, Mem: 40, Disk: 0, NetIn: 1234567.8}, true))
	require.NoError(t, tab.write(Sample{Time: epoch, CPU: math.NaN(), Mem: 40, Disk: math.NaN(), NetIn: math.NaN()}, false))
	require.Equal(t, `time,cpu,mem,disk,net_in
2026-03-01T12:00:00.000Z,12.346,40.000,0.000,1234568
2026-03-01T12:00:00.000Z,,40.000,,
`, out.String())
}

func TestTableLabels(t *testing.T) {
	var out bytes.Buffer
	tab := &table{w: &out, labelled: true}
	require.NoError(t, tab.writeHeader())
	require.NoError(t, tab.write(Sample{Time: epoch}, true))
	require.NoError(t, tab.write(Sample{Time: epoch}, false))
	require.Equal(t, `time,cpu,mem,disk,net_in,label
2026-03-01T12:00:00.000Z,0.000,0.000,0.000,0,1
2026-03-01T12:00:00.000Z,0.000,0.000,0.000,0,0
`, out.String())
}

// writes keeps the end of each write, each of which may be the last one to reach the disk.
type writes struct {
	ends []byte
}

func (w *writes) Write(p []byte) (int, error) {
	w.ends = append(w.ends, p[len(p)-1])
	return len(p), nil
}

func TestTableWritesWholeLines(t *testing.T) {
	w := new(writes)
	tab := &table{w: w}
	require.NoError(t, tab.writeHeader())
	require.NoError(t, tab.write(Sample{Time: epoch}, false))
	require.Equal(t, []byte("\n\n"), w.ends)
}

func TestOpenOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "host.csv")
	f, fresh, err := openOut(path, header+"\n", false)
	require.NoError(t, err)
	require.True(t, fresh)
	_, err = f.WriteString(header + "\nrow\n")
	require.NoError(t, err)
	require.NoError(t, f.Close())

	_, _, err = openOut(path, header+"\n", false)
	require.ErrorContains(t, err, "add -append")
	_, _, err = openOut(path, header+",label\n", true)
	require.ErrorContains(t, err, "doesn't start with")

	f, fresh, err = openOut(path, header+"\n", true)
	require.NoError(t, err)
	require.False(t, fresh)
	_, err = f.WriteString("half a li")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	_, _, err = openOut(path, header+"\n", true)
	require.ErrorContains(t, err, "half a line")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, header+"\nrow\nhalf a li", string(content))
}

func TestOpenOutExtendsNothing(t *testing.T) {
	f, fresh, err := openOut(filepath.Join(t.TempDir(), "new.csv"), header+"\n", true)
	require.NoError(t, err)
	require.True(t, fresh)
	require.NoError(t, f.Close())
}
