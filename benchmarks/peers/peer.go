package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// peer is a Python package to compare with, and what its script has measured.
type peer struct {
	name, pkg, debian string
	source            []byte // of the script

	python, script string
	times          least
	version        string
}

// prepare finds a Python interpreter that has the package and puts the script into the folder.
// Where there is none, it says so.
func (p *peer) prepare(dir, python string) (found bool, err error) {
	candidates := []string{"python3", "/usr/bin/python3"}
	if python != "" {
		candidates = []string{python}
	}
	for _, c := range candidates {
		if exec.Command(c, "-c", "import "+p.pkg).Run() == nil {
			p.python, p.script = c, filepath.Join(dir, p.pkg+".script")
			return true, os.WriteFile(p.script, p.source, 0o600)
		}
	}
	fmt.Printf("skipped: Python has no %s here (Debian: apt-get install %s)\n", p.name, p.debian)
	return false, nil
}

// run lets the script measure for about the given time a case.
func (p *peer) run(seconds float64) error {
	cmd := exec.Command(p.python, p.script, strconv.FormatFloat(seconds, 'g', -1, 64))
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return p.parse(string(text))
}

// parse reads lines of name, nanoseconds and how the time was reached.
func (p *peer) parse(text string) error {
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(fields) == 2 && fields[0] == "version" {
			p.version = fields[1]
			continue
		}
		if len(fields) != 3 {
			return fmt.Errorf("%s says %q", p.name, line)
		}
		ns, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		p.times.add(fields[0], ns, fields[2])
	}
	return nil
}
