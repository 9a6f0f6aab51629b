package live

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// follow opens the events of a host and sends their lines that are not empty.
func (w *world) follow(t *testing.T, path string) (lines <-chan string, leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.server.URL+"/"+path, nil)
	require.NoError(t, err)
	answer, err := w.client.Do(r) //nolint:bodyclose // the goroutine below does
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	out := make(chan string, 1000)
	go func() {
		defer close(out)
		defer func() { _ = answer.Body.Close() }()
		for s := bufio.NewScanner(answer.Body); s.Scan(); {
			if s.Text() != "" {
				out <- s.Text()
			}
		}
	}()
	return out, cancel
}

func next(t *testing.T, lines <-chan string) string {
	t.Helper()
	select {
	case line, ok := <-lines:
		if !ok {
			return "the end"
		}
		return line
	case <-time.After(10 * time.Second):
		return "nothing"
	}
}

// eventually waits for the number of viewers.
func (w *world) eventually(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		w.page.viewers.mu.Lock()
		defer w.page.viewers.mu.Unlock()
		return len(w.page.viewers.all) == n
	}, 10*time.Second, time.Millisecond)
}

// Viewers are told of what they look at, in their turn, and are forgotten when they leave.
func TestEvents(t *testing.T) {
	w := newWorld(t, Config{}, nil)
	w.page.viewers.pace = time.Millisecond
	w.push(t, "a", 0, warmUp+10)
	w.push(t, "b", 0, faultAt)
	all, leaveAll := w.follow(t, "events")
	one, leaveOne := w.follow(t, "events?name=a")
	for _, lines := range []<-chan string{all, one} {
		require.Equal(t, "retry: 2000", next(t, lines))
		require.Equal(t, "data: changed", next(t, lines), "it may have missed something")
	}
	w.eventually(t, 2)
	w.push(t, "a", warmUp+10, warmUp+11)
	require.Equal(t, "data: changed", next(t, all))
	require.Equal(t, "data: changed", next(t, one))

	w.push(t, "b", faultAt, faultAt+1)
	require.Equal(t, "data: changed", next(t, all))
	require.Equal(t, "data: changed", next(t, one), "an alarm opened elsewhere")
	leaveOne()
	leaveAll()
	w.eventually(t, 0)
}

// A thousand samples make a few messages: a viewer is told at its pace, and the heartbeat goes on
// meanwhile.
func TestPaceAndHeartbeat(t *testing.T) {
	w := newWorld(t, Config{}, nil)
	w.page.viewers.pace, w.page.viewers.beat = time.Hour, 5*time.Millisecond
	lines, leave := w.follow(t, "events")
	defer leave()
	require.Equal(t, "retry: 2000", next(t, lines))
	w.push(t, "a", 0, warmUp+1000)
	changed, beats := 0, 0
	for beats < 5 {
		switch line := next(t, lines); line {
		case "data: changed":
			changed++
		case "event: beat":
			beats++
		default:
			require.Equal(t, "data: alive", line)
		}
	}
	require.LessOrEqual(t, changed, 1, "the others wait for the pace")
}

// There is room for so many viewers. They have to come again after a while, and Close sends them
// away.
func TestViewersAreBounded(t *testing.T) {
	w := newWorld(t, Config{Viewers: 2}, nil)
	lines, leave := w.follow(t, "events")
	_, leaveToo := w.follow(t, "events")
	w.eventually(t, 2)
	answer, _ := w.ask(t, "events", nil, nil)
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.NotEmpty(t, answer.Header.Get("Retry-After"))
	leaveToo()
	w.eventually(t, 1)
	w.page.viewers.stay = time.Millisecond
	short, leaveShort := w.follow(t, "events")
	defer leaveShort()
	for line := next(t, short); line != "the end"; line = next(t, short) {
		require.NotEqual(t, "nothing", line)
	}
	w.eventually(t, 1)
	w.page.Close()
	for line := next(t, lines); line != "the end"; line = next(t, lines) {
		require.NotEqual(t, "nothing", line)
	}
	leave()
	w.eventually(t, 0)
}

// pipes is a listener whose connections hold nothing that is not read.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, errors.New("closed")
	}
	return loopbackConn{c}, nil
}
func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

type loopbackConn struct{ net.Conn }

func (loopbackConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// A browser that takes nothing is dropped, and holds nobody up.
func TestSlowViewersAreDropped(t *testing.T) {
	w := newWorld(t, Config{}, nil)
	w.page.viewers.patience, w.page.viewers.pace = 20*time.Millisecond, time.Millisecond
	listener := make(pipes, 1)
	server := &http.Server{Handler: w.page}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	ours, theirs := net.Pipe()
	listener <- theirs
	_, err := ours.Write([]byte("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	require.NoError(t, err)
	line, err := bufio.NewReaderSize(ours, 16).ReadString('\n') // and no more
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(line, "HTTP/1.1 200"))
	w.push(t, "a", 0, 500)
	w.eventually(t, 0)
	_ = ours.Close()
	require.NoError(t, server.Close())
	<-served
}
