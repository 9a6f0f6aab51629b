package dataset

import (
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// endless is a text that begins and then repeats for ever.
type endless struct {
	text, again string
	read        int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.text == "" {
		e.text = e.again
	}
	n := copy(p, e.text)
	e.text = e.text[n:]
	e.read += n
	return n, nil
}

// A file whose lines never end is refused before much of it has been read, whatever it holds.
func TestEndlessRecord(t *testing.T) {
	const noEnd = "the line is longer than 4 MiB: this is no table with a line for each row"
	rows := "time,a\n" + strings.Repeat("2024-03-14 09:50:00,1\n", 20000)
	for name, c := range map[string]struct {
		begin, again, say string
	}{
		"digits":         {"", "7", "line 1: " + noEnd},
		"commas":         {"", ",", "line 1: " + noEnd},
		"blanks":         {"", "1 ", "line 1: " + noEnd},
		"words":          {"", "lorem ipsum; dolor\t", "line 1: " + noEnd},
		"quotes":         {"", `"1.5",`, "line 1: " + noEnd},
		"open quote":     {`a,"`, "x", "line 1: " + noEnd},
		"second line":    {"a,b\n", "1,", "line 2: " + noEnd},
		"after rows":     {rows, "1", "line 20002: " + noEnd},
		"open quotes":    {"a,b\n1,2\n\"", "abc,1\n", "line 3: a quoted field is never closed"},
		"fields in rows": {rows + "\"", "\n\",\"", "line 20002: more than 65536 fields"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			in := &endless{text: c.begin, again: strings.Repeat(c.again, 1000)}
			start := time.Now()
			_, err := ReadCSV(in, CSVOptions{})
			require.ErrorContains(t, err, c.say)
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(80<<20), "bytes, all that were freed again among them")
			require.Less(t, in.read, 10<<20)
			require.Less(t, time.Since(start), 5*time.Second)
		})
	}
}

// What is too long for a line is too long where it comes in parts, too.
func TestEndlessLive(t *testing.T) {
	in := &grown{now: []byte("a,b\n1,2\n"), later: bytes.Repeat([]byte("1"), 5<<20)}
	r, err := NewReader(in, CSVOptions{Live: true})
	require.NoError(t, err)
	_, err = r.Next()
	require.NoError(t, err)
	_, err = r.Next()
	require.Equal(t, io.EOF, err)
	_, err = r.Next()
	require.ErrorIs(t, err, ErrFormat)
	require.ErrorContains(t, err, "line 3: the line is longer than 4 MiB")
}

// As many columns as are allowed are read, and one more is an error.
func TestMostFields(t *testing.T) {
	row := func(n int) string { return strings.Repeat("1,", n-1) + "2\n" }
	got, err := ReadCSV(strings.NewReader(row(maxFields)+row(maxFields)), CSVOptions{})
	require.NoError(t, err)
	_, cols := got.X.Dims()
	require.Equal(t, maxFields, cols)
	_, err = ReadCSV(strings.NewReader(row(maxFields+1)+row(maxFields+1)), CSVOptions{})
	require.ErrorIs(t, err, ErrFormat)
	require.ErrorContains(t, err, "line 1: more than 65536 fields: this is no table with a line for each row, or the delimiter is another; give it in Comma")
}
