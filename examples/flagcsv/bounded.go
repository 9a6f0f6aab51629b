package main

import (
	"fmt"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dataset"
)

const (
	mostTrained = 30_000 // rows; more show little that is new, and cost time and memory
	block       = 500    // rows that follow each other, so that each has its context
)

// trainingRows are the rows to train on, in order.
type trainingRows struct {
	x       mat.Matrix
	times   []time.Time
	exclude []bool
	note    string // which rows of the table they are; empty for all
}

// bounded returns the rows of a table to train on: of a long one, blocks of consecutive rows that
// are spread evenly. The first rows of a block, whose context lies outside, only are context.
func bounded(t *dataset.Table, exclude []bool) trainingRows {
	rows, width := t.X.Dims()
	if rows <= mostTrained {
		return trainingRows{x: t.X, times: t.Times, exclude: exclude}
	}
	const blocks = mostTrained / block
	out := trainingRows{exclude: make([]bool, mostTrained)}
	x := mat.NewDense(mostTrained, width, nil)
	for k := range blocks {
		from := k * (rows - block) / (blocks - 1)
		for i := range block {
			to := k*block + i
			copy(x.RawRowView(to), t.X.RawRowView(from+i))
			if t.Times != nil {
				out.times = append(out.times, t.Times[from+i])
			}
			out.exclude[to] = i < dagmm.ContextWarmUp || exclude != nil && exclude[from+i]
		}
	}
	out.x = x
	out.note = fmt.Sprintf("trained on %d blocks of %d rows, spread evenly over all %d, of which the first %d each only give context: more would show little that is new", blocks, block, rows, dagmm.ContextWarmUp)
	return out
}
