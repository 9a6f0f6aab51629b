package live

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	longestName     = 120 // runes of a name that are shown
	longestSentence = 600
)

// shown is a name as it is shown: what cannot be seen, or changes the direction of what
// follows, is written as an escape, and a long name ends early.
func shown(name string) string {
	if name == "" {
		return "(no name)"
	}
	return visible(name, longestName)
}

// label is what a host is called on the page.
func (p *Page) label(name string) string { return shown(p.cfg.Label(name)) }

// sentence is the same for a sentence, which may hold names.
func sentence(s string) string { return visible(s, longestSentence) }

// mostMarks is how many accents may follow each other: a pile of them covers the lines above.
const mostMarks = 2

func visible(s string, most int) string {
	var b strings.Builder
	n, marks := 0, 0
	for i, r := range s {
		if n == most {
			b.WriteString("…")
			break
		}
		n++
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		switch _, size := utf8.DecodeRuneInString(s[i:]); {
		case r == utf8.RuneError && size <= 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r) && marks <= mostMarks:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// identity is a name as the id of an element.
func identity(name string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return fmt.Sprintf("h%x", h.Sum64())
}
