// Package suite loads or makes the data of the quality benchmark and splits
// them as each protocol demands.
package suite

import (
	"fmt"
	"slices"
	"strings"
)

// Names are the suites. "sample" and "outliers" need no data. Any other name is that of a
// folder with recordings X_train and X_test. "lasting-" before the name of a suite of series stands for
// its training recordings with faults that last an hour and more.
var Names = []string{"smd4", "smd38", "asd", "jumpstarter", "nezha-boutique", "dcml", "paper", "tabular", "sample", "outliers"}

// NeedsData reports whether the suite reads files.
func NeedsData(suite string) bool { return suite != "sample" && suite != "outliers" }

// Members lists the machines or sets of a suite, in dir where it needs data.
func Members(dir, suite string) ([]string, error) {
	switch suite {
	case "sample":
		return append([]string{recordingName}, generated...), nil
	case "outliers":
		return outlierNames, nil
	case "paper", "tabular":
		return tabularNames(dir, suite)
	}
	if of, ok := strings.CutPrefix(suite, lastingPrefix); ok {
		return Machines(dir, of)
	}
	machines, err := Machines(dir, suite)
	if err != nil && !slices.Contains(Names, suite) {
		return nil, fmt.Errorf("suite: %q is none of %s, and no folder of recordings: %w", suite, strings.Join(Names, ", "), err)
	}
	return machines, err
}

// Load returns a *Series, a *Tabular or an *Outliers.
func Load(dir, suite, member string) (any, error) {
	switch suite {
	case "sample":
		if member == recordingName {
			return recording()
		}
		return generate(member)
	case "outliers":
		return newOutliers(member)
	case "paper", "tabular":
		return loadTabular(dir, suite, member)
	}
	if strings.HasPrefix(suite, lastingPrefix) {
		return loadLasting(dir, suite, member)
	}
	return LoadSeries(dir, suite, member)
}
