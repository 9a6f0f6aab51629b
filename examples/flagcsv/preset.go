package main

import (
	"slices"

	"github.com/metric-streams/anomaly/dagmm/train"
)

// paper is short for the paper's model for few columns.
const paper, paperFull = "paper", "paper-thyroid"

// presetNames are the values of -preset. Without one, train.Choose takes one.
func presetNames() []string {
	names := append(train.Names(), paper)
	slices.Sort(names)
	return names
}

func preset(name string) (train.Config, error) {
	if name == paper {
		name = paperFull
	}
	return train.Named(name)
}
