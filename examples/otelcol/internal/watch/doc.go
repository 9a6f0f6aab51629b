// Package watch is what the processor and the connector have in common. It makes rows of metrics,
// gives them to a monitor.Monitor, and turns what comes of it into gauges and log records.
//
// The generated files come from mdatagen v0.158.0 (go.opentelemetry.io/collector/cmd/mdatagen).
package watch

//go:generate mdatagen metadata.yaml
