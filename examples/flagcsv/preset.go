package main

import (
	"maps"
	"slices"

	"github.com/metric-streams/anomaly/dagmm/train"
)

// presets are the values of -preset. Without one, train.Choose takes one.
var presets = map[string]func() train.Config{
	"metrics":          train.Metrics,
	"series":           train.Series,
	"table":            train.Table,
	"pca":              train.PCA,
	"paper":            func() train.Config { return train.Paper("thyroid") },
	"paper-thyroid":    func() train.Config { return train.Paper("thyroid") },
	"paper-arrhythmia": func() train.Config { return train.Paper("arrhythmia") },
	"paper-kddcup":     func() train.Config { return train.Paper("kddcup") },
	"paper-kddcup-rev": func() train.Config { return train.Paper("kddcup-rev") },
}

func presetNames() []string {
	return slices.Sorted(maps.Keys(presets))
}
