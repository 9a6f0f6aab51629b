package dataset

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// plan says what to do with each column of a file.
type plan struct {
	*form
	opt     *CSVOptions
	stats   []columnStats
	times   []int       // the time column, or a date and a clock column
	clock   *timeReader // nil without times
	label   int         // -1 without labels
	labels  *labelReader
	metrics []*metricColumn
	roles   []ColumnRole
	texts   []*textColumn
	missing map[string]bool // opt.Missing
	decimal byte            // sign of the columns that do not show theirs
	wanted  []bool          // columns named in Columns
	spare   []string        // why a column is no metric though it holds numbers, or ""
}

// metricColumn is how a column of numbers is read.
type metricColumn struct {
	col       int
	format    numberFormat
	sentinels []float64
	rate      *rateColumn // nil where the column is no counter
	scale     float64
	chosen    bool // named by the user
	valued    bool // has held a number
	text      bool // turned out to hold text before it held a number
}

// textColumn counts the different texts of a column that is skipped, since they may be the
// names of several hosts.
type textColumn struct {
	col  int
	last string
	seen map[string]bool
}

const maxTexts = 50 // different texts that are counted

// columnStats is what the sample shows of a column.
type columnStats struct {
	numbers, texts int
	cells          []string // the first texts
	points, commas int      // numbers whose decimal sign is certain
	unclear        int      // numbers such as 1,234, whose sign is not
}

func (p *plan) isMissing(b []byte) bool {
	return isMissing(b) || p.missing[string(b)]
}

func (p *plan) survey(c int) columnStats {
	var s columnStats
	for _, r := range p.body {
		if c >= len(r.fields) {
			continue
		}
		b := []byte(r.fields[c])
		if p.isMissing(b) {
			continue
		}
		if !numberLike(b) {
			s.texts++
			if len(s.cells) < 64 {
				s.cells = append(s.cells, r.fields[c])
			}
			continue
		}
		s.numbers++
		switch decimalSign(b) {
		case '.':
			s.points++
		case ',':
			s.commas++
		default:
			if strings.ContainsRune(r.fields[c], ',') {
				s.unclear++
			}
		}
	}
	return s
}

// isNumber tells whether the column's values are mostly numbers, or it has none yet.
func (s columnStats) isNumber() bool { return s.numbers >= s.texts }

func (s columnStats) isEmpty() bool { return s.numbers+s.texts == 0 }

// newPlan decides every column's role.
func newPlan(f *form, opt *CSVOptions) (*plan, error) {
	p := &plan{form: f, opt: opt, label: -1, missing: map[string]bool{}}
	for _, m := range opt.Missing {
		p.missing[m] = true
	}
	p.stats = make([]columnStats, f.width)
	p.roles = make([]ColumnRole, f.width)
	for c := range p.stats {
		p.stats[c] = p.survey(c)
		p.roles[c] = ColumnRole{Number: c + 1, Name: f.names[c], Role: RoleSkipped}
	}
	p.decimal = p.commonDecimal()
	p.spare = make([]string, f.width)
	metrics, err := p.resolveColumns()
	if err != nil {
		return nil, err
	}
	if err := p.findTime(); err != nil {
		return nil, err
	}
	if err := p.findLabel(); err != nil {
		return nil, err
	}
	if err := p.findMetrics(metrics); err != nil {
		return nil, err
	}
	if err := p.tuneMetrics(); err != nil {
		return nil, err
	}
	p.explainSkipped()
	return p, nil
}

// resolveColumns returns the indices of Columns.
func (p *plan) resolveColumns() ([]int, error) {
	p.wanted = make([]bool, p.width)
	var metrics []int
	for _, name := range p.opt.Columns {
		c, err := p.column("Columns", name)
		if err != nil {
			return nil, err
		}
		if p.wanted[c] {
			return nil, &CSVError{Kind: ErrOption, Column: p.names[c], Problem: "named twice in Columns"}
		}
		p.wanted[c] = true
		metrics = append(metrics, c)
	}
	return metrics, nil
}

// given resolves Time or Label, and refuses a column that is wanted as a metric too.
func (p *plan) given(option, name string) (int, error) {
	c, err := p.column(option, name)
	if err != nil {
		return 0, err
	}
	if p.wanted[c] {
		return 0, &CSVError{Kind: ErrOption, Column: p.names[c], Problem: "named in both Columns and " + option}
	}
	return c, nil
}

// findLabel looks for a label column by its name. Further columns of such a name are no
// metrics either.
func (p *plan) findLabel() error {
	if p.opt.Label == None {
		return nil
	}
	if p.opt.Label != "" {
		c, err := p.given("Label", p.opt.Label)
		if err != nil {
			return err
		}
		if !p.free(c) {
			return &CSVError{Kind: ErrOption, Column: p.names[c], Problem: "taken for both the time and the label; say which with Time and Label"}
		}
		p.setLabel(c, "as asked")
	}
	for c, name := range p.names {
		switch {
		case !isLabelName(name) && !isLabelName(p.short[c]) || !p.free(c) || p.wanted[c]:
		case p.label < 0:
			p.setLabel(c, "by its name")
		default:
			p.spare[c] = "another label by its name"
		}
	}
	return nil
}

func (p *plan) setLabel(c int, reason string) {
	p.label, p.labels = c, newLabelReader(p.opt)
	p.roles[c].Role, p.roles[c].Reason = RoleLabel, reason
}

// free tells whether a column is neither the time nor the label.
func (p *plan) free(c int) bool { return c != p.label && !slices.Contains(p.times, c) }

// findMetrics takes the wanted columns, or all columns of numbers. A column without a value
// in the sample is kept on trial.
func (p *plan) findMetrics(metrics []int) error {
	chosen := len(metrics) > 0
	if !chosen {
		for c, s := range p.stats {
			if p.free(c) && s.isNumber() && p.spare[c] == "" {
				metrics = append(metrics, c)
			}
		}
	}
	for _, c := range metrics {
		p.metrics = append(p.metrics, &metricColumn{
			col: c, format: p.decimalOf(c), sentinels: p.opt.Sentinels, scale: 1, chosen: chosen,
		})
		p.roles[c].Role = RoleMetric
	}
	if len(p.metrics) == 0 {
		return p.noMetric()
	}
	return nil
}

func (p *plan) noMetric() error {
	return &CSVError{Line: p.first, Kind: ErrNoMetric, Problem: fmt.Sprintf(
		"no column of numbers besides time and label among %s; give the delimiter in Comma if it is not %q, or the metrics in Columns",
		quoteNames(p.names), rune(p.comma))}
}

// decimalOf returns how a column writes its numbers.
func (p *plan) decimalOf(c int) numberFormat {
	if p.opt.Decimal != 0 {
		return numberFormat{decimal: byte(p.opt.Decimal), certain: true}
	}
	s := p.stats[c]
	switch {
	case s.points > 0:
		return numberFormat{decimal: '.'}
	case s.commas > 0:
		return numberFormat{decimal: ','}
	}
	return numberFormat{decimal: p.decimal}
}

// commonDecimal returns the decimal sign of the columns that do not show theirs. Where the
// comma does not separate fields, 1,234 has a decimal comma.
func (p *plan) commonDecimal() byte {
	points, commas, unclear := 0, 0, 0
	for _, s := range p.stats {
		points += s.points
		commas += s.commas
		unclear += s.unclear
	}
	if points == 0 && (commas > 0 || unclear > 0 && p.comma != ',') {
		return ','
	}
	return '.'
}

// tuneMetrics applies the options that go by column.
func (p *plan) tuneMetrics() error {
	for _, name := range p.opt.Counters {
		m, err := p.metric("Counters", name)
		if err != nil {
			return err
		}
		if p.clock == nil {
			return &CSVError{Kind: ErrOption, Column: p.names[m.col], Problem: "a rate in Counters needs a time column; name it in Time"}
		}
		m.rate = &rateColumn{}
	}
	for _, name := range slices.Sorted(maps.Keys(p.opt.ColumnSentinels)) {
		m, err := p.metric("ColumnSentinels", name)
		if err != nil {
			return err
		}
		m.sentinels = slices.Concat(m.sentinels, p.opt.ColumnSentinels[name])
	}
	for _, name := range slices.Sorted(maps.Keys(p.opt.Scale)) {
		m, err := p.metric("Scale", name)
		if err != nil {
			return err
		}
		m.scale = p.opt.Scale[name]
	}
	return nil
}

func (p *plan) metric(option, name string) (*metricColumn, error) {
	c, err := p.column(option, name)
	if err != nil {
		return nil, err
	}
	for _, m := range p.metrics {
		if m.col == c {
			return m, nil
		}
	}
	return nil, &CSVError{Kind: ErrOption, Column: p.names[c], Problem: "named in " + option + " but not read as a metric; name it in Columns"}
}

// explainSkipped fills in the reasons of columns that are not read.
func (p *plan) explainSkipped() {
	for c := range p.roles {
		r, s := &p.roles[c], p.stats[c]
		if r.Role != RoleSkipped || r.Reason != "" {
			continue
		}
		if len(p.opt.Columns) > 0 {
			r.Reason = "not in Columns"
			continue
		}
		if r.Reason = p.spare[c]; r.Reason != "" {
			continue
		}
		if len(s.cells) > 0 {
			r.Reason = "text such as " + shown(s.cells[0])
			if _, named := isTimeName(r.Name); named && p.clock == nil && p.opt.Time != None {
				p.comments = append(p.comments, fmt.Sprintf(
					"column %q is named as a time, but %s is in no form that is known: give its layout in TimeLayout", r.Name, shown(s.cells[0])))
			}
		}
		p.texts = append(p.texts, &textColumn{col: c, seen: map[string]bool{}})
	}
}

// findTime looks for the time column: by name and content, or by content alone where that
// is a written time, since such a column cannot be a metric.
func (p *plan) findTime() error {
	if p.opt.Time == None {
		return nil
	}
	best, ambiguous := p.searchTime()
	if p.opt.Time != "" {
		c, err := p.given("Time", p.opt.Time)
		if err != nil {
			return err
		}
		found, err := p.timeIn(c, true)
		if err != nil {
			return err
		}
		if found == nil {
			return &CSVError{Line: p.first, Column: p.names[c], Kind: ErrTime, Problem: fmt.Sprintf(
				"%s is not a time in a form that is known; give its layout in TimeLayout", shown(p.body[0].fields[c]))}
		}
		p.setTime(found, "as asked")
		return nil
	}
	if best == nil {
		return ambiguous
	}
	reason := "by its content"
	if best.named {
		reason = "by name and content"
	}
	p.setTime(best, reason)
	return nil
}

// searchTime returns the best column, or two of them where date and clock stand apart. The
// error is about a column that would be a time but for its order of month and day.
func (p *plan) searchTime() (*timeFound, error) {
	var best *timeFound
	var dates, clocks []*timeFound
	var failed error
	for c := range p.names {
		if p.wanted[c] {
			continue
		}
		found, err := p.timeIn(c, false)
		if err != nil && failed == nil {
			failed = err
		}
		if found == nil {
			continue
		}
		switch {
		case found.reader.noDate:
			clocks = append(clocks, found)
		case slices.Contains(dateLayouts, found.reader.layout):
			dates = append(dates, found)
		}
		if found.named {
			p.spare[c] = "another time by name and content"
		}
		if best == nil || found.score() > best.score() {
			best = found
		}
	}
	if best == nil {
		return nil, failed
	}
	if !best.full && len(dates) > 0 && len(clocks) > 0 {
		joined := *dates[0]
		joined.cols = []int{dates[0].cols[0], clocks[0].cols[0]}
		joined.reader = newTimeReader(dates[0].reader.layout+" "+clocks[0].reader.layout, p.opt.location())
		return &joined, nil
	}
	return best, nil
}

func (opt *CSVOptions) location() *time.Location {
	if opt.Location == nil {
		return time.UTC
	}
	return opt.Location
}

// timeFound is a column that can be the time.
type timeFound struct {
	cols   []int
	reader *timeReader
	named  bool // its name means a time
	full   bool // it has both date and clock
	note   string
}

// score ranks candidates: a name counts more than a full time.
func (t *timeFound) score() (n int) {
	if t.named {
		n += 2
	}
	if t.full {
		n++
	}
	return n
}

func (p *plan) setTime(t *timeFound, reason string) {
	p.times, p.clock = t.cols, t.reader
	if t.note != "" {
		p.comments = append(p.comments, t.note)
	}
	for _, c := range t.cols {
		p.roles[c].Role = RoleTime
		p.roles[c].Reason = reason + ", " + t.reader.String() + ", " + p.opt.location().String()
	}
	p.setYear()
}

// setYear gives a time without year or date its starting point.
func (p *plan) setYear() {
	k := p.clock
	if !k.noYear && !k.noDate {
		return
	}
	lacks := "a year"
	if k.noDate {
		lacks = "a date"
	}
	switch {
	case p.opt.Year != 0:
		k.year = p.opt.Year
		return
	case !p.date.IsZero() && p.date.Year() > 0:
		d := p.date
		k.ref = time.Date(d.Year(), d.Month(), d.Day(), d.Hour(), d.Minute(), d.Second(), 0, k.loc)
	case p.year != 0:
		k.year = p.year
	default:
		k.year = 2000
		p.comments = append(p.comments, "times lack "+lacks+": 2000 was assumed; give the year in Year")
		return
	}
	p.comments = append(p.comments, fmt.Sprintf("times lack %s: %d was taken from the preamble", lacks, p.year))
}

// timeIn returns how column c reads as a time, or nil if it does not.
func (p *plan) timeIn(c int, asked bool) (*timeFound, error) {
	unit, named := isTimeName(p.names[c])
	found := &timeFound{cols: []int{c}, named: named, full: true}
	s := p.stats[c]
	switch {
	case p.opt.TimeLayout != "":
		found.reader = newTimeReader(p.opt.TimeLayout, p.opt.location())
		found.reader.decimal = p.decimalOf(c).decimal
		if asked || p.readsAsTime(c, found.reader) && (found.reader.layout != "" || named) {
			return found, nil
		}
		return nil, nil
	case s.isEmpty():
		return nil, nil
	case s.texts > s.numbers:
		return p.writtenTime(found, s)
	case s.texts > 0 && !named && !asked:
		return nil, nil
	}
	return p.numericTime(found, unit, asked), nil
}

// readsAsTime tells whether at least half of a column's sample can be read.
func (p *plan) readsAsTime(c int, reader *timeReader) bool {
	probe := *reader
	probe.year = 2000
	good, all := 0, 0
	for _, r := range p.body[:min(len(p.body), 64)] {
		if c >= len(r.fields) || p.isMissing([]byte(r.fields[c])) {
			continue
		}
		all++
		if _, err := probe.parse([]byte(r.fields[c])); err == nil {
			good++
		}
	}
	return good > 0 && 2*good >= all
}

func (p *plan) writtenTime(found *timeFound, s columnStats) (*timeFound, error) {
	for i, layouts := range [][]string{timeLayouts, dateLayouts, clockLayouts} {
		layout, hits, twin := bestLayout(s.cells, layouts)
		if hits == 0 || 2*hits < len(s.cells) {
			continue
		}
		name := p.names[found.cols[0]]
		if twin != "" && !strings.HasPrefix(name, "(PDH-CSV") {
			return nil, &CSVError{Line: p.first, Column: name, Kind: ErrTime, Problem: fmt.Sprintf(
				"times such as %s can begin with the month or the day; give TimeLayout %q or %q, or Time %q to read without times",
				shown(s.cells[0]), layout, twin, None)}
		}
		found.full = i == 0
		found.reader = newTimeReader(layout, p.opt.location())
		return found, nil
	}
	return nil, nil
}

// numericTime judges a column of numbers. A name makes it a time if its values can be dates,
// or rise as a clock does. Without any header the first column is a time if it looks like
// the clock of a sampler.
func (p *plan) numericTime(found *timeFound, unit string, asked bool) *timeFound {
	c := found.cols[0]
	values := p.values(c)
	if len(values) == 0 {
		return nil
	}
	lo, hi := slices.Min(values), slices.Max(values)
	named := found.named || asked
	if named {
		for _, layout := range compactLayouts {
			if r := newTimeReader(layout, p.opt.location()); lo > 1.9e7 && p.readsAsTime(c, r) && p.allSpan(c, len(layout)) {
				found.reader = r
				return found
			}
		}
	}
	scale := epochByMagnitude(lo, hi)
	switch {
	case scale != "" && (named || len(p.header) == 0 && c == p.firstNumber() && steady(values)):
		if unit != "" && unit != scale {
			found.note = fmt.Sprintf("column %q is named as %s but holds %s by its magnitude", p.names[c], unit, scale)
		}
	case asked || found.named && !strings.Contains(p.names[c], "/") && rises(values):
		if scale = unit; scale == "" {
			scale = "s"
		}
		found.note = fmt.Sprintf("column %q does not count from 1970: its times are only relative, in %s", p.names[c], scale)
	default:
		return nil
	}
	found.reader = newTimeReader(scale, p.opt.location())
	found.reader.decimal = p.decimalOf(c).decimal
	return found
}

// allSpan tells whether all of a column's sample has n digits and begins with a year near ours.
func (p *plan) allSpan(c, n int) bool {
	for _, r := range p.body {
		if c < len(r.fields) && (len(r.fields[c]) != n || r.fields[c] < "1990" || r.fields[c] > "2100") {
			return false
		}
	}
	return true
}

func (p *plan) firstNumber() int {
	return slices.IndexFunc(p.stats, func(s columnStats) bool { return s.isNumber() && !s.isEmpty() })
}

// values returns the numbers of a column's sample.
func (p *plan) values(c int) []float64 {
	format := p.decimalOf(c)
	var out []float64
	for _, r := range p.body {
		if c < len(r.fields) {
			if v, kind := format.parse([]byte(r.fields[c])); kind == cellNumber {
				out = append(out, v)
			}
		}
	}
	return out
}

// rises tells whether values never fall, and do rise.
func rises(values []float64) bool {
	return slices.IsSorted(values) && values[0] < values[len(values)-1]
}

// steady tells whether values rise, mostly in equal steps of at most a day's seconds.
func steady(values []float64) bool {
	if len(values) < 3 || !rises(values) {
		return false
	}
	steps := make([]float64, len(values)-1)
	for i := range steps {
		steps[i] = values[i+1] - values[i]
	}
	slices.Sort(steps)
	median, near := steps[len(steps)/2], 0
	for _, s := range steps {
		if math.Abs(s-median) <= 0.05*median {
			near++
		}
	}
	return median > 0 && 2*near >= len(steps)
}
