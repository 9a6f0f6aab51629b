package monitor

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// training is a model being made for a stream. It goes by the stream's name, because the
// stream may be evicted and come back before the model is there.
type training struct {
	id     string
	ctx    context.Context
	cancel context.CancelFunc
	file   sync.Mutex              // held while the model is written, which it is not once ctx is canceled
	done   atomic.Pointer[outcome] // until the stream takes it over
}

// end cancels the training. It writes nothing from then on.
func (t *training) end() {
	t.file.Lock()
	defer t.file.Unlock()
	t.cancel()
}

// slim lets go of a model that is stored too: its stream may stay away for long.
func (t *training) slim() {
	if o := t.done.Load(); o != nil && o.model != "" {
		thin := *o
		thin.detector = nil
		t.done.Store(&thin)
	}
}

// trainings holds at most one training per stream: waiting, running, or ended and not taken
// over. Trainings that wait hold no samples.
type trainings struct {
	mu      sync.Mutex
	some    sync.Cond
	of      map[string]*training
	waiting []*training
	closed  bool
}

func (q *trainings) init() { q.some.L, q.of = &q.mu, map[string]*training{} }

// begin returns the stream's training, and whether it is new.
func (q *trainings) begin(ctx context.Context, id string) (*training, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t := q.of[id]; t != nil {
		return t, false
	}
	t := &training{id: id}
	t.ctx, t.cancel = context.WithCancel(ctx)
	q.of[id] = t
	return t, true
}

// put queues a training for the workers.
func (q *trainings) put(t *training) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, t)
	q.some.Signal()
}

// next waits for a training to run; nil when there will be none.
func (q *trainings) next() *training {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.closed {
		q.some.Wait()
	}
	if q.closed {
		return nil
	}
	t := q.waiting[0]
	q.waiting = slices.Delete(q.waiting, 0, 1)
	return t
}

// forget ends the stream's training, if there is one.
func (q *trainings) forget(id string) {
	q.mu.Lock()
	t := q.of[id]
	delete(q.of, id)
	q.waiting = slices.DeleteFunc(q.waiting, func(w *training) bool { return w.id == id })
	q.mu.Unlock()
	if t != nil {
		t.end()
	}
}

// slim slims the stream's training, if there is one.
func (q *trainings) slim(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t := q.of[id]; t != nil {
		t.slim()
	}
}

// underway counts those that have not ended.
func (q *trainings) underway() (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range q.of {
		if t.done.Load() == nil {
			n++
		}
	}
	return n
}

func (q *trainings) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.waiting = true, nil
	q.some.Broadcast()
}
