package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// item is a sample, or the error that ends the samples. The first one tells the columns.
type item struct {
	sample
	columns []string
	err     error
}

// read delivers the samples of the input from a goroutine of its own: opening a pipe and
// reading from it may wait for ever, and nothing can interrupt them.
func read(ctx context.Context, stdin io.Reader, o options) <-chan item {
	out := make(chan item)
	send := func(i item) bool {
		select {
		case out <- i:
			return i.err == nil
		case <-ctx.Done():
			return false
		}
	}
	go func() {
		defer close(out)
		in := stdin
		if o.in != "-" {
			f, err := os.Open(o.in)
			if err != nil {
				send(item{err: err})
				return
			}
			defer f.Close()
			in = f
			if o.follow {
				in = &tail{ctx, f}
			}
		}
		rows, err := newRows(in, o)
		if err != nil {
			send(item{err: err})
			return
		}
		for more := send(item{columns: rows.Columns()}); more; {
			s, err := rows.next()
			more = !errors.Is(err, io.EOF) && send(item{sample: s, err: err})
		}
	}()
	return out
}

const poll = 100 * time.Millisecond // of a file that may have grown

// tail reads a file to which others append. At its end it waits.
type tail struct {
	ctx context.Context
	r   io.Reader
}

func (t *tail) Read(p []byte) (int, error) {
	for {
		n, err := t.r.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		wait(t.ctx, time.Now().Add(poll))
		if err := t.ctx.Err(); err != nil {
			return 0, err
		}
	}
}
