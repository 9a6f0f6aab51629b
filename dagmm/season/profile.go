package season

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"
)

var (
	// ErrShort reports a recording with too few rows for a Profile.
	ErrShort = errors.New("recording is too short")
	// ErrWidth reports rows, times and column names that do not fit together.
	ErrWidth = errors.New("wrong width")
	// ErrStored reports a stored Profile that is inconsistent.
	ErrStored = errors.New("invalid season profile")
)

// Kind says which seasons a Profile follows.
type Kind string

const (
	// Flat has one level for all times.
	Flat Kind = "flat"
	// Daily has a level for each hour of the day.
	Daily Kind = "daily"
	// Weekly has a level for each hour of the week.
	Weekly Kind = "weekly"
)

const (
	daysForDaily   = 3  // how often each hour of the day must have been seen
	weeksForWeekly = 2  // how often each hour of the week must have been seen
	fewestRows     = 30 // that a Profile is made of
	shrinkSamples  = 3  // an hour with that many samples weighs as much as all hours together
	relevance      = .1 // share of the variation that the hours must explain
	weekHours      = 7 * 24
	normalDeviate  = 1.4826 // standard deviations in one median absolute deviation
)

// Limit is the usual range of one metric at a time of the week, in the metric's own unit.
type Limit struct {
	Metric           string
	Low, Level, High float64
}

// Profile holds the usual level and spread of each metric by hour of the day or of the
// week. Level and spread are the median and the median absolute deviation of the hour's
// samples, shrunk towards those of all hours where an hour has few samples. The profile
// looks at one metric at a time. Its Limits are the statistical upper and lower limits of
// a dashboard, to be shown beside the verdict of a model that sees all metrics together.
// A Profile is immutable and safe for concurrent use.
type Profile struct {
	Kind    Kind
	Reason  string // why the profile is not finer; empty for a weekly one
	columns []string
	zone    *time.Location
	level   [][]float64 // hour of the day or week × metric
	spread  [][]float64
	mean    []float64 // of level over the hours
}

// New makes the profile of a recording. Row i of x (rows × len(columns)) was taken at
// times[i]; NaN is a missing value. Hours are those of zone; nil means UTC. The profile is
// Daily or Weekly only where the recording is long enough and its hours differ; Reason says
// why it is not. New returns ErrShort for fewer than 30 rows and ErrWidth where the
// arguments do not fit together.
func New(columns []string, times []time.Time, x mat.Matrix, zone *time.Location) (*Profile, error) {
	if x == nil {
		return nil, fmt.Errorf("season: no rows: %w", ErrShort)
	}
	n, d := x.Dims()
	switch {
	case d != len(columns) || n != len(times):
		return nil, fmt.Errorf("season: %d rows of width %d, %d times, %d columns: %w", n, d, len(times), len(columns), ErrWidth)
	case n < fewestRows:
		return nil, fmt.Errorf("season: %d rows, need %d: %w", n, fewestRows, ErrShort)
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
	if p.Kind == Weekly && !p.relevant(Daily, hours, times, x) {
		p.Kind, p.Reason = Daily, fmt.Sprintf("the days of the week explain less than %.0f %% of what the hours of the day leave", 100*relevance)
	}
	if p.Kind == Daily && !p.relevant(Flat, hours, times, x) {
		p.Kind, p.Reason = Flat, fmt.Sprintf("the hours explain less than %.0f %% of every metric's variation", 100*relevance)
	}
	p.level, p.spread = p.fit(hours, x, nil)
	p.mean = meanLevel(p.level)
	return p, nil
}

// hour returns the hour of the week, counted from Sunday 0:00.
func (p *Profile) hour(t time.Time) int {
	t = t.In(p.zone)
	return 24*int(t.Weekday()) + t.Hour()
}

// slot returns the row of level and spread that an hour of the week belongs to.
func (p *Profile) slot(hour int) int {
	switch p.Kind {
	case Daily:
		return hour % 24
	case Weekly:
		return hour
	}
	return 0
}

// choose sets the finest kind of which the recording shows each hour often enough.
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
		p.Kind = Weekly
	case slices.Min(day[:]) >= daysForDaily:
		p.Kind, p.Reason = Daily, fmt.Sprintf("not every hour of the week was seen %d times", weeksForWeekly)
	default:
		p.Kind, p.Reason = Flat, fmt.Sprintf("not every hour of the day was seen on %d days", daysForDaily)
	}
}

// fit returns level and spread (slot × metric) of the rows that are not left out.
func (p *Profile) fit(hours []int, x mat.Matrix, leaveOut []bool) (level, spread [][]float64) {
	n, d := x.Dims()
	slots := map[Kind]int{Flat: 1, Daily: 24, Weekly: weekHours}[p.Kind]
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

// medianSpread returns the median and the median absolute deviation, scaled to a standard
// deviation. Without values both are NaN. Where more than half of the values are equal, the
// spread is the standard deviation instead.
func medianSpread(values []float64) (center, spread float64) {
	if len(values) == 0 {
		return math.NaN(), math.NaN()
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

// relevant reports whether the hours explain enough of at least one metric beyond what a
// coarser profile explains. It looks at days that the levels were not taken from, because
// the level of a few samples explains those samples whatever they are.
func (p *Profile) relevant(coarser Kind, hours []int, times []time.Time, x mat.Matrix) bool {
	days := 1
	if p.Kind == Weekly {
		days = 7
	}
	before := p.unexplained(coarser, days, hours, times, x)
	after := p.unexplained(p.Kind, days, hours, times, x)
	for j, b := range before {
		if after[j]*after[j] < (1-relevance)*b*b {
			return true
		}
	}
	return false
}

// unexplained returns each metric's mean distance from levels that were taken from other
// days: every second block of days is judged by the blocks between them. It is a mean and
// not a median because Sundays are few.
func (p *Profile) unexplained(kind Kind, days int, hours []int, times []time.Time, x mat.Matrix) []float64 {
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

// Limits returns the usual range of every metric at time t: its level plus and minus width
// standard deviations. The result is written into dst, which is allocated when nil.
func (p *Profile) Limits(dst []Limit, t time.Time, width float64) []Limit {
	dst = dst[:0]
	s := p.slot(p.hour(t))
	for j, name := range p.columns {
		l, w := p.level[s][j], width*p.spread[s][j]
		dst = append(dst, Limit{Metric: name, Low: l - w, Level: l, High: l + w})
	}
	return dst
}

// Deseasonalise subtracts the season from the row x of time t, in place: what the hour of
// t adds to each metric's mean level. A model that learns such rows is not surprised by
// nights or Mondays. A flat profile changes nothing.
func (p *Profile) Deseasonalise(t time.Time, x []float64) {
	if p.Kind == Flat {
		return
	}
	offsets := p.Offsets(t)
	for j := range x {
		x[j] -= offsets[j]
	}
}

// Deseasonalised returns a copy of the row x of time t without the season. A nil or flat
// profile returns x itself.
func (p *Profile) Deseasonalised(t time.Time, x []float64) []float64 {
	if p == nil || p.Kind == Flat {
		return x
	}
	y := slices.Clone(x)
	p.Deseasonalise(t, y)
	return y
}

// DeseasonalisedRows returns a copy of x (rows × metrics) without the season, row i taken
// at times[i]. A nil profile returns x itself.
func (p *Profile) DeseasonalisedRows(times []time.Time, x *mat.Dense) *mat.Dense {
	if p == nil {
		return x
	}
	out := mat.DenseCopyOf(x)
	for i, t := range times {
		p.Deseasonalise(t, out.RawRowView(i))
	}
	return out
}

// Columns returns the names of the metrics, in the order of the rows.
func (p *Profile) Columns() []string { return slices.Clone(p.columns) }

// Offsets returns what the hour of t adds to each metric's mean level, in the order of
// Columns.
func (p *Profile) Offsets(t time.Time) []float64 { return p.offsets(p.slot(p.hour(t))) }

func (p *Profile) offsets(slot int) []float64 {
	out := make([]float64, len(p.columns))
	for j, v := range p.level[slot] {
		out[j] = v - p.mean[j]
	}
	return out
}

// WeekOffsets returns the Offsets of every hour of the week: row 0 is Sunday from 0:00 to 1:00
// in the profile's zone, row 167 is Saturday from 23:00 to 24:00.
func (p *Profile) WeekOffsets() [][]float64 {
	out := make([][]float64, weekHours)
	for hour := range out {
		out[hour] = p.offsets(p.slot(hour))
	}
	return out
}

// Zone returns the time zone whose hours the profile counts.
func (p *Profile) Zone() *time.Location { return p.zone }

func meanLevel(level [][]float64) []float64 {
	mean := make([]float64, len(level[0]))
	for _, row := range level {
		for j, v := range row {
			mean[j] += v / float64(len(level))
		}
	}
	return mean
}

// Complete reports whether every metric has a level. A metric without any value has none.
func (p *Profile) Complete() bool {
	for _, row := range p.level {
		for _, v := range row {
			if v != v {
				return false
			}
		}
	}
	return true
}
