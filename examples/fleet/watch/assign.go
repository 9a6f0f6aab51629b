package watch

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
)

// assign gives each partition to one of the workers, as evenly as possible. All workers come to
// the same answer. When a worker comes or goes, most partitions stay where they are: each one
// goes to the worker with the highest hash of both that has room (rendezvous hashing with bounded
// loads).
func assign(partitions int, workers []string) []string {
	out := make([]string, partitions)
	if len(workers) == 0 {
		return out
	}
	// Some workers get one more than others where it does not come out even.
	least, more := partitions/len(workers), partitions%len(workers)
	load := map[string]int{}
	for p := range out {
		ranked := slices.Clone(workers)
		slices.SortFunc(ranked, func(a, b string) int { return cmp.Or(cmp.Compare(weight(p, b), weight(p, a)), cmp.Compare(a, b)) })
		for _, w := range ranked {
			if load[w] < least || load[w] == least && more > 0 {
				if load[w] == least {
					more--
				}
				load[w]++
				out[p] = w
				break
			}
		}
	}
	return out
}

func weight(partition int, worker string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(worker + "/" + strconv.Itoa(partition))) // never fails
	// The low bits of FNV mix well, the high ones do not.
	x := h.Sum64()
	x ^= x >> 32
	x *= 0x9e3779b97f4a7c15
	return x ^ x>>29
}
