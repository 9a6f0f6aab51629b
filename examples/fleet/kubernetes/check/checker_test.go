package check

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apiserver/pkg/cel/openapi/resolver"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/openapi"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kubectl-validate/pkg/openapiclient"
	"sigs.k8s.io/kubectl-validate/pkg/validator"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// version of Kubernetes whose schema the manifests are held against: the newest that the
// validator brings with it.
const version = "1.30"

// kustomize returns the manifests that kustomize makes of a folder, each as YAML.
func kustomize(dir string) ([][]byte, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	var out [][]byte
	for _, r := range resources.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			return nil, fmt.Errorf("check: %s: %w", r.CurId(), err)
		}
		out = append(out, text)
	}
	return out, nil
}

// checker holds manifests against a schema.
type checker struct {
	server  *validator.Validator
	schemas *resolver.ClientDiscoveryResolver
}

// newChecker returns a checker for that version.
func newChecker() (*checker, error) {
	client := openapiclient.NewHardcodedBuiltins(version)
	server, err := validator.New(client)
	if err != nil {
		return nil, fmt.Errorf("check: schema of Kubernetes %s: %w", version, err)
	}
	return &checker{server, &resolver.ClientDiscoveryResolver{Discovery: builtins{client: client}}}, nil
}

// builtins finds the schemas of the validator where a cluster would be asked.
type builtins struct {
	discovery.DiscoveryInterface
	client openapi.Client
}

func (b builtins) OpenAPIV3() openapi.Client { return b.client }

// check returns the object of a manifest. Fields that are unknown, missing, or of a wrong type
// are an error that names them.
func (c *checker) check(manifest []byte) (*unstructured.Unstructured, error) {
	kind, object, err := c.server.Parse(manifest)
	if err == nil {
		err = c.server.Validate(object)
	}
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	// What the server does with an object has given it defaults, and so names and numbers that
	// are missing: the manifest itself must have them.
	schema, err := c.schemas.ResolveSchema(kind)
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	var own any
	if err := yaml.Unmarshal(manifest, &own); err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	if left := missing(schema, own, ""); len(left) > 0 {
		return nil, fmt.Errorf("check: %s %s has no %s", object.GetKind(), object.GetName(), strings.Join(left, ", "))
	}
	return object, nil
}

// missing returns the paths of the fields that a schema requires and a value lacks.
func missing(schema *spec.Schema, value any, path string) (out []string) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range schema.Required {
			if _, ok := v[name]; !ok {
				out = append(out, path+"."+name)
			}
		}
		for name, part := range v {
			if s, ok := schema.Properties[name]; ok {
				out = append(out, missing(&s, part, path+"."+name)...)
			}
		}
	case []any:
		for i, part := range v {
			if schema.Items != nil && schema.Items.Schema != nil {
				out = append(out, missing(schema.Items.Schema, part, fmt.Sprintf("%s[%d]", path, i))...)
			}
		}
	}
	slices.Sort(out)
	return out
}
