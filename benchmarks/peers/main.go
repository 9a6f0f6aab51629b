// Command peers measures this library and a PyTorch implementation of the same nets
// side by side, one thread each, and prints a Markdown table of the ratios.
//
//	go run ./benchmarks/peers -rounds 5
//
// It needs a checkout, and Python 3 with PyTorch (Debian: python3-torch and
// libopenblas0-pthread); without
// PyTorch it says so and ends.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 5, "how often both sides run, alternately")
	seconds := flag.Float64("seconds", .3, "time per case, variant and round of the Python side")
	python := flag.String("python", "", "Python interpreter (default: the first of python3 and /usr/bin/python3 that has PyTorch)")
	flag.Parse()
	if err := compare(*rounds, *seconds, *python); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// withTorch returns a Python interpreter that has PyTorch, "" where there is none.
func withTorch(python string) string {
	candidates := []string{"python3", "/usr/bin/python3"}
	if python != "" {
		candidates = []string{python}
	}
	for _, c := range candidates {
		if exec.Command(c, "-c", "import torch").Run() == nil {
			return c
		}
	}
	return ""
}

func compare(rounds int, seconds float64, python string) error {
	python = withTorch(python)
	if python == "" {
		fmt.Println("skipped: Python has no PyTorch here (Debian: apt-get install python3-torch)")
		return nil
	}
	dir, err := os.MkdirTemp("", "peers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ours := library{train: filepath.Join(dir, "train.test"), score: filepath.Join(dir, "dagmm.test")}
	if err := ours.build(); err != nil {
		return err
	}
	script := filepath.Join(dir, "torch_dagmm.py")
	if err := os.WriteFile(script, torchScript, 0o600); err != nil {
		return err
	}
	results := newResults()
	for round := range rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, rounds)
		if err := ours.run(results.library); err != nil {
			return err
		}
		if err := results.runTorch(python, script, seconds); err != nil {
			return err
		}
	}
	fmt.Print(results.table(time.Now()))
	return nil
}
