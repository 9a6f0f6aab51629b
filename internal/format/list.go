package format

import (
	"fmt"
	"strings"
)

// Few is how many parts of a list a message names.
const Few = 12

// List lists the first of n parts, at most so many, and says how many more there are.
func List(n, most int, part func(i int) string) string {
	parts := make([]string, min(n, most))
	for i := range parts {
		parts[i] = part(i)
	}
	text := strings.Join(parts, ", ")
	if n > most {
		text += fmt.Sprintf(" and %d more", n-most)
	}
	return text
}
