package watch

import (
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"
)

// reason says why a data point could not be used.
type reason string

const (
	lostLate     reason = "late"               // or twice
	lostTime     reason = "impossible time"    // none, or far ahead of this collector's clock
	lostValue    reason = "no number"          // NaN, infinite, or without a value
	lostType     reason = "histogram"          // or summary: a metric without a number
	lostSeries   reason = "too many series"    // of a stream, or of all
	lostStream   reason = "too many resources" // max_streams
	lostIdentity reason = "no identity"        // the resource has none of resource_attributes, or too long ones
)

// losses counts data points that could not be used. For the last two reasons it counts a
// resource of a batch once.
type losses map[reason]uint64

const reportEvery = 10 * time.Minute // per reason

// lossReport tells of losses in the log, each reason at once and then now and then.
type lossReport struct {
	told map[reason]uint64
	when map[reason]time.Time
}

// report tells what has been lost for each reason that is due, since it was told last.
func (r *lossReport) report(log *zap.Logger, l losses, now time.Time) {
	if r.told == nil {
		r.told, r.when = map[reason]uint64{}, map[reason]time.Time{}
	}
	for _, why := range slices.Sorted(maps.Keys(l)) {
		if n := l[why] - r.told[why]; n > 0 && now.Sub(r.when[why]) >= reportEvery {
			log.Warn("data points are left out", zap.String("reason", string(why)), zap.Uint64("points", n))
			r.told[why], r.when[why] = l[why], now
		}
	}
}
