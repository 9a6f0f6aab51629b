package dataset

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/internal/format"
)

const (
	mostSeries     = 10_000    // that one table may have
	mostRecordings = 1_000_000 // of one text, and totals of counters
)

// seriesRows tells of which series each row of a file in long form is, or of which recording.
type seriesRows struct {
	key   []int          // columns that tell the series apart; none without series
	index map[string]int // series by name
	names []string
	of    []int // series of each row
	buf   []byte
}

// findSeries sets the columns that Series names.
func (p *plan) findSeries() error {
	if !p.opt.pivots() {
		return nil
	}
	for _, name := range p.opt.Series {
		c, err := p.given("Series", name)
		if err != nil {
			return err
		}
		p.series.key = append(p.series.key, c)
		p.roles[c].Reason = "tells series apart"
	}
	return nil
}

// find returns the series of a record, or -1 where there are no series. It is an error where
// there are more than most of them.
func (s *seriesRows) find(fields [][]byte, most int) (int, error) {
	if len(s.key) == 0 {
		return -1, nil
	}
	s.buf = s.buf[:0]
	for i, c := range s.key {
		if i > 0 {
			s.buf = append(s.buf, '/')
		}
		s.buf = append(s.buf, fields[c]...)
	}
	i, ok := s.index[string(s.buf)]
	if !ok {
		i = len(s.names)
		if i == most {
			return 0, fmt.Errorf("there are more than %d", most)
		}
		if s.index == nil {
			s.index = map[string]int{}
		}
		s.index[string(s.buf)] = i
		s.names = append(s.names, string(s.buf))
	}
	return i, nil
}

// add notes of which series the next row is.
func (s *seriesRows) add(series int) {
	if series >= 0 {
		s.of = append(s.of, series)
	}
}

// take returns the series of some rows.
func (s *seriesRows) take(rows []int) seriesRows {
	out := seriesRows{key: s.key, of: make([]int, len(rows))}
	number := map[int]int{} // of a series among those of the rows, from 1
	for k, i := range rows {
		series := s.of[i]
		if number[series] == 0 {
			out.names = append(out.names, s.names[series])
			number[series] = len(out.names)
		}
		out.of[k] = number[series] - 1
	}
	return out
}

// pivot makes a table with one column for each series and value of one in long form. It joins
// the rows of series whose times are at most half an interval apart; a series without a row
// there has no value. Its Notes say how.
func (r *rowReader) pivot(long *Table, s seriesRows) (*Table, error) {
	if long.Times == nil {
		return nil, &CSVError{Line: r.first, Kind: ErrOption, Problem: "Series needs a time column to join the series; name it in Time"}
	}
	order := make([]int, len(long.Times))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return long.Times[a].Compare(long.Times[b]) })
	tolerance := joinTolerance(s.steps(order, long.Times))
	values := len(long.Columns)
	out := &Table{Columns: s.columns(long.Columns), Roles: long.Roles}
	if r.sources == nil {
		r.sources = map[string]string{}
	}
	for c, name := range out.Columns {
		r.sources[name] = long.Columns[c%values]
	}
	if long.Units != nil {
		out.Units = slices.Repeat(long.Units, len(s.names))
	}
	width := len(out.Columns)
	var x []float64
	join := newSeriesJoin(len(s.names), tolerance)
	missing, inRow := 0, 0
	for _, i := range order {
		series, at := s.of[i], long.Times[i]
		if join.holds(series) && at.Equal(join.start) && len(s.names) > 1 {
			return nil, &CSVError{Line: r.first, Kind: ErrOption, Problem: fmt.Sprintf(
				"Series: %s has two rows at %s; name more columns in Series, which tell them apart, or Series %q to read the rows as they are", shown(s.names[series]), at.Format(time.RFC3339Nano), None)}
		}
		if join.next(series, at) {
			if join.rows > 1 && inRow < len(s.names) {
				missing++
			}
			if join.rows*width > 1<<28 {
				return nil, &CSVError{Line: r.first, Kind: ErrOption, Problem: fmt.Sprintf("%d series with few times in common make too large a table; name columns with fewer texts in Series", len(s.names))}
			}
			inRow = 0
			out.Times = append(out.Times, at)
			if long.Labels != nil {
				out.Labels = append(out.Labels, false)
			}
			for range width {
				x = append(x, math.NaN())
			}
		}
		inRow++
		copy(x[(join.rows-1)*width+series*values:], long.X.RawRowView(i))
		if long.Labels != nil && long.Labels[i] {
			out.Labels[join.rows-1] = true
		}
	}
	if inRow < len(s.names) {
		missing++
	}
	out.X = mat.NewDense(join.rows, width, x)
	out.Notes = append(out.Notes, fmt.Sprintf("%d series became columns of %s: times at most %s apart are one row", len(s.names), format.Count(join.rows, "row"), tolerance))
	if missing > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d of these rows lack a series", missing))
	}
	if len(r.pivoted) > 0 {
		var err error
		if out, err = out.Select(r.pivoted...); err != nil {
			return nil, &CSVError{Kind: ErrNoColumn, Problem: fmt.Sprintf("Columns: %v", err)}
		}
	}
	return out, nil
}

// sourceOf returns the column of the file that a column of the table was made of.
func (r *rowReader) sourceOf(name string) string {
	if value, ok := r.sources[name]; ok {
		return value
	}
	return name
}

// columns names the columns of the series' values.
func (s *seriesRows) columns(values []string) []string {
	var names []string
	for _, series := range s.names {
		for _, v := range values {
			name := cleanName(series)
			switch {
			case len(values) > 1:
				name += "/" + v
			case name == "":
				name = v
			}
			names = append(names, name)
		}
	}
	return distinct(names)
}

// steps returns those of each series that go forward.
func (s *seriesRows) steps(order []int, times []time.Time) [][]time.Duration {
	steps := make([][]time.Duration, len(s.names))
	last := make([]int, len(s.names)) // index, from 1
	for _, i := range order {
		series := s.of[i]
		if k := last[series]; k > 0 {
			if d := times[i].Sub(times[k-1]); d > 0 {
				steps[series] = append(steps[series], d)
			}
		}
		last[series] = i + 1
	}
	return steps
}
