package check

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

func build(t *testing.T) [][]byte {
	manifests, err := kustomize("..")
	require.NoError(t, err)
	require.NotEmpty(t, manifests)
	return manifests
}

func open(t *testing.T) *checker {
	c, err := newChecker()
	require.NoError(t, err)
	return c
}

func TestManifestsFitTheSchema(t *testing.T) {
	c := open(t)
	var kinds []string
	for _, m := range build(t) {
		object, err := c.check(m)
		require.NoError(t, err, "%s", m)
		kinds = append(kinds, object.GetKind()+" "+object.GetName())
		if object.GetKind() != "Namespace" {
			require.Equal(t, "fleet", object.GetNamespace(), "%s", m)
		}
	}
	slices.Sort(kinds)
	require.Len(t, kinds, 7)
	require.True(t, strings.HasPrefix(kinds[0], "ConfigMap fleet-"), kinds[0])
	require.Equal(t, []string{"Deployment trainer", "Deployment worker", "HorizontalPodAutoscaler trainer", "Namespace fleet",
		"PodDisruptionBudget worker", "ServiceAccount fleet"}, kinds[1:])
}

// What the checker is for: each fault is an error that names the place.
func TestBrokenManifestsAreRefused(t *testing.T) {
	c := open(t)
	all := bytes.Join(build(t), []byte("---\n"))
	for _, fault := range []struct{ name, kind, old, new, says string }{
		{"misspelt field", "Deployment", "readinessProbe:", "readynessProbe:", "readynessProbe"},
		{"misspelt field deep down", "Deployment", "readOnlyRootFilesystem:", "readonlyRootFilesystem:", "readonlyRootFilesystem"},
		{"misspelt field on top", "PodDisruptionBudget", "spec:", "specs:", "specs"},
		{"word for a number", "Deployment", "periodSeconds: 10", "periodSeconds: often", "periodSeconds"},
		{"number for a truth", "Deployment", "runAsNonRoot: true", "runAsNonRoot: 1", "runAsNonRoot"},
		{"number for a word", "HorizontalPodAutoscaler", "name: cpu", "name: 1", "name"},
		{"one for a list", "Deployment", "drop:\n            - ALL", "drop: ALL", "drop"},
		{"no selector", "Deployment", "  selector:\n    matchLabels:\n      app.kubernetes.io/component: worker\n", "", "selector"},
		{"no name of a container", "Deployment", "        name: worker\n", "", "name"},
		{"no highest number", "HorizontalPodAutoscaler", "  maxReplicas: 8\n", "", "maxReplicas"},
		{"no port of a probe", "Deployment", "            port: health\n", "", "port"},
		{"unknown version", "HorizontalPodAutoscaler", "autoscaling/v2", "autoscaling/v9", "autoscaling"},
		{"unknown kind", "ServiceAccount", "kind: ServiceAccount", "kind: ServiceAcount", "ServiceAcount"},
	} {
		t.Run(fault.name, func(t *testing.T) {
			var found, refused int
			for _, m := range bytes.Split(all, []byte("---\n")) {
				if !bytes.Contains(m, []byte("kind: "+fault.kind+"\n")) || !bytes.Contains(m, []byte(fault.old)) {
					continue
				}
				found++
				_, err := c.check(m)
				require.NoError(t, err, "as it is")
				broken := bytes.Replace(m, []byte(fault.old), []byte(fault.new), 1)
				if _, err = c.check(broken); err != nil && strings.Contains(err.Error(), fault.says) {
					refused++
				} else {
					t.Errorf("error %v for\n%s", err, broken)
				}
			}
			require.NotZero(t, found, "nothing to break")
			require.Equal(t, found, refused)
		})
	}
}

// cluster is what the manifests make.
type cluster struct {
	Deployments []appsv1.Deployment
	Budgets     []policyv1.PodDisruptionBudget
	Scalers     []autoscalingv2.HorizontalPodAutoscaler
	ConfigMaps  map[string]corev1.ConfigMap
	Accounts    map[string]corev1.ServiceAccount
}

func parse(t *testing.T) cluster {
	c := cluster{ConfigMaps: map[string]corev1.ConfigMap{}, Accounts: map[string]corev1.ServiceAccount{}}
	for _, m := range build(t) {
		var kind metav1.TypeMeta
		require.NoError(t, yaml.Unmarshal(m, &kind))
		switch kind.Kind {
		case "Deployment":
			c.Deployments = append(c.Deployments, as[appsv1.Deployment](t, m))
		case "PodDisruptionBudget":
			c.Budgets = append(c.Budgets, as[policyv1.PodDisruptionBudget](t, m))
		case "HorizontalPodAutoscaler":
			c.Scalers = append(c.Scalers, as[autoscalingv2.HorizontalPodAutoscaler](t, m))
		case "ConfigMap":
			one := as[corev1.ConfigMap](t, m)
			c.ConfigMaps[one.Name] = one
		case "ServiceAccount":
			one := as[corev1.ServiceAccount](t, m)
			c.Accounts[one.Name] = one
		}
	}
	return c
}

func as[T any](t *testing.T, manifest []byte) (out T) {
	require.NoError(t, yaml.UnmarshalStrict(manifest, &out))
	return out
}

// A selector that selects nothing is no fault of form, and would go unnoticed.
func TestSelectorsSelect(t *testing.T) {
	c := parse(t)
	selects := func(s *metav1.LabelSelector, pod map[string]string) bool {
		selector, err := metav1.LabelSelectorAsSelector(s)
		require.NoError(t, err)
		return !selector.Empty() && selector.Matches(labels.Set(pod))
	}
	names := map[string]map[string]string{}
	for _, d := range c.Deployments {
		pod := d.Spec.Template.Labels
		names[d.Name] = pod
		require.True(t, selects(d.Spec.Selector, pod), d.Name)
		require.Len(t, d.Spec.Template.Spec.TopologySpreadConstraints, 2)
		for _, s := range d.Spec.Template.Spec.TopologySpreadConstraints {
			require.True(t, selects(s.LabelSelector, pod), d.Name)
		}
		for other, labels := range names {
			require.Equal(t, other == d.Name, selects(d.Spec.Selector, labels), "%s and %s", d.Name, other)
		}
	}
	for _, b := range c.Budgets {
		require.True(t, selects(b.Spec.Selector, names["worker"]))
		require.False(t, selects(b.Spec.Selector, names["trainer"]))
	}
	for _, s := range c.Scalers {
		require.Contains(t, names, s.Spec.ScaleTargetRef.Name)
	}
}

// The pods run under the restricted standard, answer probes, and have what their arguments name.
func TestPods(t *testing.T) {
	c := parse(t)
	require.Len(t, c.Deployments, 2)
	for _, d := range c.Deployments {
		t.Run(d.Name, func(t *testing.T) {
			pod := d.Spec.Template.Spec
			require.False(t, *pod.AutomountServiceAccountToken)
			require.False(t, *c.Accounts[pod.ServiceAccountName].AutomountServiceAccountToken)
			require.True(t, *pod.SecurityContext.RunAsNonRoot)
			require.NotZero(t, *pod.SecurityContext.RunAsUser)
			require.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type)
			require.Greater(t, *pod.TerminationGracePeriodSeconds, int64(0))
			require.Len(t, pod.Containers, 1)
			box := pod.Containers[0]
			require.True(t, *box.SecurityContext.ReadOnlyRootFilesystem)
			require.False(t, *box.SecurityContext.AllowPrivilegeEscalation)
			require.Equal(t, []corev1.Capability{"ALL"}, box.SecurityContext.Capabilities.Drop)
			require.False(t, box.Resources.Limits.Memory().IsZero())
			require.False(t, box.Resources.Requests.Memory().IsZero())
			require.False(t, box.Resources.Requests.Cpu().IsZero())
			for _, probe := range []*corev1.Probe{box.LivenessProbe, box.ReadinessProbe} {
				require.Equal(t, box.Ports[0].Name, probe.HTTPGet.Port.String())
			}
			require.Contains(t, box.Args, "-health=:"+strconv.Itoa(int(box.Ports[0].ContainerPort)))
			env := c.environment(t, box)
			require.Less(t, bytesOf(t, env["GOMEMLIMIT"]), box.Resources.Limits.Memory().Value())
			for _, a := range box.Args {
				for _, name := range variable.FindAllStringSubmatch(a, -1) {
					require.Contains(t, env, name[1], a)
				}
			}
		})
	}
}

var variable = regexp.MustCompile(`\$\(([^)]*)\)`)

// environment returns the variables of a container; "" where the value is not in the manifests.
func (c cluster) environment(t *testing.T, box corev1.Container) map[string]string {
	out := map[string]string{}
	for _, from := range box.EnvFrom {
		m, ok := c.ConfigMaps[from.ConfigMapRef.Name]
		require.True(t, ok, "kustomize has given %s its name", from.ConfigMapRef.Name)
		for k, v := range m.Data {
			out[k] = v
		}
	}
	for _, e := range box.Env {
		out[e.Name] = e.Value
	}
	return out
}

func bytesOf(t *testing.T, limit string) int64 {
	mib, ok := strings.CutSuffix(limit, "MiB")
	require.True(t, ok, limit)
	n, err := strconv.ParseInt(mib, 10, 64)
	require.NoError(t, err)
	return n << 20
}

// The program knows the flags.
func TestFlagsExist(t *testing.T) {
	known := flagsOf(t, "../../flags.go")
	for _, d := range parse(t).Deployments {
		for _, a := range d.Spec.Template.Spec.Containers[0].Args {
			name, _, _ := strings.Cut(strings.TrimPrefix(a, "-"), "=")
			require.Contains(t, known, name, d.Name)
		}
	}
}

// flagsOf returns the names of the flags that a Go file declares with the methods of a FlagSet.
func flagsOf(t *testing.T, path string) (names []string) {
	src, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("no program: %s", path)
	}
	require.NoError(t, err)
	file, err := parser.ParseFile(token.NewFileSet(), path, src, 0)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) < 3 {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !strings.HasSuffix(method.Sel.Name, "Var") {
			return true
		}
		if name, ok := call.Args[1].(*ast.BasicLit); ok {
			text, err := strconv.Unquote(name.Value)
			require.NoError(t, err)
			names = append(names, text)
		}
		return true
	})
	require.NotEmpty(t, names)
	return names
}

// Whatever is in the folder is part of what kustomize builds.
func TestNoManifestIsLeftOut(t *testing.T) {
	text, err := os.ReadFile("../kustomization.yaml")
	require.NoError(t, err)
	var k struct{ Resources []string }
	require.NoError(t, yaml.Unmarshal(text, &k))
	files, err := fs.Glob(os.DirFS(".."), "*.yaml")
	require.NoError(t, err)
	files = slices.DeleteFunc(files, func(f string) bool { return f == "kustomization.yaml" })
	require.ElementsMatch(t, files, k.Resources)
}
