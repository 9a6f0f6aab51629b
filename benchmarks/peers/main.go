// Command peers measures this library next to others on the same machine in one run, on one
// thread each, and prints Markdown tables: steps and scoring of the same nets next to PyTorch,
// and fitting and scoring 1000 rows next to the detectors of scikit-learn.
//
//	go run ./benchmarks/peers -rounds 5
//
// It needs a checkout, and Python 3 with PyTorch (Debian: python3-torch and
// libopenblas0-pthread) or scikit-learn (python3-sklearn). What is not there is skipped, and
// it says so.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 5, "how often both sides run, alternately")
	seconds := flag.Float64("seconds", .3, "time per case, variant and round of the Python side")
	python := flag.String("python", "", "Python interpreter (default: the first of python3 and /usr/bin/python3 that has the package)")
	flag.Parse()
	if err := compare(*rounds, *seconds, *python); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func compare(rounds int, seconds float64, python string) error {
	dir, err := os.MkdirTemp("", "peers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	results := newResults()
	var here []*peer
	for _, p := range []*peer{&results.torch, &results.sklearn} {
		found, err := p.prepare(dir, python)
		if err != nil {
			return err
		}
		if found {
			here = append(here, p)
		}
	}
	if len(here) == 0 {
		return nil
	}
	ours := library{train: filepath.Join(dir, "train.test"), score: filepath.Join(dir, "dagmm.test")}
	if err := ours.build(); err != nil {
		return err
	}
	for round := range rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, rounds)
		if err := ours.run(results.library); err != nil {
			return err
		}
		for _, p := range here {
			if err := p.run(seconds); err != nil {
				return err
			}
		}
	}
	fmt.Print(results.tables(time.Now()))
	return nil
}
