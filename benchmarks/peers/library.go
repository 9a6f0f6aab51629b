package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// library runs this module's own benchmarks.
type library struct{ train, score string } // test binaries

const module = "github.com/metric-streams/anomaly/"

func (l library) build() error {
	for pkg, out := range map[string]string{"dagmm/train": l.train, "dagmm": l.score} {
		if text, err := exec.Command("go", "test", "-c", "-o", out, module+pkg).CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", pkg, err, text)
		}
	}
	return nil
}

// run adds the nanoseconds of every benchmark to times: the least of several short ones,
// as the machine may be shared.
func (l library) run(times least) error {
	for binary, pattern := range map[string]string{l.train: "^Benchmark(Step|Fit1000x4|Refit1000x4|FitPCA1000x4|Score1000x4)$", l.score: "^Benchmark(Energy4D|Energies4D|Stream4D|Series4D)$"} {
		cmd := exec.Command(binary, "-test.run", "^$", "-test.bench", pattern, "-test.count", "20", "-test.benchtime", "10ms")
		cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
		cmd.Stderr = os.Stderr
		text, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("%s: %w", pattern, err)
		}
		if err := parse(text, times); err != nil {
			return err
		}
	}
	return nil
}

// parse reads lines such as "BenchmarkStep/d4_batch128   1248   23472 ns/op   …".
func parse(text []byte, times least) error {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		name, rest, ok := strings.Cut(lines.Text(), " ")
		name, isBenchmark := strings.CutPrefix(name, "Benchmark")
		if !ok || !isBenchmark {
			continue
		}
		fields := strings.Fields(rest)
		for i, f := range fields {
			if f != "ns/op" || i == 0 {
				continue
			}
			ns, err := strconv.ParseFloat(fields[i-1], 64)
			if err != nil {
				return fmt.Errorf("benchmark %s: %w", name, err)
			}
			times.add(name, ns, "")
		}
	}
	return lines.Err()
}
