package suite

// recovery is how many rows after each incident are not judged, by suite. There the faults
// are short, and what follows is the fault's own wake and not ordinary operation: five
// minutes of the shop, ten seconds of the laptops.
var recovery = map[string]int{"nezha-boutique": 5, "dcml": 5}

// Judged returns those of the test rows' values that count: all but the ordinary rows within
// Recovery rows after an incident.
func Judged[T any](s *Series, values []T) []T {
	out := make([]T, 0, len(values))
	wake := 0
	for i, v := range values {
		switch {
		case s.Labels[i]:
			wake = s.Recovery
		case wake > 0:
			wake--
			continue
		}
		out = append(out, v)
	}
	return out
}
