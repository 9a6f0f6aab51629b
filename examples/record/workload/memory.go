//go:build linux

package main

import (
	"sync"
	"syscall"
	"time"
)

const (
	keepFor  = 120 * time.Second
	chunkLen = 4 << 20
)

// memory keeps the batches of the last keepFor, so that the host's memory
// follows the load slowly. It maps and unmaps chunks itself: the Go runtime
// would hold on to what it once had.
type memory struct {
	mu     sync.Mutex
	chunks []chunk
}

type chunk struct {
	last time.Time // when the newest batch came
	data []byte
	used int
}

// add copies a batch of at most chunkLen bytes and drops what is too old.
func (m *memory) add(batch []byte, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.chunks) > 0 && now.Sub(m.chunks[0].last) > keepFor {
		if err := syscall.Munmap(m.chunks[0].data); err != nil {
			return err
		}
		m.chunks = m.chunks[1:]
	}
	if n := len(m.chunks); n == 0 || m.chunks[n-1].used+len(batch) > chunkLen {
		data, err := mapped(chunkLen)
		if err != nil {
			return err
		}
		m.chunks = append(m.chunks, chunk{data: data})
	}
	c := &m.chunks[len(m.chunks)-1]
	c.used += copy(c.data[c.used:], batch)
	c.last = now
	return nil
}

// mapped gets n bytes from the system; they take memory once written to.
func mapped(n int) ([]byte, error) {
	return syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
}
