// Package anomalyprocessor adds gauges to metrics that say how unusual they are.
//
// The generated files come from mdatagen v0.158.0 (go.opentelemetry.io/collector/cmd/mdatagen).
package anomalyprocessor

//go:generate mdatagen metadata.yaml
