package suite

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dataset"
)

// Fault is a labelled event of which one of some columns is to blame.
type Fault struct {
	Kind    string
	Columns []int  // right answers
	Span    [2]int // rows from Span[0] to before Span[1]
}

// generated are the machines of the suite "sample" that are made on the spot:
// the number of each is the seed of its recordings.
var generated = []string{"generated-1", "generated-2", "generated-3"}

const (
	generatedTrain  = 7 * 1440 // rows, a minute apart
	generatedTest   = 14 * 1440
	faultsOfAKind   = 5
	faultKinds      = 4
	generatedPerDay = 1440
)

// faultLength is the rows of a fault of each kind: short ones stand out, long
// ones shift or freeze a metric.
var faultLength = map[dataset.FaultKind]int{
	dataset.OutOfRange: 3, dataset.BrokenCorrelation: 10, dataset.LevelShift: 30, dataset.Stuck: 60,
}

// generate makes a machine: a week of normal operation to learn from, and two
// weeks with five faults of each kind, each of a single metric.
func generate(name string) (*Series, error) {
	seed := uint64(1 + slices.Index(generated, name))
	train, _, err := dataset.Generate(dataset.GenerateConfig{Rows: generatedTrain, Seed: 2 * seed})
	if err != nil {
		return nil, err
	}
	start := time.Date(2024, 1, 8, 0, 0, 0, 0, time.UTC)
	test, injected, err := dataset.Generate(dataset.GenerateConfig{
		Rows: generatedTest, Seed: 2*seed + 1, Start: start, Faults: faults(seed),
	})
	if err != nil {
		return nil, err
	}
	s := &Series{
		Suite: "sample", Machine: name, PerDay: generatedPerDay,
		Columns: test.Columns, Train: train.X, Test: test.X, Labels: test.Labels,
	}
	for _, e := range injected {
		column, err := test.Column(e.Metric)
		if err != nil {
			return nil, err
		}
		s.Faults = append(s.Faults, Fault{Kind: e.Kind.String(), Columns: []int{column}, Span: [2]int{e.Start, e.Start + e.Length}})
	}
	return s, nil
}

// faults spreads faults over the recording, one in each stretch of equal
// length, in random order and on random metrics.
func faults(seed uint64) []dataset.Fault {
	rng := rand.New(rand.NewPCG(seed, 0x6661_756c))
	const n = faultsOfAKind * faultKinds
	const stretch = generatedTest / n
	metrics := dataset.HostMetrics()
	var out []dataset.Fault
	for i, p := range rng.Perm(n) {
		kind := dataset.FaultKind(p % faultKinds)
		length := faultLength[kind]
		out = append(out, dataset.Fault{
			Kind: kind, Metric: metrics[rng.IntN(len(metrics))],
			Start: i*stretch + rng.IntN(stretch-length), Length: length,
		})
	}
	return out
}

// errNoMachine reports a name that a suite does not have.
func errNoMachine(suite, name string) error {
	return fmt.Errorf("suite: %s: no machine %q", suite, name)
}
