package onnx

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// program writes the program in a language that the documentation shows into a file.
func program(t *testing.T, language, path string) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "onnx.md"))
	require.NoError(t, err)
	found := regexp.MustCompile("(?s)\n```" + language + "\n(.*?)\n```\n").FindSubmatch(page)
	require.NotNil(t, found, "the page shows no program in %s", language)
	require.NoError(t, os.WriteFile(path, found[1], 0o600))
}

// checkProgram runs a program on models with and without recent levels.
func checkProgram(t *testing.T, command func(args ...string) *exec.Cmd) {
	for _, name := range []string{"series", "metrics"} {
		k := stored(t, name)
		dir := t.TempDir()
		model, rows := filepath.Join(dir, "host.onnx"), filepath.Join(dir, "rows.csv")
		require.NoError(t, WriteFile(model, k.Model, Options{}))
		k.x.Set(50, 2, math.NaN())
		k.x.Set(60, 0, 400)
		writeRows(t, rows, k)
		cmd := command(model, rows)
		cmd.Stderr = os.Stderr
		text, err := cmd.Output()
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		n, _ := k.x.Dims()
		require.Len(t, lines, n)
		stream := k.Stream()
		flagged := 0
		for i, line := range lines {
			want, err := stream.Next(k.x.RawRowView(i))
			require.NoError(t, err)
			fields := strings.Fields(strings.ToLower(line))
			require.Len(t, fields, 3, line)
			energy, err := strconv.ParseFloat(fields[0], 64)
			require.NoError(t, err)
			p, err := strconv.ParseFloat(fields[1], 64)
			require.NoError(t, err)
			if math.IsNaN(want.Energy) {
				require.True(t, math.IsNaN(energy) && math.IsNaN(p), line)
			} else {
				require.InDelta(t, want.Energy, energy, 1e-9*math.Max(1, math.Abs(want.Energy)))
				require.True(t, p >= k.PValue(want.Energy+1e-9) && p <= k.PValue(want.Energy-1e-9), line)
			}
			require.Equal(t, fmt.Sprint(want.Anomalous), fields[2], line)
			if want.Anomalous {
				flagged++
			}
		}
		require.Positive(t, flagged)
	}
}

func writeRows(t *testing.T, path string, k kind) {
	f, err := os.Create(path)
	require.NoError(t, err)
	w := csv.NewWriter(f)
	records := [][]string{k.Columns()}
	n, _ := k.x.Dims()
	for i := range n {
		var record []string
		for _, v := range k.x.RawRowView(i) {
			text := ""
			if v == v {
				text = strconv.FormatFloat(v, 'g', -1, 64)
			}
			record = append(record, text)
		}
		records = append(records, record)
	}
	require.NoError(t, w.WriteAll(records))
	require.NoError(t, f.Close())
}

func TestProgramForNode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "score.js")
	program(t, "js", path)
	checkProgram(t, func(args ...string) *exec.Cmd { return nodeCommand(t, append([]string{path}, args...)...) })
}

func TestProgramForPython(t *testing.T) {
	path := filepath.Join(t.TempDir(), "score.py")
	program(t, "python", path)
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skipf("there is no Python: %v", err)
	}
	if out, err := exec.Command(python, "-c", "import onnxruntime").CombinedOutput(); err != nil {
		t.Skipf("there is no onnxruntime for Python: %v\n%s", err, out)
	}
	checkProgram(t, func(args ...string) *exec.Cmd { return exec.Command(python, append([]string{path}, args...)...) })
}
