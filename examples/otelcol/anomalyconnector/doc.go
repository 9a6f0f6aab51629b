// Package anomalyconnector scores metrics: it passes them on with gauges that say how unusual
// they are, and makes a log record of every alarm.
//
// The generated files come from mdatagen v0.158.0 (go.opentelemetry.io/collector/cmd/mdatagen).
package anomalyconnector

//go:generate mdatagen metadata.yaml
