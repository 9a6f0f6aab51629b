package publicapi

import (
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/metric-streams/anomaly"

// graphPackages may show types of gorgonia, because building graphs is what they are for.
var graphPackages = []string{module + "/autoencoder/aegraph", module + "/gmm/gmmgraph"}

// TestNoForeignTypesInPublicSignatures looks at every exported function, method, field,
// variable and constant of the packages that a program can import. None may use a type of
// an internal package, nor, outside the graph packages, one of gorgonia or tensor.
func TestNoForeignTypesInPublicSignatures(t *testing.T) {
	public, load := packages(t)
	require.Contains(t, public, module+"/dagmm/train")
	for _, path := range public {
		t.Run(strings.TrimPrefix(path, module+"/"), func(t *testing.T) {
			pkg, err := load.Import(path)
			require.NoError(t, err)
			w := walker{pkg: pkg, graph: slices.Contains(graphPackages, path), seen: map[types.Type]bool{}}
			for _, name := range pkg.Scope().Names() {
				if o := pkg.Scope().Lookup(name); o.Exported() {
					w.visit(name, o.Type())
				}
			}
			require.Empty(t, w.leaks)
		})
	}
}

func TestTheWalkerSeesGorgonia(t *testing.T) {
	_, load := packages(t)
	pkg, err := load.Import(graphPackages[0])
	require.NoError(t, err)
	w := walker{pkg: pkg, seen: map[types.Type]bool{}}
	for _, name := range []string{"Nodes", "Build"} {
		w.visit(name, pkg.Scope().Lookup(name).Type())
	}
	require.Contains(t, w.leaks, "Nodes.Code: gorgonia.org/gorgonia.Node")
	require.Contains(t, w.leaks, "Build: gorgonia.org/gorgonia.Node")
}

// packages lists the importable packages of the module and returns an importer of their
// compiled form.
func packages(t *testing.T) (public []string, load types.Importer) {
	dependOnSources(t)
	cmd := exec.Command("go", "list", "-deps", "-export", "-f", "{{.ImportPath}} {{.Name}} {{.Export}}", module+"/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	compiled := map[string]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 3 {
			continue // such as unsafe, which has no compiled form
		}
		path, name := f[0], f[1]
		compiled[path] = f[2]
		inside := strings.TrimPrefix(path, module+"/")
		if inside == path || name == "main" || internal(path) || strings.HasPrefix(inside, "examples/") || strings.HasPrefix(inside, "benchmarks/") {
			continue
		}
		public = append(public, path)
	}
	return public, importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		file, ok := compiled[path]
		if !ok {
			return nil, fmt.Errorf("no compiled package %s", path)
		}
		return os.Open(file)
	})
}

// dependOnSources looks at every Go file of the module. The test cache then knows that the
// result depends on them, which it cannot see of the files that go list reads.
func dependOnSources(t *testing.T) {
	require.NoError(t, filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		_, err = os.Stat(path)
		return err
	}))
}

func internal(path string) bool {
	return strings.Contains(path, "/internal/") || strings.HasSuffix(path, "/internal")
}

// walker finds the foreign types that one package shows.
type walker struct {
	pkg   *types.Package
	graph bool // types of gorgonia are allowed
	seen  map[types.Type]bool
	leaks []string
}

// visit follows a type as far as a program outside the package can see it. at says where
// the type appears.
func (w *walker) visit(at string, t types.Type) {
	if w.seen[t] {
		return
	}
	switch t := t.(type) {
	case *types.Named:
		w.named(at, t)
	case *types.Alias:
		w.visit(at, types.Unalias(t))
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() || f.Embedded() {
				w.visit(at+"."+f.Name(), f.Type())
			}
		}
	case *types.Interface:
		for m := range t.Methods() {
			w.visit(at+"."+m.Name(), m.Type())
		}
	case *types.Signature:
		for _, list := range []*types.Tuple{t.Params(), t.Results()} {
			for v := range list.Variables() {
				w.visit(at, v.Type())
			}
		}
	case *types.Map:
		w.visit(at, t.Key())
		w.visit(at, t.Elem())
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		w.visit(at, t.Elem())
	}
}

func (w *walker) named(at string, t *types.Named) {
	for a := range t.TypeArgs().Types() {
		w.visit(at, a)
	}
	if from := t.Obj().Pkg(); from != w.pkg {
		if from != nil && w.foreign(from.Path()) {
			w.leaks = append(w.leaks, at+": "+from.Path()+"."+t.Obj().Name())
		}
		return
	}
	w.seen[t] = true
	w.visit(t.Obj().Name(), t.Underlying())
	for m := range t.Methods() {
		if m.Exported() {
			w.visit(t.Obj().Name()+"."+m.Name(), m.Type())
		}
	}
}

func (w *walker) foreign(path string) bool {
	if strings.HasPrefix(path, module+"/") {
		return internal(path)
	}
	return !w.graph && (strings.HasPrefix(path, "gorgonia.org/") || strings.HasPrefix(path, "github.com/chewxy/"))
}
