// Command asm generates the SIMD kernels of package kernel: an assembly file and its Go
// declarations for each instruction set, and stand-ins for builds without assembly. Run
// go generate in package kernel, or go run . in this folder.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"

	. "github.com/mmcloughlin/avo/build"
)

// sets generate kernels by the base name of their files.
var sets = map[string]func(){
	"avx2":          func() { generate(avx2) },
	"avx512":        func() { generate(avx512) },
	"avx2_single":   func() { generateSingle(single{avx2}) },
	"avx512_single": func() { generateSingle(single{avx512}) },
}

// order keeps the stand-ins in one order.
var order = []string{"avx2", "avx512", "avx2_single", "avx512_single"}

func main() {
	only := flag.String("set", "", "generate the files of this `set` of kernels alone; -out, -stubs and -pkg name them")
	flag.Parse()
	if *only != "" {
		sets[*only]()
		return
	}
	if err := generateAll(".."); err != nil {
		fmt.Fprintln(os.Stderr, "asm:", err)
		os.Exit(1)
	}
}

// generate writes the files that the flags -out and -stubs name.
func generate(v isa) {
	ConstraintExpr("!noasm")
	affine(v)
	affineRows(v)
	dots(v)
	tanh(v)
	simple(v)
	reductions(v)
	bend(v)
	maxAbs(v)
	adam(v)
	softmax(v)
	softmaxGrad(v)
	logDensity(v)
	halfSquares(v)
	objectiveGrad(v)
	relativeCosine(v)
	relativeCosineGrad(v)
	Generate()
}

// generateAll writes all files to dir. It starts this program once per instruction set,
// because avo builds one file per process.
func generateAll(dir string) error {
	var declarations []string
	for _, set := range order {
		base := dir + "/" + set + "_amd64"
		cmd := exec.Command(os.Args[0], "-set", set, "-out", base+".s", "-stubs", base+".go", "-pkg", "kernel")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args[1:], " "), err, out)
		}
		declarations = append(declarations, base+".go")
	}
	return writeStandIns(dir+"/noasm.go", declarations)
}
