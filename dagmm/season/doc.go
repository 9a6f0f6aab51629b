// Package season finds what is usual for a host at each hour of the day or of the week.
//
// A [Profile] is made of a recording. It gives the statistical limits of each metric for
// any time, and it takes the season out of samples, so that a model trained on the rest
// does not report every night as an anomaly.
package season
