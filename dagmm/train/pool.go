package train

import "sync"

// pool holds things that are not in use. Any number of goroutines may use it.
type pool[T any] struct {
	mu   sync.Mutex
	free []T
}

// take removes one thing from the pool. ok is false where the pool is empty.
func (p *pool[T]) take() (v T, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free)
	if n == 0 {
		return v, false
	}
	v = p.free[n-1]
	p.free = p.free[:n-1]
	return v, true
}

func (p *pool[T]) put(v T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, v)
}
