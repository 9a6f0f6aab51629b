// Package check holds the manifests beside it against the schema of Kubernetes. Its tests do: they
// build what kustomize makes of the folder, and give it to the validator that the Kubernetes
// project has for this (kubectl-validate), which needs no cluster and no network. It is a module
// of its own because the validator brings a good part of an API server.
package check
