package main

import (
	_ "embed"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/cpu"
)

//go:embed torch_dagmm.py
var torchScript []byte

//go:embed sklearn_detectors.py
var sklearnScript []byte

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
	library        least
	torch, sklearn peer
}

func newResults() *results {
	return &results{
		library: least{},
		torch:   peer{name: "PyTorch", pkg: "torch", debian: "python3-torch", source: torchScript, times: least{}},
		sklearn: peer{name: "scikit-learn", pkg: "sklearn", debian: "python3-sklearn", source: sklearnScript, times: least{}},
	}
}

// cases pair a benchmark of the library with a case of the PyTorch side.
var cases = []struct {
	title, library, torch string
	rows                  float64 // scored in one call; 0: a training step
}{
	{"training step, 4-12-4-1, batch 128", "Step/d4_batch128", "Step/d4_batch128", 0},
	{"training step, 4-12-4-1, batch 1000", "Step/d4_batch1000", "Step/d4_batch1000", 0},
	{"training step, 118-60-30-10-1, batch 1024", "Step/d118_batch1024", "Step/d118_batch1024", 0},
	{"the same, `train.Float32`", "Step/d118_batch1024_float32", "Step/d118_batch1024", 0},
	{"energy of one row", "Energy4D/reference", "Energy4D", 1},
	{"energy of one row, default preset", "Energy4D/default", "Energy4D", 1},
	{"energy of one sample, preset `Series`", "Stream4D", "Energy4D", 1},
	{"energies of 100,000 rows", "Energies4D/reference/one_core", "Energies4D", 100000},
	{"energies of 100,000 rows, default preset", "Energies4D/default/one_core", "Energies4D", 100000},
	{"energies of 100,000 samples, preset `Series`", "Series4D", "Energies4D", 100000},
}

// detectors are the rows of the table of detectors: the library's cases, or the name of a
// detector of scikit-learn.
var detectors = []struct{ title, fit, score, sklearn string }{
	{"DAGMM, default preset", "Fit1000x4", "Score1000x4/default", ""},
	{"the same, from the model in use", "Refit1000x4", "Score1000x4/default", ""},
	{"principal components, preset `PCA`", "FitPCA1000x4", "Score1000x4/pca", ""},
	{"isolation forest", "", "", "IsolationForest"},
	{"Gaussian mixture", "", "", "GaussianMixture"},
	{"local outlier factor", "", "", "LocalOutlierFactor"},
}

// tables are the comparisons in Markdown.
func (r *results) tables(now time.Time) string {
	var b strings.Builder
	where := fmt.Sprintf("%s, %s, Go %s", cpuModel(), vectors(), strings.TrimPrefix(runtime.Version(), "go"))
	if len(r.torch.times) > 0 {
		fmt.Fprintf(&b, "%s, PyTorch %s (float32), %s, one thread each. This library computes in float64 where the row does not say otherwise.\n\n", where, r.torch.version, now.Format(time.DateOnly))
		r.nets(&b)
	}
	if len(r.sklearn.times) > 0 {
		fmt.Fprintf(&b, "\n%s, scikit-learn %s, %s, one thread each; 1000 rows of 4 metrics to fit, 1000 later ones to score.\n\n", where, r.sklearn.version, now.Format(time.DateOnly))
		r.detectors(&b)
	}
	return b.String()
}

// nets compares steps and scoring of the same nets.
func (r *results) nets(b *strings.Builder) {
	b.WriteString("| | this library | PyTorch | ratio | PyTorch's best variant |\n|---|---:|---:|---:|---|\n")
	for _, c := range cases {
		l, ok := r.library[c.library]
		t, ok2 := r.torch.times[c.torch]
		if !ok || !ok2 {
			continue
		}
		fmt.Fprintf(b, "| %s | %s | %s | %.3g | %s |\n", c.title, quantity(l.ns, c.rows), quantity(t.ns, c.rows), t.ns/l.ns, t.how)
	}
}

// detectors compares fitting and scoring a host's rows.
func (r *results) detectors(b *strings.Builder) {
	b.WriteString("| | by | fit, ms | score, ms | settings |\n|---|---|---:|---:|---|\n")
	for _, d := range detectors {
		by, fit, score := "this library", r.library[d.fit], r.library[d.score]
		if d.sklearn != "" {
			by, fit, score = "scikit-learn", r.sklearn.times[d.sklearn+"/fit"], r.sklearn.times[d.sklearn+"/score"]
		}
		if fit.ns == 0 || score.ns == 0 {
			continue
		}
		how := fit.how
		if how == "" {
			how = "–"
		}
		fmt.Fprintf(b, "| %s | %s | %.3g | %.3g | %s |\n", d.title, by, fit.ns/1e6, score.ns/1e6, how)
	}
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
