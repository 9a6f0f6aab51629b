package main

import (
	"context"
	"io"
)

// newStdout makes a courier that writes events as lines of JSON. A reader that is slow keeps
// nobody waiting but the courier.
func newStdout(c *config, e *exporter, out io.Writer) (*courier, error) {
	return newCourier(c, e, "stdout", "outbox-stdout", func(ctx context.Context, _ message, body []byte) error {
		written := make(chan error, 1)
		go func() {
			_, err := out.Write(append(body, '\n'))
			written <- err
		}()
		select {
		case err := <-written:
			return err
		case <-ctx.Done(): // the process ends, and the goroutine with it
			return ctx.Err()
		}
	})
}
