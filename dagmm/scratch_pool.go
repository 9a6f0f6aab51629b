package dagmm

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/metric-streams/anomaly/autoencoder"
)

// Streams and models need the memory to score a sample in only while they score one. Thousands of
// hosts have models of one shape, so they share it: their state is then what tells them apart.

// pools holds a *sync.Pool for each shape of model.
var pools sync.Map

// pool returns the pool of scratch for models of this shape: whatever newScratch(1) depends on,
// apart from the weights and the scales of z.
func (p *Parameters) pool() *sync.Pool {
	h := sha256.New()
	fmt.Fprintln(h, len(p.Columns), p.RecentLevels.blocks())
	for i := range p.Members {
		e := &p.Members[i]
		fmt.Fprintln(h, e.Inputs, e.Targets, e.Features, e.Clip, e.mixtureScratchLen(1), len(e.Network.Encoder))
		for _, layers := range [][]autoencoder.Layer{e.Network.Encoder, e.Network.Decoder} {
			for _, l := range layers {
				fmt.Fprintln(h, l.In, l.Out, l.Linear)
			}
		}
	}
	pool, _ := pools.LoadOrStore([sha256.Size]byte(h.Sum(nil)), new(sync.Pool))
	return pool.(*sync.Pool)
}

// borrow returns scratch for one sample, to be given back.
func (m *Model) borrow() *scratch {
	s, _ := m.pool.Get().(*scratch)
	if s == nil {
		return m.newScratch(1)
	}
	if s.bound != m {
		s.bound = m
		s.single.use(m)
	}
	return s
}

func (m *Model) giveBack(s *scratch) { m.pool.Put(s) }
