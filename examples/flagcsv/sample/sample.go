// Package sample holds a recording of a real host, with labelled faults, for the examples.
package sample

import _ "embed" // the recording

// Recording is CSV text with the columns time, cpu, mem, disk, net_in and label.
//
//go:embed recording.csv
var Recording []byte

// Units are the units of the metrics.
var Units = map[string]string{"cpu": "%", "mem": "%", "disk": "%", "net_in": "bit/s"}
