package doctest

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/cpu"
)

var update = flag.Bool("update", false, "write what is really printed into the pages")

const (
	root = "../.."
	// kernelVariable chooses the arithmetic: a training on another one ends with other numbers.
	kernelVariable, kernel = "ANOMALY_KERNEL", "avx2"
	// scratch is the folder that commands may write to.
	scratch = "tutorial"
)

// pages returns the paths of the pages, from this folder.
func pages(t *testing.T) []string {
	found, err := filepath.Glob(filepath.Join(root, "dagmm", "docs", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, found)
	return append(found, filepath.Join(root, "README.md"))
}

func read(t *testing.T, path string) string {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestExamplesPrintWhatThePagesShow(t *testing.T) {
	switch chosen := os.Getenv(kernelVariable); {
	case testing.Short():
		t.Skip("compiles and trains")
	case chosen != "" && chosen != kernel:
		t.Skipf("the pages show what %s=%s prints, and this run is of %s", kernelVariable, kernel, chosen)
	case !cpu.X86.HasAVX2 || !cpu.X86.HasFMA:
		t.Skip("the pages show what a processor with AVX2 prints")
	}
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash")
	}
	if _, err := os.Stat(filepath.Join(root, scratch)); errors.Is(err, fs.ErrNotExist) {
		t.Cleanup(func() { require.NoError(t, os.RemoveAll(filepath.Join(root, scratch))) })
	}
	for _, path := range pages(t) {
		t.Run(filepath.Base(path), func(t *testing.T) { testExamples(t, path) })
	}
}

func testExamples(t *testing.T, path string) {
	page := read(t, path)
	all, err := blocks(page)
	require.NoError(t, err)
	list := examples(all)
	printed := make([]string, len(list))
	for i, e := range list {
		printed[i] = run(t, e)
		if e.output != nil && !*update && !matches(e.output.text, printed[i]) {
			require.Equal(t, e.output.text, printed[i], "%s, line %d", path, e.output.line)
		}
	}
	if !*update {
		return
	}
	for i := len(list) - 1; i >= 0; i-- { // from the end: the lines before stay where they are
		if out := list[i].output; out != nil && !matches(out.text, printed[i]) {
			page = replaced(page, *out, renewed(out.text, printed[i]))
		}
	}
	require.NoError(t, os.WriteFile(path, []byte(page), 0o644))
}

// run returns what an example prints.
func run(t *testing.T, e example) string {
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", e.text)
	cmd.Dir = root
	if e.language == "go" {
		dir := t.TempDir()
		source, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
		require.NoError(t, os.WriteFile(source, []byte(e.text), 0o600))
		build := exec.Command("go", "build", "-o", program, source)
		build.Dir = root
		out, err := build.CombinedOutput()
		require.NoError(t, err, "line %d: %s", e.line, out)
		cmd = exec.Command(program)
		cmd.Dir = t.TempDir()
	}
	cmd.Env = append(os.Environ(), kernelVariable+"="+kernel)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "line %d: %s", e.line, out)
	return string(out)
}

func TestQuotedCodeStandsInItsFile(t *testing.T) {
	for _, path := range pages(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			all, err := blocks(read(t, path))
			require.NoError(t, err)
			for _, b := range all {
				if name, ok := strings.CutPrefix(b.comment, "from "); ok {
					require.Contains(t, read(t, filepath.Join(root, name)), b.text, "line %d", b.line)
				}
			}
		})
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	others := []string{"CONTRIBUTING.md", "SECURITY.md", "examples/record/README.md"}
	list := pages(t)
	for _, name := range others {
		list = append(list, filepath.Join(root, name))
	}
	for _, path := range list {
		t.Run(filepath.Base(path), func(t *testing.T) {
			for _, link := range links(read(t, path)) {
				if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
					continue
				}
				target, anchor, _ := strings.Cut(link, "#")
				file := path
				if target != "" {
					file = filepath.Join(filepath.Dir(path), target)
				}
				_, err := os.Stat(file)
				require.NoError(t, err, "link to %s", link)
				if anchor != "" {
					require.True(t, anchors(read(t, file))[anchor], "link to %s: no such heading", link)
				}
			}
		})
	}
}
