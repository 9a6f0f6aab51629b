package evaluate

import "time"

// Span is a range of rows from Start (included) to End (excluded).
type Span struct{ Start, End int }

// NearbyRows is the number of other rows that may lie between flagged rows of one incident.
// It is the alarms' default: they stay open for ten intervals without a flagged sample.
const NearbyRows = 10

// Episodes groups flagged rows: in one episode, neighbours have at most gap other rows
// between them, whatever those rows are. An episode begins and ends with a flagged row.
func Episodes(flags []bool, gap int) []Span { return group(flags, gap, nil) }

// EpisodesInTime is Episodes for rows that have times, one for each row. Neighbours in an
// episode also lie at most gap+1 sampling intervals apart, so that a hole in the recording
// ends an episode. Without times, or with interval 0, rows alone count.
func EpisodesInTime(flags []bool, gap int, times []time.Time, interval time.Duration) []Span {
	if times == nil || interval <= 0 {
		return Episodes(flags, gap)
	}
	// Half an interval allows for clocks that jitter.
	longest := time.Duration(gap+1)*interval + interval/2
	return group(flags, gap, func(i, k int) bool { return times[k].Sub(times[i]).Abs() <= longest })
}

// Incidents returns the runs of true in labels, each as long as it can be.
func Incidents(labels []bool) []Span { return Episodes(labels, 0) }

// group begins a new span where a flagged row is not near the one before it; a nil near
// counts rows alone.
func group(flags []bool, gap int, near func(i, k int) bool) []Span {
	var spans []Span
	last := -1
	for i, flagged := range flags {
		if !flagged {
			continue
		}
		if last >= 0 && i-last <= gap+1 && (near == nil || near(last, i)) {
			spans[len(spans)-1].End = i + 1
		} else {
			spans = append(spans, Span{i, i + 1})
		}
		last = i
	}
	return spans
}
