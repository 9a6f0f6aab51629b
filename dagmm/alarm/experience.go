package alarm

import (
	"math"
	"time"
)

// A stream that was short when its model was trained has not shown what a day brings. The
// threshold lies higher until a model has seen more, and an alarm, which then says more about
// the model than about the host, raises it by more than one step.
const (
	shortSpan  = 4 * time.Hour // a model of so long a time has a threshold that is higher by …
	shortRaise = 1.5           // … this times log 2, but
	mostRaise  = 1.
	knownSpan  = 24 * time.Hour // after which an alarm counts one step; before, in inverse proportion to the span, but
	mostSteps  = 25.
	shortPower = 1.5 // exponent of shortSpan/span
)

// unseen returns by how much the threshold lies higher for what the training rows, which
// lasted span, have not shown; 0 where that is unknown.
func unseen(span time.Duration) float64 {
	if span <= 0 {
		return 0
	}
	return min(mostRaise, shortRaise*math.Log1p(math.Pow(float64(shortSpan)/float64(span), shortPower)))
}

// steps returns how many steps an alarm counts for, and a day's budget likewise.
func steps(span time.Duration) float64 {
	if span <= 0 {
		return 1
	}
	return min(mostSteps, max(1, float64(knownSpan)/float64(span)))
}

const (
	clearly    = .5  // height above the threshold at which an alarm is hardly the model's own doing
	clearPrice = .75 // steps that an alarm far above the threshold counts for
)

// price returns how many steps an alarm raises the threshold by that opens with a sample of
// the given excess. A sample close above the threshold says that the threshold was too low. What
// lies far above says less of it, and is more often a fault.
func price(steps, excess float64) float64 {
	return clearPrice + (steps-clearPrice)*math.Exp(-max(excess, 0)/clearly)
}
