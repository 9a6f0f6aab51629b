// Check tells how good a labelled recording is: its rows and gaps, and where
// each labelled row stands when all rows are ranked by their Mahalanobis
// distance, net_in on a log scale.
//
//	check host.csv
package main

import (
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/metric-streams/anomaly/dataset"
)

var columns = dataset.HostMetrics() // cpu, mem, disk, net_in

const metrics = 4

type recording struct {
	times  []time.Time
	raw    [][metrics]float64
	labels []bool
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("check: usage: check recording.csv")
	}
	table, err := dataset.ReadCSVFile(os.Args[1], options())
	if err != nil {
		log.Fatal("check: ", err)
	}
	r, err := newRecording(table)
	if err == nil {
		err = r.report(os.Stdout)
	}
	if err != nil {
		log.Fatal("check: ", err)
	}
}

func options() dataset.CSVOptions {
	return dataset.CSVOptions{Columns: columns, Time: "time", Label: "label"}
}

// newRecording takes the rows of a table. A recorder that starts again leaves cells empty;
// distances need them all.
func newRecording(t *dataset.Table) (*recording, error) {
	n, _ := t.X.Dims()
	r := &recording{times: t.Times, raw: make([][metrics]float64, n), labels: t.Labels}
	for i := range r.raw {
		for j := range r.raw[i] {
			v := t.X.At(i, j)
			if math.IsNaN(v) {
				return nil, fmt.Errorf("row %d has no value of %s", i+1, columns[j])
			}
			r.raw[i][j] = v
		}
	}
	return r, nil
}

func (r *recording) report(w io.Writer) error {
	dist, err := r.distances()
	if err != nil {
		return err
	}
	order := slices.Clone(dist)
	slices.Sort(order)
	n := len(dist)
	labelled := 0
	fmt.Fprintln(w, "row   time      cpu (centile)   mem             disk            net_in               distance  rank")
	for i, l := range r.labels {
		if !l {
			continue
		}
		labelled++
		fmt.Fprintf(w, "%-5d %s", i+1, r.times[i].Format(time.TimeOnly))
		for j, v := range r.raw[i] {
			fmt.Fprintf(w, "  %*.*f (%5.1f)", []int{6, 6, 6, 11}[j], []int{1, 1, 1, 0}[j], v, r.centile(j, v))
		}
		at, _ := slices.BinarySearch(order, dist[i])
		fmt.Fprintf(w, "  %8.2f  %d\n", dist[i], n-at)
	}
	fmt.Fprintf(w, "%d rows, %d labelled (%.2f %%), longest step %v\n", n, labelled, 100*float64(labelled)/float64(n), r.longestStep())
	fmt.Fprint(w, "centiles of the other rows (2, 25, 50, 75, 98): ")
	for j := range metrics {
		fmt.Fprintf(w, " %s", columns[j])
		col := r.normal(j)
		for _, p := range []float64{.02, .25, .5, .75, .98} {
			fmt.Fprintf(w, " %.4g", stat.Quantile(p, stat.LinInterp, col, nil))
		}
	}
	_, err = fmt.Fprintln(w)
	return err
}

// distances are over all rows, as a detector without labels would see them.
func (r *recording) distances() ([]float64, error) {
	n := len(r.raw)
	x := mat.NewDense(n, metrics, nil)
	for i, row := range r.raw {
		row[metrics-1] = math.Log1p(row[metrics-1])
		x.SetRow(i, row[:])
	}
	var cov mat.SymDense
	stat.CovarianceMatrix(&cov, x, nil)
	var chol mat.Cholesky
	if !chol.Factorize(&cov) {
		return nil, fmt.Errorf("the metrics are linearly dependent")
	}
	mean := mat.NewVecDense(metrics, nil)
	for j := range metrics {
		mean.SetVec(j, stat.Mean(mat.Col(nil, j, x), nil))
	}
	dist := make([]float64, n)
	for i := range dist {
		dist[i] = stat.Mahalanobis(x.RowView(i), mean, &chol)
	}
	return dist, nil
}

// normal returns a metric's values in the unlabelled rows, sorted.
func (r *recording) normal(j int) []float64 {
	var col []float64
	for i, l := range r.labels {
		if !l {
			col = append(col, r.raw[i][j])
		}
	}
	slices.Sort(col)
	return col
}

func (r *recording) centile(j int, v float64) float64 {
	col := r.normal(j)
	at, _ := slices.BinarySearch(col, v)
	return 100 * float64(at) / float64(len(col))
}

func (r *recording) longestStep() time.Duration {
	var longest time.Duration
	for i := 1; i < len(r.times); i++ {
		longest = max(longest, r.times[i].Sub(r.times[i-1]))
	}
	return longest
}
