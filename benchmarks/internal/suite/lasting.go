package suite

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// lastingPrefix before the name of a suite of series stands for its training recordings with
// faults that last an hour and more, such as "lasting-smd4".
const lastingPrefix = "lasting-"

const (
	lastingFaults     = 10
	lastingLeast      = 75. // minutes
	lastingMost       = 93.
	lastingWeakest    = 2. // standard deviations
	lastingStrongest  = 8.
	together          = .6 // correlation from which on metrics move together
	leastLastingValue = 20 // different values that a metric must have to be moved
)

// lastingKinds follow each other.
var lastingKinds = []string{"step", "leak", "step", "throttle", "step"}

// lasting makes a machine of another's training recording, which has no known faults. Methods learn
// from its first half. The second half has ten faults of 75 to 93 minutes: steps and leaks by 2
// to 8 standard deviations, and drops to a fifth. Metrics that correlate by more than .6 move too.
func lasting(of *Series) (*Series, error) {
	n, width := of.Train.Dims()
	half := n / 2
	s := &Series{Suite: lastingPrefix + of.Suite, Machine: of.Machine, PerDay: of.PerDay, Columns: of.Columns,
		Train: mat.DenseCopyOf(of.Train.Slice(0, half, 0, width)), Test: mat.DenseCopyOf(of.Train.Slice(half, n, 0, width)), Labels: make([]bool, n-half)}
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.Suite + "/" + s.Machine)) // a hash takes every write
	l := &lastingMaker{Series: s, rng: rand.New(rand.NewPCG(h.Sum64(), 0x6c617374))}
	if err := l.learn(); err != nil {
		return nil, fmt.Errorf("suite: %s/%s: %w", s.Suite, s.Machine, err)
	}
	stretch := len(s.Labels) / lastingFaults
	for i := range lastingFaults {
		length := int((lastingLeast + l.rng.Float64()*(lastingMost-lastingLeast)) * s.PerDay / 1440)
		if length < 1 || 2*length > stretch {
			return nil, fmt.Errorf("suite: %s/%s: %d rows are too few for %d faults of %d", s.Suite, s.Machine, len(s.Labels), lastingFaults, length)
		}
		from := i*stretch + stretch/4 + l.rng.IntN(stretch/4)
		l.inject(lastingKinds[i%len(lastingKinds)], from, from+length)
	}
	return s, nil
}

// lastingMaker knows how the metrics move.
type lastingMaker struct {
	*Series
	rng     *rand.Rand
	moving  []int       // metrics that take many values
	columns [][]float64 // training rows by metric
	sd      []float64
}

func (l *lastingMaker) learn() error {
	for j := range l.Columns {
		column := mat.Col(nil, j, l.Train)
		l.columns, l.sd = append(l.columns, column), append(l.sd, stat.StdDev(column, nil))
		different := slices.Clone(column)
		slices.Sort(different)
		if len(slices.Compact(different)) >= leastLastingValue {
			l.moving = append(l.moving, j)
		}
	}
	if len(l.moving) == 0 {
		return fmt.Errorf("no metric has %d different values", leastLastingValue)
	}
	return nil
}

// inject puts a fault into the rows from to before to.
func (l *lastingMaker) inject(kind string, from, to int) {
	metric := l.moving[l.rng.IntN(len(l.moving))]
	size := lastingWeakest + l.rng.Float64()*(lastingStrongest-lastingWeakest)
	fault := Fault{Kind: kind, Span: [2]int{from, to}}
	for _, j := range l.moving {
		r := stat.Correlation(l.columns[metric], l.columns[j], nil)
		if j != metric && (kind == "throttle" || !(math.Abs(r) > together)) {
			continue
		}
		fault.Columns = append(fault.Columns, j)
		least := min(0, slices.Min(l.columns[j]))
		for i := from; i < to; i++ {
			v := l.Test.At(i, j)
			switch kind {
			case "step":
				v += r * size * l.sd[j]
			case "leak":
				v += r * size * l.sd[j] * float64(i-from+1) / float64(to-from)
			case "throttle":
				v = least + (v-least)/5
			}
			l.Test.Set(i, j, max(v, least))
		}
	}
	for i := from; i < to; i++ {
		l.Labels[i] = true
	}
	l.Faults = append(l.Faults, fault)
}

// loadLasting makes a machine of a suite whose name begins with lastingPrefix.
func loadLasting(dir, suite, machine string) (*Series, error) {
	of, err := LoadSeries(dir, strings.TrimPrefix(suite, lastingPrefix), machine)
	if err != nil {
		return nil, err
	}
	return lasting(of)
}
