package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm/evaluate"
	"github.com/metric-streams/anomaly/internal/format"
)

// strips are small charts of all metrics over one axis of time, one below the other, and the
// energies before them. They are drawn here and not by a script: they show everywhere, and a
// hundred of them cost little.
type strips struct {
	ID       string // of the areas, of which a page of several hosts has several
	Axis     []tick // of time, below every strip
	Areas    []area // behind every strip
	Strips   []strip
	Constant string // metrics that are not drawn because they never change
	Gutter   int    // room for the numbers of the vertical axes, in characters
}

// area is what is shaded from top to bottom, or in a narrow bar.
type area struct {
	Class string
	Path  template.HTMLAttr
	Edge  template.HTMLAttr // lines that keep a short one visible
}

// strip is the chart of one metric.
type strip struct {
	Name, Unit      string
	Latest          string // value and expected range, for a page that is kept up to date
	Metric          int    // column, −1 for the energies
	Ticks           []tick
	Band, Line      template.HTMLAttr
	Dots, Threshold template.HTMLAttr
}

// The coordinates of a strip: it is stretched to the page's width and height.
const (
	stripWidth  = 1000.
	stripHeight = 100.
	stripPoints = 1400 // for a line; more rows than that are drawn by their extremes
)

// course is where the rows lie on the axis of time.
type course struct {
	at    []float64 // 0 to stripWidth
	apart []bool    // a hole in the recording lies before the row
	ticks []tick
}

// newCourse places n rows by their times, or evenly where there are none or they do not go
// forward.
func newCourse(n int, times []time.Time, ticks int) course {
	c := course{at: make([]float64, n), apart: make([]bool, n)}
	if times != nil && goForward(times) {
		first, last := times[0], times[n-1]
		longest := holeLength(times)
		for i, t := range times {
			c.at[i] = stripWidth * float64(t.Sub(first)) / float64(last.Sub(first))
			c.apart[i] = i > 0 && t.Sub(times[i-1]) > longest
		}
		c.ticks = timeTicks(first, last, ticks)
		return c
	}
	for i := range c.at {
		c.at[i] = stripWidth * float64(i) / float64(max(n-1, 1))
	}
	if n > 1 {
		c.ticks = numberTicks(1, float64(n), ticks, func(v float64) float64 { return 100 * (v - 1) / float64(n-1) })
	}
	for k, t := range c.ticks {
		c.ticks[k].Text = "row " + t.Text
	}
	return c
}

// place is where a row lies, to a tenth.
func (c course) place(row int) num { return num(math.Round(10*c.at[row]) / 10) }

func goForward(times []time.Time) bool {
	for i := 1; i < len(times); i++ {
		if times[i].Before(times[i-1]) {
			return false
		}
	}
	return len(times) > 1 && times[len(times)-1].After(times[0])
}

// holeLength is the step from which a line is interrupted.
func holeLength(times []time.Time) time.Duration {
	return time.Duration(evaluate.NearbyRows+1) * interval(times)
}

// thinnedRows returns the rows that draw the line of values: all, or the least and the
// greatest of each bucket.
func thinnedRows(values []float64, limit int) []int {
	rows, _ := envelope(values, limit)
	return rows
}

// window is the range of a vertical axis.
type window struct{ low, high float64 }

func windowOf(values []float64) (w window, found bool) {
	w = window{math.Inf(1), math.Inf(-1)}
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			w.low, w.high = min(w.low, v), max(w.high, v)
		}
	}
	return w, w.low <= w.high
}

// y returns the height of a value, from the top. What lies outside is drawn at the edge.
func (w window) y(v float64) float64 {
	const margin = 4
	share := .5
	if half := w.high/2 - w.low/2; half > 0 { // halves do not overflow
		share = (v/2 - w.low/2) / half
	}
	return stripHeight - margin - min(max(share, -.03), 1.03)*(stripHeight-2*margin)
}

// line draws values through rows. A missing value interrupts it.
func (c course) line(rows []int, values []float64, w window) template.HTMLAttr {
	var b strings.Builder
	down := false
	for k, i := range rows {
		if k > 0 && c.apartBetween(rows[k-1], i) {
			down = false
		}
		v := values[i]
		if math.IsNaN(v) || math.IsInf(v, 0) {
			down = false
			continue
		}
		if down {
			fmt.Fprintf(&b, "L%.1f,%.1f", c.at[i], w.y(v))
		} else {
			fmt.Fprintf(&b, "M%.1f,%.1fh0", c.at[i], w.y(v)) // a single point is a dot
		}
		down = true
	}
	return path(b.String())
}

func (c course) apartBetween(from, to int) bool {
	for i := from + 1; i <= to; i++ {
		if c.apart[i] {
			return true
		}
	}
	return false
}

func path(d string) template.HTMLAttr {
	if d == "" {
		return ""
	}
	return template.HTMLAttr(`d="` + d + `"`) // d is made of numbers
}

// dots marks rows.
func (c course) dots(rows []int, values []float64, w window) template.HTMLAttr {
	var b strings.Builder
	for _, i := range rows {
		if v := values[i]; !math.IsNaN(v) {
			fmt.Fprintf(&b, "M%.1f,%.1fh0", c.at[i], w.y(v))
		}
	}
	return path(b.String())
}

// expected is the expected range of one row.
type expected struct {
	row       int
	low, high float64
}

// band draws expected ranges, in the order of the rows.
func (c course) band(ranges []expected, w window) template.HTMLAttr {
	var b strings.Builder
	flush := func(part []expected) {
		if len(part) < 2 {
			return
		}
		for k, r := range part {
			fmt.Fprintf(&b, "%s%.1f,%.1f", map[bool]string{true: "M", false: "L"}[k == 0], c.at[r.row], w.y(r.high))
		}
		for k := len(part) - 1; k >= 0; k-- {
			fmt.Fprintf(&b, "L%.1f,%.1f", c.at[part[k].row], w.y(part[k].low))
		}
		b.WriteByte('Z')
	}
	from := 0
	for k := range ranges {
		if k > 0 && c.apartBetween(ranges[k-1].row, ranges[k].row) {
			flush(ranges[from:k])
			from = k
		}
	}
	flush(ranges[from:])
	return path(b.String())
}

// shortArea is the width up to which an area has a line to keep it visible.
const shortArea = 12

// area shades spans of rows from top to bottom: 0 to stripHeight.
func (c course) area(class string, spans []evaluate.Span, top, bottom float64) area {
	var fill, edge strings.Builder
	for _, s := range spans {
		from, to := c.at[s.Start], c.at[s.End-1]
		fmt.Fprintf(&fill, "M%.1f,%gH%.1fV%gH%.1fZ", from, top, to, bottom, from)
		if to-from < shortArea {
			fmt.Fprintf(&edge, "M%.1f,%gV%g", (from+to)/2, top, bottom)
		}
	}
	return area{Class: class, Path: path(fill.String()), Edge: path(edge.String())}
}

// constants splits the columns of x: those that change, and a sentence about the others.
func constants(x mat.Matrix, names []string) (varying []int, sentence string) {
	n, width := x.Dims()
	var fixed, empty []string
	for j := range width {
		w, found := windowOf(mat.Col(make([]float64, n), j, x))
		switch {
		case !found:
			empty = append(empty, names[j])
		case w.low == w.high:
			fixed = append(fixed, fmt.Sprintf("%s (%s)", names[j], format.Number(w.low)))
		default:
			varying = append(varying, j)
		}
	}
	if len(fixed) > 0 {
		sentence = "Constant in these rows and not drawn: " + strings.Join(fixed, ", ") + ". "
	}
	if len(empty) > 0 {
		sentence += "Without a value: " + strings.Join(empty, ", ") + "."
	}
	return varying, strings.TrimSpace(sentence)
}

// energyStrip draws the energies and their threshold on the axis s.
func (c course) energyStrip(energies, thresholds []float64, s scale, marked []int, points int) strip {
	y := make([]float64, len(energies))
	for i, e := range energies {
		y[i] = s.at(e)
	}
	w, _ := windowOf(y)
	line := make([]float64, len(thresholds))
	for i, t := range thresholds {
		line[i] = s.at(t)
	}
	top, some := windowOf(line)
	if some {
		w = window{min(w.low, top.low), max(w.high, top.high)}
	}
	out := strip{Name: "energy", Metric: -1, Line: c.line(thinnedRows(y, points), y, w), Dots: c.dots(marked, y, w)}
	if s.Width != 0 {
		out.Unit = "on a compressed axis"
	}
	if some {
		out.Threshold = c.line(thinnedRows(line, points), line, w)
	}
	out.Ticks = w.energyTicks(s, top)
	return out
}

// energyTicks marks the highest energy and the threshold, and the lowest energy where there
// is room.
func (w window) energyTicks(s scale, threshold window) []tick {
	if !(w.low <= w.high) {
		return nil
	}
	var out []tick
	add := func(u float64) {
		t := tick{w.y(u), format.Number(rounded(s.back(u)))}
		for _, other := range out {
			if math.Abs(other.At-t.At) < 16 {
				return
			}
		}
		out = append(out, t)
	}
	if threshold.low == threshold.high {
		add(threshold.high)
	}
	add(w.high)
	add(w.low)
	return out
}

// rounded keeps four significant digits, without what a scale's way back adds.
func rounded(v float64) float64 {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return v
	}
	size := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-3)
	if size == 0 || math.IsInf(size, 0) {
		return v
	}
	return math.Round(v/size) * size
}

// metricStrip draws one metric with its expected ranges.
func (c course) metricStrip(j int, name, unit string, values []float64, ranges []expected, marked []int, points int) strip {
	w, _ := windowOf(values)
	margin := w.high/5 - w.low/5
	lowest, highest := max(w.low-margin, -math.MaxFloat64), min(w.high+margin, math.MaxFloat64)
	shown := w
	for _, r := range ranges { // the band widens the axis a little and is cut off beyond
		shown.low, shown.high = min(shown.low, max(r.low, lowest)), max(shown.high, min(r.high, highest))
	}
	s := strip{Name: name, Unit: unit, Metric: j, Band: c.band(ranges, shown), Line: c.line(thinnedRows(values, points), values, shown), Dots: c.dots(marked, values, shown)}
	s.Ticks = numberTicks(shown.low, shown.high, 3, shown.y)
	return s
}

// mostGutter is the length of the longest number on an axis: −1.235e-300 and 16 digits fit.
const mostGutter = 17

// gutter is how many characters the longest number of an axis has.
func gutter(all []strip) int {
	longest := 3
	for _, s := range all {
		for _, t := range s.Ticks {
			longest = max(longest, utf8.RuneCountInString(t.Text))
		}
	}
	return min(longest, mostGutter)
}

// pointsOf divides what a page may hold among so many strips.
func pointsOf(strips int) int { return min(stripPoints, max(120, 60_000/max(strips, 1))) }
