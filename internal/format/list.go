package format

import (
	"fmt"
	"strings"
)

// mostListed is how many parts of a list a message names.
const mostListed = 12

// List lists the first 12 of n parts and says how many more there are.
func List(n int, part func(i int) string) string {
	parts := make([]string, min(n, mostListed))
	for i := range parts {
		parts[i] = part(i)
	}
	text := strings.Join(parts, ", ")
	if n > mostListed {
		text += fmt.Sprintf(" and %d more", n-mostListed)
	}
	return text
}
