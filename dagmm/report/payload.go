package report

import (
	"math"
	"strconv"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/evaluate"
)

// payload is the page's data, as JSON for its script. Rows are numbered from 1. Points are stored by column: it is much shorter.
type payload struct {
	Metrics   []string `json:"metrics"`
	Units     []string `json:"units"`   // one for each metric, empty where unknown
	Varying   []int    `json:"varying"` // metrics that have more than one value
	Rows      int      `json:"rows"`
	Scored    int      `json:"scored"`
	Labelled  bool     `json:"labelled"`
	Threshold num      `json:"threshold"`

	Points  points    `json:"points"`  // rows that are not flagged, thinned where there are very many
	Missed  points    `json:"missed"`  // rows labelled anomalous but not flagged
	Flagged []flagged `json:"flagged"` // never thinned
	Line    line      `json:"line"`    // energies over time
	Thinned thinned   `json:"thinned"`

	agreement *evaluate.Agreement

	Scales []density `json:"scales"` // one for each scale of the energy axis, the preferred first
}

type points struct {
	Row    []int    `json:"row"`
	At     []num    `json:"at"` // place on the axis of the strips, 0 to 1000
	Time   []string `json:"time,omitempty"`
	Energy []num    `json:"energy"`
	X      [][]num  `json:"x"` // metric by metric
}

type line struct {
	Row    []int    `json:"row"`
	Time   []string `json:"time,omitempty"`
	Energy []num    `json:"energy"`
}

type flagged struct {
	Row      int    `json:"row"`
	At       num    `json:"at"`
	Time     string `json:"time,omitempty"`
	Energy   num    `json:"energy"`
	P        num    `json:"p"`
	Weak     bool   `json:"weak,omitempty"`
	X        []num  `json:"x"`
	Label    bool   `json:"label"`
	Sentence string `json:"sentence"`
	Pair     string `json:"pair,omitempty"`
	Parts    []part `json:"parts"`
}

type part struct {
	Metric   string `json:"metric"`
	Share    num    `json:"share"`
	Value    num    `json:"value"`
	Low      num    `json:"low"`
	High     num    `json:"high"`
	Usual    bool   `json:"usual,omitempty"` // the range is the one of training
	Shown    string `json:"shown"`           // the value in print
	Expected string `json:"expected"`        // the range in words
}

// num is a number that JSON can hold: NaN becomes null and an infinity a string. It has the digits that are shown.
type num float64

// MarshalJSON writes the number.
func (v num) MarshalJSON() ([]byte, error) {
	f := float64(v)
	switch {
	case math.IsNaN(f):
		return []byte("null"), nil
	case math.IsInf(f, 1):
		return []byte(`"∞"`), nil
	case math.IsInf(f, -1):
		return []byte(`"−∞"`), nil
	}
	digits := 9
	if math.Abs(f) >= 1e8 { // a large number is shown to its last whole digit
		digits = -1
	}
	return strconv.AppendFloat(nil, f, 'g', digits, 64), nil
}

func newPayload(d Rows, c course) payload {
	n, width := d.X.Dims()
	layout := timeLayout(d.Times)
	isFlagged := make([]bool, n)
	for _, f := range d.Flagged {
		isFlagged[f.Row] = true
	}
	normal, missed, scored := split(d, isFlagged)
	shown := every(normal, maxPoints(width))
	shownMissed := every(missed, maxPoints(width))
	lineRows, bucket := envelope(d.Energies, maxLine)

	varying, _ := constants(d.X, d.Metrics)
	if varying == nil {
		varying = []int{}
	}
	p := payload{
		Metrics:   d.Metrics,
		Units:     make([]string, width),
		Varying:   varying,
		agreement: d.agreement(),
		Rows:      n,
		Scored:    scored,
		Labelled:  d.Labels != nil,
		Threshold: num(d.Threshold),
		Points:    d.points(shown, layout, c),
		Missed:    d.points(shownMissed, layout, c),
		Flagged:   make([]flagged, 0, len(d.Flagged)),
		Line:      line{Row: numbers(lineRows), Time: d.times(lineRows, layout), Energy: d.energies(lineRows)},
		Thinned: thinned{
			Normal: len(normal), Shown: len(shown),
			Missed: len(missed), ShownMissed: len(shownMissed), Bucket: bucket,
		},
		Scales: densities(d.Energies, isFlagged, d.Threshold),
	}
	copy(p.Units, d.Units)
	for _, f := range d.Flagged {
		p.Flagged = append(p.Flagged, d.flagged(f, layout, c))
	}
	return p
}

// split sorts the rows that have a score and are not flagged into those without and those with a label.
func split(d Rows, isFlagged []bool) (normal, missed []int, scored int) {
	for i, e := range d.Energies {
		if math.IsNaN(e) {
			continue
		}
		scored++
		switch {
		case isFlagged[i]:
		case d.labelled(i):
			missed = append(missed, i)
		default:
			normal = append(normal, i)
		}
	}
	return normal, missed, scored
}

func (d Rows) labelled(row int) bool { return len(d.Labels) > 0 && d.Labels[row] }

func (d Rows) points(rows []int, layout string, c course) points {
	p := points{Row: numbers(rows), Time: d.times(rows, layout), Energy: d.energies(rows), X: make([][]num, len(d.Metrics))}
	for _, i := range rows {
		p.At = append(p.At, c.place(i))
	}
	for j := range p.X {
		p.X[j] = make([]num, len(rows))
		for k, i := range rows {
			p.X[j][k] = num(d.X.At(i, j))
		}
	}
	return p
}

func (d Rows) flagged(f Explained, layout string, c course) flagged {
	out := flagged{
		Row:      f.Row + 1,
		At:       c.place(f.Row),
		Energy:   num(d.Energies[f.Row]),
		P:        num(f.Explanation.Verdict.PValue),
		Weak:     f.Weak(),
		X:        make([]num, len(d.Metrics)),
		Label:    d.labelled(f.Row),
		Sentence: f.Explanation.String(),
		Parts:    make([]part, len(f.Explanation.Contributions)),
	}
	if d.Times != nil {
		out.Time = d.Times[f.Row].Format(layout)
	}
	if pair := f.Explanation.Pair; pair[0] != "" {
		out.Pair = pair[0] + " and " + pair[1]
	}
	for j := range out.X {
		out.X[j] = num(d.X.At(f.Row, j))
	}
	for k, c := range f.Explanation.Contributions {
		out.Parts[k] = newPart(c)
	}
	return out
}

// newPart returns a metric's part in an explanation. Where no single range shows what is wrong,
// there is none.
func newPart(c dagmm.Contribution) part {
	shown, expected := c.Text()
	p := part{Metric: c.Metric, Share: num(c.Share), Value: num(c.Value), Low: num(c.Low), High: num(c.High), Usual: !c.Conditional && c.Samples == 0, Shown: shown}
	switch {
	case c.Joint:
		p.Low, p.High = num(math.NaN()), num(math.NaN())
	case c.Constant:
		p.Expected = "constantly " + expected + " in training"
	case p.Usual:
		p.Expected = "usually " + expected
	default:
		p.Expected = "expected " + expected
	}
	return p
}

func (d Rows) energies(rows []int) []num {
	out := make([]num, len(rows))
	for k, i := range rows {
		out[k] = num(d.Energies[i])
	}
	return out
}

func (d Rows) times(rows []int, layout string) []string {
	if d.Times == nil {
		return nil
	}
	out := make([]string, len(rows))
	for k, i := range rows {
		out[k] = d.Times[i].Format(layout)
	}
	return out
}

// numbers turns indices into row numbers from 1.
func numbers(rows []int) []int {
	out := make([]int, len(rows))
	for k, i := range rows {
		out[k] = i + 1
	}
	return out
}

// timeLayout shows fractions of a second only where rows are less than a second apart.
func timeLayout(times []time.Time) string {
	if step := interval(times); step > 0 && step < time.Second {
		return "2006-01-02 15:04:05.000"
	}
	return time.DateTime
}
