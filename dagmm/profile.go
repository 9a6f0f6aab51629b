package dagmm

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"
)

// ErrShort reports a recording that is too short for what was asked.
var ErrShort = errors.New("recording is too short")

// ProfileKind says which seasons a Profile follows.
type ProfileKind string

const (
	// ProfileFlat: one level for all times; the recording supports no more.
	ProfileFlat ProfileKind = "flat"
	// ProfileDaily: a level for each hour of the day.
	ProfileDaily ProfileKind = "daily"
	// ProfileWeekly: a level for each hour of the week.
	ProfileWeekly ProfileKind = "weekly"
)

const (
	daysForDaily    = 3  // times each hour of the day must have been seen
	weeksForWeekly  = 2  // times each hour of the week must have been seen
	fewest          = 30 // rows
	shrinkSamples   = 3  // with so many samples an hour counts as much as all hours together
	seasonRelevance = .1 // share of the variation that hours must explain
	weekHours       = 7 * 24
	normalDeviate   = 1.4826 // standard deviations per median absolute deviation
)

// Limit is the usual range of a metric at a time, in its own unit.
type Limit struct {
	Metric           string
	Low, Level, High float64
}

// Profile holds the usual level and spread of each metric by hour of the day or of the
// week, from medians and median absolute deviations, shrunk towards the metric's level
// over all hours. Its limits are the statistical upper and lower limits of a dashboard,
// for one metric at a time, beside the model's verdict on all of them together. A
// Profile is immutable and safe for concurrent use.
type Profile struct {
	Kind    ProfileKind
	Reason  string // why not more
	columns []string
	zone    *time.Location
	level   [][]float64 // hour of the week × metric
	spread  [][]float64
	mean    []float64 // of level over the hours
}

// NewProfile makes the profile of a recording: the rows of x at times, NaN where missing.
// Hours are those of zone; nil is UTC. Seasons are left out where the recording is too
// short or does not show them, and Reason says so. Fewer than 30 rows are ErrShort.
func NewProfile(columns []string, times []time.Time, x mat.Matrix, zone *time.Location) (*Profile, error) {
	n, d := x.Dims()
	switch {
	case d != len(columns) || n != len(times):
		return nil, fmt.Errorf("dagmm: profile: %d rows of width %d, %d times, %d columns: %w", n, d, len(times), len(columns), ErrWidth)
	case n < fewest:
		return nil, fmt.Errorf("dagmm: profile: %d rows, need %d: %w", n, fewest, ErrShort)
	}
	if zone == nil {
		zone = time.UTC
	}
	p := &Profile{columns: slices.Clone(columns), zone: zone}
	hours := make([]int, n)
	for i, t := range times {
		hours[i] = p.hour(t)
	}
	p.choose(hours, times)
	if p.Kind == ProfileWeekly && !p.relevant(ProfileDaily, hours, times, x) {
		p.Kind, p.Reason = ProfileDaily, fmt.Sprintf("the days of the week explain less than %.0f %% of what the hours of the day leave", 100*seasonRelevance)
	}
	if p.Kind == ProfileDaily && !p.relevant(ProfileFlat, hours, times, x) {
		p.Kind, p.Reason = ProfileFlat, fmt.Sprintf("the hours explain less than %.0f %% of every metric's variation", 100*seasonRelevance)
	}
	p.level, p.spread = p.fit(hours, x, nil)
	p.mean = meanLevel(p.level)
	return p, nil
}

// hour of the week, from Sunday 0:00.
func (p *Profile) hour(t time.Time) int {
	t = t.In(p.zone)
	return 24*int(t.Weekday()) + t.Hour()
}

// slot is the index of an hour of the week in the kind of profile.
func (p *Profile) slot(hour int) int {
	switch p.Kind {
	case ProfileDaily:
		return hour % 24
	case ProfileWeekly:
		return hour
	}
	return 0
}

// choose finds the finest season of which each hour was seen often enough.
func (p *Profile) choose(hours []int, times []time.Time) {
	seen := make(map[[2]int]bool) // hour of the week, week
	for i, t := range times {
		seen[[2]int{hours[i], int(t.Unix() / (7 * 86400))}] = true
	}
	var week [weekHours]int
	var day [24]int
	for k := range seen {
		week[k[0]]++
		day[k[0]%24]++
	}
	switch {
	case slices.Min(week[:]) >= weeksForWeekly:
		p.Kind = ProfileWeekly
	case slices.Min(day[:]) >= daysForDaily:
		p.Kind, p.Reason = ProfileDaily, fmt.Sprintf("not every hour of the week was seen %d times", weeksForWeekly)
	default:
		p.Kind, p.Reason = ProfileFlat, fmt.Sprintf("not every hour of the day was seen on %d days", daysForDaily)
	}
}

// fit returns level and spread by slot and metric, from the rows that are not left out.
func (p *Profile) fit(hours []int, x mat.Matrix, leaveOut []bool) (level, spread [][]float64) {
	n, d := x.Dims()
	slots := map[ProfileKind]int{ProfileFlat: 1, ProfileDaily: 24, ProfileWeekly: weekHours}[p.Kind]
	level, spread = make([][]float64, slots), make([][]float64, slots)
	for s := range slots {
		level[s], spread[s] = make([]float64, d), make([]float64, d)
	}
	for j := range d {
		all := make([]float64, 0, n)
		by := make([][]float64, slots)
		for r := range n {
			if v := x.At(r, j); v == v && !math.IsInf(v, 0) && (leaveOut == nil || !leaveOut[r]) {
				all = append(all, v)
				s := p.slot(hours[r])
				by[s] = append(by[s], v)
			}
		}
		center, wide := medianSpread(all)
		for s := range slots {
			m, w := medianSpread(by[s])
			k := float64(len(by[s]))
			share := k / (k + shrinkSamples)
			if k == 0 {
				share, m, w = 0, 0, 0
			}
			level[s][j] = share*m + (1-share)*center
			spread[s][j] = share*w + (1-share)*wide
		}
	}
	return level, spread
}

// medianSpread returns the median and the scaled median absolute deviation, NaN of
// nothing. Where more than half of the values are the same, the standard deviation
// stands in.
func medianSpread(values []float64) (center, spread float64) {
	if len(values) == 0 {
		return nan, nan
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	center = sorted[len(sorted)/2]
	for i, v := range sorted {
		sorted[i] = math.Abs(v - center)
	}
	slices.Sort(sorted)
	if spread = normalDeviate * sorted[len(sorted)/2]; spread > 0 {
		return center, spread
	}
	for _, v := range sorted {
		spread += v * v / float64(len(sorted))
	}
	return center, math.Sqrt(spread)
}

// relevant tells whether the hours explain enough of at least one metric beyond what a
// coarser profile does, on days that the levels were not taken from: the levels of a few
// samples an hour explain those samples whatever they are.
func (p *Profile) relevant(coarser ProfileKind, hours []int, times []time.Time, x mat.Matrix) bool {
	days := 1
	if p.Kind == ProfileWeekly {
		days = 7
	}
	before := p.unexplained(coarser, days, hours, times, x)
	after := p.unexplained(p.Kind, days, hours, times, x)
	for j, b := range before {
		if after[j]*after[j] < (1-seasonRelevance)*b*b {
			return true
		}
	}
	return false
}

// unexplained is the mean distance of each metric from the levels of the other half of
// the blocks of days, every second block being a half: a mean, since Sundays are few.
func (p *Profile) unexplained(kind ProfileKind, days int, hours []int, times []time.Time, x mat.Matrix) []float64 {
	n, d := x.Dims()
	q := &Profile{Kind: kind, zone: p.zone}
	out, count := make([]float64, d), make([]float64, d)
	odd := make([]bool, n)
	for i, t := range times {
		odd[i] = t.Unix()/int64(days*86400)%2 == 1
	}
	for range 2 {
		level, _ := q.fit(hours, x, odd)
		for r := range n {
			if !odd[r] {
				continue
			}
			for j := range d {
				if v := x.At(r, j) - level[q.slot(hours[r])][j]; v == v && !math.IsInf(v, 0) {
					out[j] += math.Abs(v)
					count[j]++
				}
			}
		}
		for r := range odd {
			odd[r] = !odd[r]
		}
	}
	for j := range out {
		out[j] /= max(count[j], 1)
	}
	return out
}

// Limits returns the usual range of every metric at time t: width standard deviations on
// either side of the level. The result is written into dst (reused, allocated when nil).
func (p *Profile) Limits(dst []Limit, t time.Time, width float64) []Limit {
	dst = dst[:0]
	s := p.slot(p.hour(t))
	for j, name := range p.columns {
		l, w := p.level[s][j], width*p.spread[s][j]
		dst = append(dst, Limit{Metric: name, Low: l - w, Level: l, High: l + w})
	}
	return dst
}

// Deseasonalise subtracts from the row x of time t what its hour adds to each metric's
// mean level, in place. What is left is what a model may learn so that nights and
// Mondays are no news; a flat profile changes nothing.
func (p *Profile) Deseasonalise(t time.Time, x []float64) {
	if p.Kind == ProfileFlat {
		return
	}
	offsets := p.offsets(t)
	for j := range x {
		x[j] -= offsets[j]
	}
}

// offsets returns what the hour of t adds to each metric's mean level.
func (p *Profile) offsets(t time.Time) []float64 {
	out := make([]float64, len(p.columns))
	for j, v := range p.level[p.slot(p.hour(t))] {
		out[j] = v - p.mean[j]
	}
	return out
}

func meanLevel(level [][]float64) []float64 {
	mean := make([]float64, len(level[0]))
	for _, row := range level {
		for j, v := range row {
			mean[j] += v / float64(len(level))
		}
	}
	return mean
}

// finite tells that every metric has a level.
func (p *Profile) finite() bool {
	for _, row := range p.level {
		for _, v := range row {
			if v != v {
				return false
			}
		}
	}
	return true
}
