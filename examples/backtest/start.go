package main

import (
	"fmt"
	"math"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/internal/format"
)

// startNote says that the threshold of a budget starts above all that the training rows have
// shown, whose energies are given: so little time does not tell what comes once a day. It is empty where they show it.
func startNote(m *dagmm.Model, d *alarm.Detector, energies []float64, policy alarm.Config) string {
	if policy.Budget >= alarm.NoBudget {
		return ""
	}
	highest := math.Inf(-1)
	for _, e := range energies {
		if e > highest { // false for NaN
			highest = e
		}
	}
	if !(d.Threshold() > highest) {
		return ""
	}
	return fmt.Sprintf("the threshold starts at %s, above the highest training energy of %s: %s of training cannot show what comes %s; -budget 0 takes the %g %% quantile of the training energies, %s",
		format.Number(d.Threshold()), format.Number(highest), d.Span(), often(policy.Budget), 100*m.Quantile(), format.Number(m.Threshold()))
}

func often(budget float64) string {
	if budget == 1 {
		return "once a day"
	}
	return fmt.Sprintf("%g times a day", budget)
}
