package suite

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// Tabular is a set of independent labelled rows.
type Tabular struct {
	Suite, Name string
	X           *mat.Dense
	Labels      []bool // true is the anomaly class
}

// Share returns the anomaly ratio ρ of the whole set.
func (t *Tabular) Share() float64 {
	n := 0
	for _, l := range t.Labels {
		if l {
			n++
		}
	}
	return float64(n) / float64(len(t.Labels))
}

// paperSets are the sets of the DAGMM paper, by the name of train.Paper.
var paperSets = []string{"kddcup", "kddcup-rev", "thyroid", "arrhythmia"}

// paperFiles are the files in dir/paper. KDDCUP-Rev names rows of KDDCUP.
var paperFiles = map[string]string{
	"kddcup":     "kddcup99_10pct_onehot",
	"kddcup-rev": "kddcup99_10pct_onehot",
	"thyroid":    "thyroid",
	"arrhythmia": "arrhythmia",
}

// tabularNames lists the sets of the suite "paper" or "tabular" that are there.
func tabularNames(dir, suite string) ([]string, error) {
	var names []string
	if suite == "paper" {
		for _, name := range paperSets {
			if _, err := locate(filepath.Join(dir, "paper"), paperFiles[name]); err == nil {
				names = append(names, name)
			}
		}
	} else {
		entries, err := os.ReadDir(filepath.Join(dir, "adbench"))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if name := strings.TrimSuffix(e.Name(), ".gz"); strings.HasSuffix(name, ".csv") {
				names = append(names, strings.TrimSuffix(name, ".csv"))
			}
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("suite: %s: no sets of suite %q", dir, suite)
	}
	return names, nil
}

// loadTabular reads one set of the suite "paper" or "tabular".
func loadTabular(dir, suite, name string) (*Tabular, error) {
	folder, file := filepath.Join(dir, "adbench"), name
	if suite == "paper" {
		folder, file = filepath.Join(dir, "paper"), paperFiles[name]
	}
	t, err := readTable(folder, file)
	if err != nil {
		return nil, err
	}
	set := &Tabular{Suite: suite, Name: name, X: t.X, Labels: t.Labels}
	if name == "kddcup-rev" {
		return set.reversed(folder)
	}
	return set, nil
}

// reversed picks the rows that kddcup99_rev_rows names (column row, from 0),
// with its labels.
func (t *Tabular) reversed(folder string) (*Tabular, error) {
	index, err := readTable(folder, "kddcup99_rev_rows", "row")
	if err != nil {
		return nil, err
	}
	n, _ := index.X.Dims()
	total, _ := t.X.Dims()
	rows := make([]int, n)
	for i := range rows {
		r := index.X.At(i, 0)
		if r != math.Trunc(r) || r < 0 || r >= float64(total) {
			return nil, fmt.Errorf("suite: kddcup99_rev_rows: line %d: row %v of %d", i+2, r, total)
		}
		rows[i] = int(r)
	}
	return &Tabular{Suite: t.Suite, Name: t.Name, X: pick(t.X, rows), Labels: index.Labels}, nil
}

// Split is what one run of the paper's protocol sees.
type Split struct {
	Train         *mat.Dense
	Test          *mat.Dense
	Labels        []bool  // of the test rows
	Share         float64 // ρ, the share of test rows to flag
	Contamination float64 // share of the training rows that are anomalous
}

// Halve splits the rows at random into two halves and trains on the normal
// rows of the first. Contamination (0 to below 1) is the wanted share of
// anomalous training rows, taken from the first half; where that half has too
// few, all of them go in.
func (t *Tabular) Halve(seed uint64, contamination float64) (*Split, error) {
	if !(contamination >= 0 && contamination < 1) {
		return nil, fmt.Errorf("suite: contamination %v: want 0 to below 1", contamination)
	}
	n := len(t.Labels)
	rng := rand.New(rand.NewPCG(seed, 0x7370_6c69))
	order := rng.Perm(n)
	var train, anomalous []int
	for _, row := range order[:n/2] {
		if t.Labels[row] {
			anomalous = append(anomalous, row)
		} else {
			train = append(train, row)
		}
	}
	extra := int(math.Round(contamination / (1 - contamination) * float64(len(train))))
	extra = min(extra, len(anomalous))
	train = append(train, anomalous[:extra]...)
	rng.Shuffle(len(train), func(i, j int) { train[i], train[j] = train[j], train[i] })
	if len(train) == 0 {
		return nil, fmt.Errorf("suite: %s: no training rows", t.Name)
	}
	s := &Split{
		Train: pick(t.X, train), Test: pick(t.X, order[n/2:]), Share: t.Share(),
		Contamination: float64(extra) / float64(len(train)),
	}
	for _, row := range order[n/2:] {
		s.Labels = append(s.Labels, t.Labels[row])
	}
	return s, nil
}

func pick(x *mat.Dense, rows []int) *mat.Dense {
	_, d := x.Dims()
	out := mat.NewDense(len(rows), d, nil)
	for i, r := range rows {
		out.SetRow(i, x.RawRowView(r))
	}
	return out
}
