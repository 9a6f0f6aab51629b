package format

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDuration(t *testing.T) {
	for want, d := range map[string]time.Duration{"0s": 0, "250ms": 250 * time.Millisecond, "1s": 999 * time.Millisecond, "59s": 59 * time.Second, "1m": time.Minute, "3m20s": 200 * time.Second,
		"4h": 4 * time.Hour, "4h30m": 4*time.Hour + 30*time.Minute, "47h": 47 * time.Hour, "2d": 48 * time.Hour, "10d20h": 260 * time.Hour} {
		require.Equal(t, want, Duration(d))
	}
}
