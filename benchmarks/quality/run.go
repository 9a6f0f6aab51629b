package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/metric-streams/anomaly/benchmarks/internal/suite"
)

// runAll works through the jobs on the given number of goroutines and stores
// each result. Jobs that share data should follow one another: data are loaded
// when the first job needs them and dropped after the last.
func runAll(ctx context.Context, dir string, p protocol, jobs []job, parallel int, s *store) error {
	data := newCache(dir, jobs)
	report := newProgress(os.Stderr, len(jobs))
	queue := make(chan job)
	var mu sync.Mutex
	var firstErr error
	var wg sync.WaitGroup
	for range max(1, parallel) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range queue {
				var r result
				if d, err := data.take(j); err != nil {
					r = result{job: j, Protocol: p.hash(), Error: err.Error()}
				} else {
					r = j.run(ctx, p, d)
				}
				data.release(j)
				if ctx.Err() != nil {
					continue // cut short is not a result
				}
				mu.Lock()
				if err := s.add(r); err != nil && firstErr == nil {
					firstErr = err
				}
				report.done(r)
				mu.Unlock()
			}
		}()
	}
	for _, j := range jobs {
		select {
		case queue <- j:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(queue)
	wg.Wait()
	report.end()
	if firstErr != nil {
		return firstErr
	}
	return ctx.Err()
}

// cache holds the data of the jobs under way.
type cache struct {
	dir string
	mu  sync.Mutex
	set map[[2]string]*cached
}

type cached struct {
	once sync.Once
	jobs int
	data any
	err  error
}

func newCache(dir string, jobs []job) *cache {
	c := &cache{dir: dir, set: map[[2]string]*cached{}}
	for _, j := range jobs {
		id := [2]string{j.Suite, j.Machine}
		if c.set[id] == nil {
			c.set[id] = &cached{}
		}
		c.set[id].jobs++
	}
	return c
}

func (c *cache) take(j job) (any, error) {
	c.mu.Lock()
	entry := c.set[[2]string{j.Suite, j.Machine}]
	c.mu.Unlock()
	entry.once.Do(func() { entry.data, entry.err = suite.Load(c.dir, j.Suite, j.Machine) })
	return entry.data, entry.err
}

func (c *cache) release(j job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := [2]string{j.Suite, j.Machine}
	if c.set[id].jobs--; c.set[id].jobs == 0 {
		delete(c.set, id)
	}
}

// progress says on a terminal what was done and how long the rest may take; a
// log gets a line now and then.
type progress struct {
	out      io.Writer
	terminal bool
	total, n int
	failed   int
	start    time.Time
	last     time.Time
}

func newProgress(out *os.File, total int) *progress {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &progress{out: out, terminal: terminal, total: total, start: time.Now(), last: time.Now()}
}

func (p *progress) done(r result) {
	p.n++
	if r.Error != "" {
		p.failed++
		p.line(fmt.Sprintf("failed: %s %s %s seed %d: %s", r.Suite, r.Machine, r.Method, r.Seed, r.Error), true)
	}
	elapsed := time.Since(p.start)
	left := time.Duration(float64(elapsed) / float64(p.n) * float64(p.total-p.n)).Round(time.Second)
	text := fmt.Sprintf("%d/%d, %d failed, about %v left; %s %s %s %.1fs", p.n, p.total, p.failed, left, r.Suite, r.Machine, r.Method, r.Seconds)
	if p.terminal || p.n == p.total || time.Since(p.last) > 30*time.Second {
		p.last = time.Now()
		p.line(text, false)
	}
}

func (p *progress) line(text string, keep bool) {
	if !p.terminal {
		fmt.Fprintln(p.out, text)
		return
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s", text)
	if keep {
		fmt.Fprintln(p.out)
	}
}

func (p *progress) end() {
	if p.terminal && p.n > 0 {
		fmt.Fprintln(p.out)
	}
}
