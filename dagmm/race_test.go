//go:build race

package dagmm_test

const raceEnabled = true
