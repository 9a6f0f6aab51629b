package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
)

// telegrafLog writes a record as a line that begins as Telegraf's own, by which it knows the
// level: "W! text key=value".
type telegrafLog struct {
	slog.Handler
	shared *logBuffer
}

// logBuffer is what the text handler writes to.
type logBuffer struct {
	mu  sync.Mutex
	out io.Writer
	bytes.Buffer
}

func newLog(w io.Writer, debug bool) telegrafLog {
	level := slog.LevelInfo
	if debug {
		level = slog.LevelDebug
	}
	b := &logBuffer{out: w}
	return telegrafLog{slog.NewTextHandler(&b.Buffer, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
			return slog.Attr{} // Telegraf writes these
		}
		return a
	}}), b}
}

// Handle writes the record.
func (h telegrafLog) Handle(ctx context.Context, r slog.Record) error {
	h.shared.mu.Lock()
	defer h.shared.mu.Unlock()
	h.shared.Reset()
	if err := h.Handler.Handle(ctx, r); err != nil {
		return err
	}
	prefix := map[slog.Level]string{slog.LevelDebug: "D! ", slog.LevelInfo: "I! ", slog.LevelWarn: "W! "}[r.Level]
	if prefix == "" {
		prefix = "E! "
	}
	line := prefix + r.Message
	if h.shared.Len() > 1 {
		line += " "
	}
	_, err := h.shared.out.Write(append([]byte(line), h.shared.Bytes()...))
	return err
}
