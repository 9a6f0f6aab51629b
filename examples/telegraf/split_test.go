package main

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func split(t *testing.T, text string, byByte bool) (out []string) {
	t.Helper()
	var s *bufio.Scanner
	if s = bufio.NewScanner(strings.NewReader(text)); byByte {
		s = bufio.NewScanner(iotest.OneByteReader(strings.NewReader(text)))
	}
	s.Buffer(nil, 2*longestPoint)
	s.Split(splitPoints)
	for s.Scan() {
		out = append(out, s.Text())
	}
	require.NoError(t, s.Err())
	return out
}

// Points are told apart as line protocol does, and no byte is changed.
func TestSplit(t *testing.T) {
	for text, want := range map[string][]string{
		"":                               nil,
		"\n":                             {"\n"},
		"a v=1 1\nb v=2 2\n":             {"a v=1 1\n", "b v=2 2\n"},
		"a v=1 1\r\nb v=2":               {"a v=1 1\r\n", "b v=2"},
		"a v=\"x\ny\" 1\nb v=2\n":        {"a v=\"x\ny\" 1\n", "b v=2\n"},
		`a v="x\"` + "\n" + `" 1` + "\n": {`a v="x\"` + "\n" + `" 1` + "\n"},
		`a v="x\\"` + "\nb v=1\n":        {`a v="x\\"` + "\n", "b v=1\n"},
		"a\\ \"b,t=\"x v=1\nc v=1\n":     {"a\\ \"b,t=\"x v=1\n", "c v=1\n"},
		"# it's \"quoted\nb v=1\n":       {"# it's \"quoted\n", "b v=1\n"},
		"a v=\"never\nb v=1\n":           {"a v=\"never\nb v=1\n"},
	} {
		require.Equal(t, want, split(t, text, false), "%q", text)
		require.Equal(t, want, split(t, text, true), "%q", text)
	}
	long := "a v=\"never\n" + strings.Repeat("b v=1\n", longestPoint/4)
	require.Equal(t, long, strings.Join(split(t, long, false), ""))
	none := strings.Repeat("x", 3*longestPoint)
	require.Equal(t, none, strings.Join(split(t, none, false), ""))
}

// Whatever comes goes out as it came, and reading it never fails badly.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("a,host=x v=\"y\nz\" 1\n# c\n\nb v=2i"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var out bytes.Buffer
		s := bufio.NewScanner(bytes.NewReader(data))
		s.Buffer(nil, 2*longestPoint)
		s.Split(splitPoints)
		j := newJoiner(usual(t))
		for s.Scan() {
			out.Write(s.Bytes())
			if p, found, err := read(s.Bytes(), noon); err == nil && found {
				j.add(p, noon)
			}
		}
		if s.Err() != nil || !bytes.Equal(data, out.Bytes()) {
			t.Fatalf("%q became %q: %v", data, out.Bytes(), s.Err())
		}
		j.due(noon, true)
	})
}
