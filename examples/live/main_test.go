package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A line on standard input makes a fault, the page shows the alarm, and the program ends when it
// is told to.
func TestAFaultIsSeen(t *testing.T) {
	d := demo{listen: "127.0.0.1:0", interval: 20 * time.Millisecond}
	in, press := io.Pipe()
	said, out := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.run(ctx, in, out) }()
	lines := bufio.NewScanner(said)
	require.True(t, lines.Scan())
	address := regexp.MustCompile(`http://[0-9.:]+`).FindString(lines.Text())
	require.NotEmpty(t, address, lines.Text())

	_, err := press.Write([]byte("\n"))
	require.NoError(t, err)
	require.True(t, lines.Scan())
	require.Equal(t, "web-1 has a busy processor for 300ms.", lines.Text())
	require.Eventually(t, func() bool { return strings.Contains(page(t, address+"/host?name=web-1"), "cpu is 99, expected") }, time.Minute, 20*time.Millisecond)

	stop()
	require.NoError(t, <-ended)
	require.NoError(t, press.Close())
}

func page(t *testing.T, address string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(text)
}
