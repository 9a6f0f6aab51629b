// Package suite loads or makes the data of the quality benchmark and splits
// them as each protocol demands.
package suite

import (
	"fmt"
	"slices"
)

// Names are the suites. "sample" and "outliers" need no data.
var Names = []string{"smd4", "smd38", "asd", "jumpstarter", "nezha-boutique", "dcml", "paper", "tabular", "sample", "outliers"}

// NeedsData reports whether the suite reads files.
func NeedsData(suite string) bool { return suite != "sample" && suite != "outliers" }

// Members lists the machines or sets of a suite, in dir where it needs data.
func Members(dir, suite string) ([]string, error) {
	switch {
	case !slices.Contains(Names, suite):
		return nil, fmt.Errorf("suite: %q: unknown", suite)
	case suite == "sample":
		return append([]string{recordingName}, generated...), nil
	case suite == "outliers":
		return outlierNames, nil
	case suite == "paper" || suite == "tabular":
		return tabularNames(dir, suite)
	}
	return Machines(dir, suite)
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
	return LoadSeries(dir, suite, member)
}
