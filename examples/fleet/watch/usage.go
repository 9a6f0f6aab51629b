package watch

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
)

// memoryInUse returns the bytes of memory that this process has: the resident set where the
// system tells it (Linux), and what Go has got from the system elsewhere.
func memoryInUse() uint64 {
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		if fields := bytes.Fields(text); len(fields) > 1 {
			if pages, err := strconv.ParseUint(string(fields[1]), 10, 64); err == nil {
				return pages * uint64(os.Getpagesize())
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys
}
