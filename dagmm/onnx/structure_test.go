package onnx

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
)

var update = flag.Bool("update", false, "write what graphs look like into testdata")

// stored is a model that was written once and for all.
func stored(t testing.TB, name string) kind {
	t.Helper()
	m, err := dagmm.LoadFile(filepath.Join("..", "testdata", "v1", name+".model.json"))
	require.NoError(t, err)
	return kind{Model: m, x: host(200, 1).Slice(0, 200, 0, len(m.Columns())).(*mat.Dense)}
}

// outline lists the graph, without the numbers.
func (f *file) outline() string {
	var b strings.Builder
	fmt.Fprintf(&b, "IR version %d, opset %d, %s\n", f.ir, f.opset, f.producer)
	ports := func(what string, list []port) {
		for _, p := range list {
			dims := strings.ReplaceAll(fmt.Sprint(p.dims), fmt.Sprint(rows), rowsName)
			fmt.Fprintf(&b, "%s %s type %d %s: %s\n", what, p.name, p.kind, dims, p.doc)
		}
	}
	ports("input", f.inputs)
	ports("output", f.outputs)
	for _, t := range f.tensors {
		fmt.Fprintf(&b, "%s type %d %v\n", t.name, t.kind, t.dims)
	}
	for _, n := range f.nodes {
		fmt.Fprintf(&b, "%s = %s(%s)", n.output, n.op, strings.Join(n.inputs, ", "))
		for _, a := range n.attributes {
			fmt.Fprintf(&b, " %s=%v", a.name, a.values)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// A file of format version 1 has these operators, names and shapes.
func TestStructure(t *testing.T) {
	for name, opt := range map[string]Options{"series": {}, "paper": {Float32: true}} {
		var b bytes.Buffer
		require.NoError(t, Write(&b, stored(t, name).Model, opt))
		got := decode(b.Bytes()).outline()
		path := filepath.Join("testdata", name+".txt")
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), got, "go test -update writes it anew")
	}
}

// Whatever the model: each value is made once and before it is read, and each is read.
func TestNothingIsLoose(t *testing.T) {
	bothPrecisions(t, func(t *testing.T, k kind, opt Options) {
		f := decode(write(t, k.Model, opt))
		made, read := map[string]bool{}, map[string]bool{}
		define := func(name string) {
			require.False(t, made[name], name)
			made[name] = true
		}
		for _, p := range f.inputs {
			define(p.name)
		}
		for _, c := range f.tensors {
			define(c.name)
			constant(c)
		}
		for _, n := range f.nodes {
			for _, in := range n.inputs {
				require.True(t, made[in], "%s reads %s", n.output, in)
				read[in] = true
			}
			define(n.output)
		}
		for _, p := range f.outputs {
			require.True(t, made[p.name], p.name)
			read[p.name] = true
		}
		for name := range made {
			require.True(t, read[name], "nothing reads %s", name)
		}
	})
}
