package format

import (
	"fmt"
	"strings"
	"time"
)

const day = 24 * time.Hour

// Duration rounds to what matters: 12s, 3m20s, 4h5m, 2d3h.
func Duration(d time.Duration) string {
	switch {
	case d >= 2*day:
		d = d.Round(time.Hour)
		return trimZeros(fmt.Sprintf("%dd%dh", d/day, d%day/time.Hour), "0h")
	case d >= time.Hour:
		d = d.Round(time.Minute)
		return trimZeros(fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute), "0m")
	case d >= time.Minute:
		d = d.Round(time.Second)
		return trimZeros(fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second), "0s")
	case d > 950*time.Millisecond:
		return d.Round(time.Second).String()
	}
	return d.Round(time.Millisecond).String()
}

// trimZeros leaves a last unit of none out: 4h0m is 4h.
func trimZeros(s, zero string) string {
	if short, ok := strings.CutSuffix(s, zero); ok && strings.HasSuffix(short, map[string]string{"0h": "d", "0m": "h", "0s": "m"}[zero]) {
		return short
	}
	return s
}
