package drive

import (
	"fmt"
	"strings"
	"time"
)

// String says in plain words what came of it.
func (r Report) String() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("")
	say("Samples: %d acknowledged, %d of them lost. The stream holds %d messages.", r.Acknowledged, r.LostSamples, r.Messages)
	if r.TwiceSent+r.LateSent > 0 {
		say("On purpose %d came twice and %d after a later one.", r.TwiceSent, r.LateSent)
	}
	say("Alarms: one Monitor that was given the same samples has %d events: %s.", r.Events, r.Kinds)
	say("Of those %d are lost, %d came twice; %d events of the fleet are not among them, and %d hosts have them in another order.", r.Lost, r.Twice, r.Others, r.Order)
	if r.Repeated > 0 || r.Fenced > 0 {
		say("Workers left out %d events that were there already, and %d times let go of a partition that another one had taken.", r.Repeated, r.Fenced)
	}
	if r.Left > 0 {
		say("The stored states lack the last %d messages.", r.Left)
	}
	for kind, n := range r.Faults {
		say("Fault: %d × %s", n, kind)
	}
	for kind, why := range r.Skipped {
		say("Skipped: %s: %s", kind, why)
	}
	if len(r.HandOvers) > 0 {
		var sum, most time.Duration
		for _, d := range r.HandOvers {
			sum, most = sum+d, max(most, d)
		}
		say("Hand-over after a worker's death: %.1f s on average, %.1f s at most.", (sum / time.Duration(len(r.HandOvers))).Seconds(), most.Seconds())
	}
	switch {
	case r.OK():
		say("Nothing was lost and nothing came twice: the alarms are those of one Monitor, byte for byte.")
	case r.Example != "":
		say("THE ALARMS DIFFER. %s", r.Example)
	default:
		say("SOMETHING IS WRONG: see above.")
	}
	return b.String()
}
