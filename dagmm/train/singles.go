package train

import (
	"sync"

	"github.com/metric-streams/anomaly/internal/single"
)

// singles are the training rows in float32, one copy for each choice of features that a network
// reads or gives. Any number of goroutines may use them.
type singles struct {
	mu     sync.Mutex
	copies []*single.Samples
}

// single returns the rows with these features and makes their copy on first use.
func (t *trainingData) single(index []int) *single.Samples {
	s := t.singles
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.copies {
		if c.Holds(index) {
			return c
		}
	}
	c := single.NewSamples(t.features, t.n, index)
	s.copies = append(s.copies, c)
	return c
}
