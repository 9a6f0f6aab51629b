// Package otelcol is only a place for the test that builds a real OpenTelemetry Collector with the
// components in the folders beside it. README.md says how they are used.
package otelcol
