//go:build !unix

package main

import "time"

var began = time.Now()

// cpuTime returns the time that has passed: nothing else is known here.
func cpuTime() time.Duration { return time.Since(began) }
