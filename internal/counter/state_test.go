package counter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A counter goes on from its state as if it had not been stopped.
func TestResume(t *testing.T) {
	totals := floats(1<<32-296, 1<<32-96, 104, 5e9, 10, 4e9, 20)
	var whole Counter
	for i, total := range totals {
		resumed := Resume(whole.State())
		at := time.Unix(int64(i), 0)
		want, outcome := whole.Next(total, at)
		got, again := resumed.Next(total, at)
		requireRate(t, want, got, i)
		require.Equal(t, outcome, again)
		require.Equal(t, whole.State(), resumed.State())
	}
}

// A state without the largest total goes on too: the last total stands in.
func TestResumeWithoutMost(t *testing.T) {
	for name, c := range map[string]struct {
		last, next float64
		want       Outcome
	}{
		"32-bit wrap": {last: 1<<32 - 10, next: 90, want: Wrapped},
		"64-bit wrap": {last: 0x1p64 - 4096, next: 90, want: Wrapped},
		"reset":       {last: 5e9, next: 90, want: Reset},
	} {
		t.Run(name, func(t *testing.T) {
			k := Resume(State{Seen: true, Value: c.last, At: time.Unix(0, 0), Top: 1000})
			_, outcome := k.Next(Approximate(c.next), time.Unix(10, 0))
			require.Equal(t, c.want, outcome)
		})
	}
}
