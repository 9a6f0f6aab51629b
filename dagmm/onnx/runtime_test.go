package onnx

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// runtimeVariable names the folder in which npm has installed onnxruntime-node; .ci/run sets it.
// Where it is not set, the test looks for the package as Node does, and is skipped without it.
const runtimeVariable = "ANOMALY_ONNXRUNTIME"

// runtime is onnxruntime in a process of Node.
type runtime struct {
	t   testing.TB
	in  io.Writer
	out *bufio.Reader
}

// nodeCommand is a command of Node that finds onnxruntime-node.
func nodeCommand(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	folder, required := os.LookupEnv(runtimeVariable)
	missing := t.Skipf
	if required {
		missing = t.Fatalf
	}
	path, err := exec.LookPath("node")
	if err != nil {
		missing("there is no Node: %v", err)
	}
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command(path, args...)
		if required {
			cmd.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(folder, "node_modules"))
		}
		return cmd
	}
	if out, err := command("-e", "require('onnxruntime-node')").CombinedOutput(); err != nil {
		missing("there is no onnxruntime-node; .ci/run onnx installs it: %v\n%s", err, out)
	}
	return command(args...)
}

func startRuntime(t testing.TB) *runtime {
	t.Helper()
	cmd := nodeCommand(t, filepath.Join("testdata", "server.js"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		require.NoError(t, cmd.Wait())
	})
	return &runtime{t, in, bufio.NewReaderSize(out, 1<<20)}
}

// wire is an array on its way.
type wire struct {
	Type string `json:"type"`
	Dims []int  `json:"dims"`
	Data []byte `json:"data"`
}

type request struct {
	Session string          `json:"session"`
	File    []byte          `json:"file,omitempty"`
	Inputs  map[string]wire `json:"inputs,omitempty"`
}

type reply struct {
	Error   string          `json:"error"`
	Outputs map[string]wire `json:"outputs"`
}

func (r *runtime) ask(q request) reply {
	r.t.Helper()
	text, err := json.Marshal(q)
	require.NoError(r.t, err)
	_, err = r.in.Write(append(text, '\n'))
	require.NoError(r.t, err)
	line, err := r.out.ReadBytes('\n')
	require.NoError(r.t, err)
	var a reply
	require.NoError(r.t, json.Unmarshal(line, &a))
	return a
}

// load makes an engine of a file.
func (r *runtime) load(name string, text []byte) engine {
	require.Empty(r.t, r.ask(request{Session: name, File: text}).Error)
	return func(inputs map[string]array) map[string]array {
		q := request{Session: name, Inputs: map[string]wire{}}
		for name, v := range inputs {
			q.Inputs[name] = toWire(v)
		}
		a := r.ask(q)
		require.Empty(r.t, a.Error)
		out := map[string]array{}
		for name, v := range a.Outputs {
			out[name] = fromWire(v)
		}
		return out
	}
}

var wireTypes = map[dataType]string{typeDouble: "float64", typeFloat: "float32", typeInt64: "int64", typeBool: "bool"}

func toWire(v array) wire {
	raw := []byte{} // nil would be null
	for _, x := range v.data {
		switch v.kind {
		case typeDouble:
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(x))
		case typeFloat:
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(x)))
		case typeInt64:
			raw = binary.LittleEndian.AppendUint64(raw, uint64(int64(x)))
		}
	}
	return wire{wireTypes[v.kind], v.dims, raw}
}

func fromWire(w wire) array {
	for kind, name := range wireTypes {
		if name == w.Type {
			return constant(tensor{kind: kind, dims: w.Dims, raw: w.Data})
		}
	}
	panic(fmt.Sprintf("type %s", w.Type))
}

// onnxruntime says what the model says.
func TestRuntimeAgrees(t *testing.T) {
	r := startRuntime(t)
	bothPrecisions(t, func(t *testing.T, k kind, opt Options) {
		r.t = t
		agree(t, k, opt, r.load(t.Name(), write(t, k.Model, opt)), 200)
	})
}

func TestRuntimePValuesAreTheModels(t *testing.T) { checkPValues(t, startRuntime(t).load) }

func TestRuntimeBatch(t *testing.T) { checkBatch(t, startRuntime(t).load) }
