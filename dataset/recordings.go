package dataset

import (
	"fmt"
	"io"
	"slices"
)

// Recordings are the recordings of one file, such as those of several hosts.
type Recordings struct {
	Each  []Recording // in the order in which they begin
	Notes []string    // what a user should know about the file as a whole
}

// Recording is what the rows with one text in the column CSVOptions.Key hold.
type Recording struct {
	Key string
	// Table has the columns that have values in these rows, and those that CSVOptions.Columns
	// names. Its Notes are about them alone. It is nil where Err is not.
	Table *Table
	// Err tells why the rows of this recording make no table; those of others may.
	Err error
}

// ReadRecordings reads CSV text as ReadCSV does, and makes a table of the rows of each text in
// the column CSVOptions.Key, which must be given. The rows may stand one recording after the
// other, or in any other way. Times and counters go on within a recording, and with
// CSVOptions.Series each recording has the columns of its own series.
func ReadRecordings(r io.Reader, opt CSVOptions) (*Recordings, error) {
	if opt.Key == "" {
		return nil, &CSVError{Kind: ErrOption, Problem: "Key is empty; name the column that tells the recordings apart"}
	}
	rows, err := readRows(r, &opt)
	if err != nil {
		return nil, err
	}
	all, err := rows.asRead()
	if err != nil {
		return nil, err
	}
	out := &Recordings{Notes: slices.Concat(rows.comments, rows.rowNotes())}
	for _, one := range rows.recordings.rowsOfEach() {
		of := Recording{Key: rows.recordings.names[rows.recordings.of[one[0]]]}
		if of.Table, err = rows.recording(all, one); err != nil {
			of.Table, of.Err = nil, err
		}
		out.Each = append(out.Each, of)
	}
	return out, nil
}

// recording makes the table of some rows.
func (r *rowReader) recording(all *Table, rows []int) (*Table, error) {
	var series seriesRows
	if len(r.series.key) > 0 {
		series = r.series.take(rows)
	}
	t, err := r.ofSeries(all.take(rows), series)
	if err != nil {
		return nil, err
	}
	if len(r.pivoted)+len(r.opt.Columns) == 0 {
		if t, err = t.withValues(); err != nil {
			return nil, err
		}
	}
	t.Notes = append(t.Notes, r.tableNotes(t)...)
	return t, nil
}

// withValues returns the columns that have values.
func (t *Table) withValues() (*Table, error) {
	var names []string
	for j, s := range surveyTable(t) {
		if s.missing < s.rows {
			names = append(names, t.Columns[j])
		}
	}
	switch len(names) {
	case len(t.Columns):
		return t, nil
	case 0:
		return nil, fmt.Errorf("%w: no column has a value", ErrNoMetric)
	}
	out, err := t.Select(names...)
	if err != nil {
		return nil, err
	}
	out.Roles = slices.Clone(t.Roles)
	for c, role := range out.Roles {
		if role.Role == RoleMetric && slices.Contains(t.Columns, role.Name) && !slices.Contains(names, role.Name) {
			out.Roles[c].Role, out.Roles[c].Reason = RoleSkipped, "no values"
		}
	}
	return out, nil
}

// findKey sets the column that Key names.
func (p *plan) findKey() error {
	if p.opt.Key == "" {
		return nil
	}
	c, err := p.given("Key", p.opt.Key)
	if err != nil {
		return err
	}
	p.key, p.recordings.key = c, []int{c}
	p.roles[c].Reason = "tells recordings apart"
	return nil
}

// severalRecordings returns an error if the rows are of several recordings.
func (r *rowReader) severalRecordings() error {
	var names []string
	for _, one := range r.recordings.rowsOfEach() {
		names = append(names, r.recordings.names[r.recordings.of[one[0]]])
	}
	if len(names) < 2 {
		return nil
	}
	return &CSVError{Line: r.first, Column: r.names[r.key], Kind: ErrLongForm, Problem: fmt.Sprintf(
		"Key tells %d recordings apart, %s: ReadRecordings makes a table of each", len(names), someNames(names))}
}

// rowsOfEach returns the rows of each series, in the order in which they begin.
func (s *seriesRows) rowsOfEach() [][]int {
	rows := make([][]int, len(s.names))
	for i, series := range s.of {
		rows[series] = append(rows[series], i)
	}
	return slices.DeleteFunc(rows, func(r []int) bool { return len(r) == 0 })
}
