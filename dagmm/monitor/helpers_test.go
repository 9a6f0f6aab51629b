package monitor

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

const year = 365 * 24 * 60 // minutes

// text is what a receiver of the events could write down.
func text(events []alarm.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintln(&b, e, e.Seq, e.Peak)
	}
	return b.String()
}

func kinds(events []alarm.Event) []alarm.Kind {
	var out []alarm.Kind
	for _, e := range events {
		out = append(out, e.Kind)
	}
	return out
}

// deliver orders the times, a few twice, so that none comes after one that is later by
// more than the lateness.
func deliver(times []int, lateness int, rng *rand.Rand) []int {
	type arrival struct{ sent, at int }
	var all []arrival
	for _, at := range times {
		for range 1 + rng.IntN(5)/4 {
			all = append(all, arrival{at, at + rng.IntN(lateness+1)})
		}
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return a.at - b.at })
	out := make([]int, len(all))
	for i, a := range all {
		out[i] = a.sent
	}
	return out
}
