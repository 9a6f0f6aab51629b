package drive

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/metric-streams/anomaly/examples/fleet/watch"
)

// cluster is what the workers say of themselves.
type cluster struct {
	mu   sync.Mutex
	last map[string]watch.Beat // by the worker's name
	at   map[string]time.Time
}

func (c *cluster) init() { c.last, c.at = map[string]watch.Beat{}, map[string]time.Time{} }

func (c *cluster) hear(b watch.Beat) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last[b.Name], c.at[b.Name] = b, time.Now()
}

// recent returns the beats of workers that have been heard of lately; c.mu is held.
func (c *cluster) recent() (out []watch.Beat) {
	const lately = 2 * time.Second
	for name, b := range c.last {
		if !b.Leaving && time.Since(c.at[name]) < lately {
			out = append(out, b)
		}
	}
	return out
}

// owned reports whether each partition has one owner among those heard of lately.
func (c *cluster) owned(partitions int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	owners := map[int]int{}
	for _, b := range c.recent() {
		for n := range b.Partitions {
			owners[n]++
		}
	}
	for n := range partitions {
		if owners[n] != 1 {
			return false
		}
	}
	return true
}

// heard reports whether a worker has ever said something.
func (c *cluster) heard(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.last[name]
	return ok
}

// applied reports whether all workers have applied the messages up to one.
func (c *cluster) applied(seq uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.recent() {
		if len(b.Partitions) > 0 && (b.Waiting > 0 || b.Position < seq) {
			return false
		}
	}
	return true
}

// partitions returns what a worker owned when it was last heard of.
func (c *cluster) partitions(name string) (out []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := range c.last[name].Partitions {
		out = append(out, n)
	}
	return out
}

// ownedBut reports whether workers other than one own partitions.
func (c *cluster) ownedBut(name string, partitions []int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	owned := map[int]bool{}
	for _, b := range c.recent() {
		if b.Name == name {
			continue
		}
		for n := range b.Partitions {
			owned[n] = true
		}
	}
	return !slices.ContainsFunc(partitions, func(n int) bool { return !owned[n] })
}

// sums returns over all workers there have been how many events came again and were left out,
// and how many partitions a worker has lost to another.
func (c *cluster) sums() (repeated, lost uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.last {
		repeated += b.Repeated
		lost += b.Lost
	}
	return repeated, lost
}

// sum adds up numbers of the workers heard of lately.
func (c *cluster) sum(number func(watch.Beat) float64) (sum float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.recent() {
		sum += number(b)
	}
	return sum
}

// least returns the least message that a worker has come to, 0 where none is heard of.
func (c *cluster) least() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	least := uint64(math.MaxUint64)
	for _, b := range c.recent() {
		if len(b.Partitions) > 0 {
			least = min(least, b.Position-min(b.Position, uint64(b.Waiting)))
		}
	}
	if least == math.MaxUint64 {
		return 0
	}
	return least
}

// String shows who owns what.
func (c *cluster) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var lines []string
	for name, b := range c.last {
		lines = append(lines, fmt.Sprintf("%s, heard %s ago: %+v", name, time.Since(c.at[name]).Round(time.Millisecond), b))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
