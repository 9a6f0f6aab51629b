package suite

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dataset"
)

// Series is one machine: a recording to learn from and a later one to score.
type Series struct {
	Suite, Machine string
	PerDay         float64 // samples a day
	Columns        []string
	Train, Test    *mat.Dense // rows in time order
	Labels         []bool     // of the test rows
	Faults         []Fault    // of the test rows where the cause is known, else nil
	Recovery       int        // rows after an incident that are not judged, see Judged
}

// perDay is the number of samples a day of each known suite of series. Other folders are taken
// for recordings of a sample a minute.
var perDay = map[string]float64{"smd4": 1440, "smd38": 1440, "asd": 288, "jumpstarter": 288, "nezha-boutique": 1440, "dcml": 43200}

// Machines lists the machines of a suite of series in dir/suite: the X of
// X_train.csv.gz and X_test.csv.gz, in alphabetical order.
func Machines(dir, suite string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, suite))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name := strings.TrimSuffix(strings.TrimSuffix(e.Name(), ".gz"), ".csv")
		if machine, ok := strings.CutSuffix(name, "_train"); ok {
			names = append(names, machine)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("suite: %s: no file *_train.csv.gz", filepath.Join(dir, suite))
	}
	slices.Sort(names)
	return names, nil
}

// LoadSeries reads one machine. In a folder that is no known suite the files may have times.
func LoadSeries(dir, suite, machine string) (*Series, error) {
	var opt dataset.CSVOptions
	if slices.Contains(Names, suite) {
		opt.Time = dataset.None
	}
	train, err := readAs(filepath.Join(dir, suite), machine+"_train", opt)
	if err != nil {
		return nil, err
	}
	test, err := readAs(filepath.Join(dir, suite), machine+"_test", opt)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(train.Columns, test.Columns) {
		return nil, fmt.Errorf("suite: %s/%s: columns of train and test differ", suite, machine)
	}
	s := &Series{
		Suite: suite, Machine: machine, PerDay: perDay[suite], Recovery: recovery[suite],
		Columns: train.Columns, Train: train.X, Test: test.X, Labels: test.Labels,
	}
	if s.PerDay == 0 {
		s.PerDay = 1440
	}
	return s, s.addInjections(dir)
}
