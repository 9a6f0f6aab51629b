package main

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/metric-streams/anomaly/dagmm"
)

// explaining explains rows on all processors while those after them are looked for.
type explaining struct {
	work    chan explained
	workers sync.WaitGroup
	mu      sync.Mutex
	err     error // the first
}

// explained is a row and where its explanation goes.
type explained struct {
	row    int
	why    *dagmm.Explanation
	values []float64
	past   *dagmm.Past
}

func newExplaining(m *dagmm.Model) *explaining {
	e := &explaining{work: make(chan explained, 64)}
	for range runtime.GOMAXPROCS(0) {
		e.workers.Add(1)
		go func() {
			defer e.workers.Done()
			for r := range e.work {
				why, err := m.ExplainAt(r.values, r.past, m.Threshold())
				if err != nil {
					e.fail(fmt.Errorf("row %d: %w", r.row+1, err))
					continue
				}
				*r.why = *why
			}
		}()
	}
	return e
}

func (e *explaining) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = err
	}
}

// add takes the row that the stream has scored last.
func (e *explaining) add(row int, why *dagmm.Explanation, s *dagmm.Stream) {
	e.work <- explained{row, why, s.Row(), s.Past()}
}

// wait returns once all rows are explained. Nothing can be added any more.
func (e *explaining) wait() error {
	close(e.work)
	e.workers.Wait()
	return e.err
}
