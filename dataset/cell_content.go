package dataset

import (
	"slices"
)

// content is the kind of value that a cell holds, or most cells of a column.
type content int

const (
	noContent content = iota
	numberContent
	timeContent
	textContent
)

func contentOf(s string) content {
	switch b := []byte(s); {
	case isMissing(b):
		return noContent
	case numberLike(b) || clearQuantity(b):
		return numberContent
	case looksLikeTime(s):
		return timeContent
	}
	return textContent
}

// contentOfColumns returns what each column holds. It looks at the last records only, half of
// them and at most 100, because the first ones may be a header.
func contentOfColumns(records []record, width int) []content {
	records = slices.DeleteFunc(slices.Clone(records), func(r record) bool { return len(r.fields) != width })
	half := records[len(records)/2:]
	half = half[max(0, len(half)-100):]
	contents := make([]content, width)
	for c := range contents {
		var n [textContent + 1]int
		for _, r := range half {
			n[contentOf(r.fields[c])]++
		}
		values := n[numberContent] + n[timeContent] + n[textContent]
		switch {
		case values == 0:
		case 2*n[numberContent] >= values:
			contents[c] = numberContent
		case 2*n[timeContent] >= values:
			contents[c] = timeContent
		default:
			contents[c] = textContent
		}
	}
	return contents
}
