package main

import "bytes"

// longestPoint bounds what is held of a point whose end does not come.
const longestPoint = 1 << 20

// splitPoints is a bufio.SplitFunc. It returns points of line protocol with their newline, byte
// by byte as they came. A newline within a text in quotes does not end a point. Quotes mean
// that only among the fields, which begin after the first space that is not escaped.
func splitPoints(data []byte, atEOF bool) (advance int, token []byte, err error) {
	fields, quoted := false, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '#' && i == 0: // a comment, to the end of the line
			for i+1 < len(data) && data[i+1] != '\n' {
				i++
			}
		case c == '\\' && i+1 < len(data) && data[i+1] != '\n':
			i++
		case c == '\n' && !quoted:
			return i + 1, data[:i+1], nil
		case c == ' ' && i > 0:
			fields = true
		case c == '"' && fields:
			quoted = !quoted
		}
	}
	switch {
	case len(data) > longestPoint: // a quote that never ends, or no line protocol at all
		end := bytes.IndexByte(data, '\n') + 1
		if end == 0 {
			end = len(data)
		}
		return end, data[:end], nil
	case atEOF && len(data) > 0:
		return len(data), data, nil
	}
	return 0, nil, nil
}
