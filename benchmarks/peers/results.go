package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/cpu"
)

//go:embed torch_dagmm.py
var torchScript []byte

// least keeps the least time of every case and how it was reached.
type least map[string]timed

type timed struct {
	ns  float64
	how string
}

func (l least) add(name string, ns float64, how string) {
	if old, ok := l[name]; !ok || ns < old.ns {
		l[name] = timed{ns, how}
	}
}

type results struct {
	library, torch least
	version        string // of PyTorch
}

func newResults() *results { return &results{library: least{}, torch: least{}} }

func (r *results) runTorch(python, script string, seconds float64) error {
	cmd := exec.Command(python, script, strconv.FormatFloat(seconds, 'g', -1, 64))
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", script, err)
	}
	return r.parseTorch(string(text))
}

// parseTorch reads lines of name, nanoseconds and variant.
func (r *results) parseTorch(text string) error {
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(fields) == 2 && fields[0] == "version" {
			r.version = fields[1]
			continue
		}
		if len(fields) != 3 {
			return fmt.Errorf("PyTorch side says %q", line)
		}
		ns, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			return fmt.Errorf("PyTorch side: %w", err)
		}
		r.torch.add(fields[0], ns, fields[2])
	}
	return nil
}

// cases pair a benchmark of the library with a case of the PyTorch side.
var cases = []struct {
	title, library, torch string
	rows                  float64 // scored in one call; 0: a training step
}{
	{"training step, 4-12-4-1, batch 128", "Step/d4_batch128", "Step/d4_batch128", 0},
	{"training step, 4-12-4-1, batch 1000", "Step/d4_batch1000", "Step/d4_batch1000", 0},
	{"training step, 118-60-30-10-1, batch 1024", "Step/d118_batch1024", "Step/d118_batch1024", 0},
	{"energy of one row", "Energy4D/reference", "Energy4D", 1},
	{"energy of one row, default preset", "Energy4D/default", "Energy4D", 1},
	{"energies of 100,000 rows", "Energies4D/reference/one_core", "Energies4D", 100000},
	{"energies of 100,000 rows, default preset", "Energies4D/default/one_core", "Energies4D", 100000},
}

// table is the comparison in Markdown.
func (r *results) table(now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, Go %s, PyTorch %s (float32), %s, one thread each.\n\n", cpuModel(), vectors(), strings.TrimPrefix(runtime.Version(), "go"), r.version, now.Format(time.DateOnly))
	b.WriteString("| | this library (float64) | PyTorch | ratio | PyTorch's best variant |\n|---|---:|---:|---:|---|\n")
	for _, c := range cases {
		l, ok := r.library[c.library]
		t, ok2 := r.torch[c.torch]
		if !ok || !ok2 {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %.3g | %s |\n", c.title, quantity(l.ns, c.rows), quantity(t.ns, c.rows), t.ns/l.ns, t.how)
	}
	return b.String()
}

// quantity prints a step in µs, one row in ns and many rows as a rate.
func quantity(ns, rows float64) string {
	switch rows {
	case 0:
		return fmt.Sprintf("%.4g µs", ns/1e3)
	case 1:
		return fmt.Sprintf("%.0f ns", ns)
	}
	return fmt.Sprintf("%.3g M rows/s", rows/ns*1e3)
}

// cpuModel is the processor's name, without the machine's.
func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// vectors is the widest instruction set of the library's kernels that is in use.
func vectors() string {
	limit := os.Getenv("ANOMALY_KERNEL")
	switch {
	case limit == "go" || runtime.GOARCH != "amd64":
	case cpu.X86.HasAVX512F && limit != "avx2":
		return "AVX-512"
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return "AVX2"
	}
	return "no SIMD"
}
