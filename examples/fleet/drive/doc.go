// Package drive puts a fleet to the test. It starts workers as processes of their own, publishes
// the samples of made-up hosts, lets things go wrong, and compares the alarms with those of one
// Monitor that was given the same samples.
package drive
