// Package anomalyconnector scores metrics: it passes them on with gauges that say how unusual
// they are, makes a log record of every alarm, and does what operators say in log records.
//
// The generated files come from mdatagen v0.158.0 (go.opentelemetry.io/collector/cmd/mdatagen).
package anomalyconnector

//go:generate mdatagen metadata.yaml
