package dataset

import (
	"slices"
	"strconv"
	"strings"
)

// elapsed is the layout of hours, minutes and seconds since the recording began, which may be
// more than 24 hours: 29:45:00.
const elapsed = "elapsed"

// elapsedWords are words in names of times that count from the beginning.
var elapsedWords = []string{"elapsed", "uptime", "runtime", "duration"}

// isElapsed reports whether a column's texts count from the beginning of the recording: its name
// says so, or a clock would not show such hours.
func isElapsed(name string, cells []string) bool {
	beyond := slices.ContainsFunc(nameWords(name), func(w string) bool { return slices.Contains(elapsedWords, w) })
	for _, c := range cells {
		ns, err := parseElapsed([]byte(c))
		if err != nil {
			return false
		}
		beyond = beyond || ns >= 24*3600e9
	}
	return beyond && len(cells) > 0
}

// parseElapsed returns elapsed time in nanoseconds.
func parseElapsed(b []byte) (int64, error) {
	clock, fraction, _ := strings.Cut(string(b), ".")
	parts := strings.Split(clock, ":")
	if len(parts) != 3 || len(parts[0]) > 6 || len(parts[1]) != 2 || len(parts[2]) != 2 || len(fraction) > 9 || !isDigits([]byte(fraction)) {
		return 0, errNotTime
	}
	var ns int64
	for _, p := range parts {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return 0, errNotTime
		}
		ns = 60*ns + int64(n)
	}
	part, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	return ns*1e9 + part, nil
}
