package main

import (
	"runtime"
	"sync"

	"github.com/metric-streams/anomaly/dagmm"
)

// explaining explains rows on all processors while those after them are scored: an explanation takes as long as the scores of
// hundreds of rows.
type explaining struct {
	work    chan *explained
	workers sync.WaitGroup
	rows    []*explained
}

// explained is a row and its explanation.
type explained struct {
	row     int
	flagged bool
	why     *dagmm.Explanation
	err     error

	values []float64
	past   *dagmm.Past
}

func newExplaining(m *dagmm.Model) *explaining {
	e := &explaining{work: make(chan *explained, 64)}
	for range runtime.GOMAXPROCS(0) {
		e.workers.Add(1)
		go func() {
			defer e.workers.Done()
			for r := range e.work {
				r.why, r.err = m.ExplainAt(r.values, r.past, m.Threshold())
				r.values, r.past = nil, nil
			}
		}()
	}
	return e
}

// add takes the row that the stream has scored last.
func (e *explaining) add(row int, flagged bool, s *dagmm.Stream) {
	r := &explained{row: row, flagged: flagged, values: s.Row(), past: s.Past()}
	e.rows = append(e.rows, r)
	e.work <- r
}

// wait returns all rows, explained. Nothing can be added any more.
func (e *explaining) wait() []*explained {
	close(e.work)
	e.workers.Wait()
	return e.rows
}
