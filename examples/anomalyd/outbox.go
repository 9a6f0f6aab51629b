package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// maxOutbox bounds the events that wait, in bytes.
const maxOutbox = 64 << 20

// outbox keeps events in a file until they have been sent, in their order. They survive the
// process.
type outbox struct {
	dir string

	mu   sync.Mutex
	file *os.File
	size int64
	sent sent
}

// sent is what is known of the file, in a file beside it.
type sent struct {
	Offset int64             `json:"offset"` // up to which events have been sent
	Last   map[string]uint64 `json:"last"`   // Seq that was taken, by stream, of what is not in the file any more
}

var errFull = errors.New("too many events wait")

func openOutbox(dir string) (*outbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	o := &outbox{dir: dir, sent: sent{Last: map[string]uint64{}}}
	text, err := os.ReadFile(o.sentPath())
	if err == nil {
		err = json.Unmarshal(text, &o.sent)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return o, o.open()
}

func (o *outbox) path() string     { return filepath.Join(o.dir, "events.jsonl") }
func (o *outbox) sentPath() string { return filepath.Join(o.dir, "sent.json") }

// open opens the file of events, drops what a dying process has left unfinished at its end, and
// reads what it has taken.
func (o *outbox) open() (err error) {
	if o.file, err = os.OpenFile(o.path(), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	lines := bufio.NewReader(o.file)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			slog.Error("the outbox is damaged; what follows in it is left out", "file", o.path(), "offset", o.size, "err", err)
			break
		}
		o.size += int64(len(line))
		o.note(m.Event)
	}
	if err := o.file.Truncate(o.size); err != nil || o.sent.Offset <= o.size {
		return err
	}
	o.sent.Offset = 0 // the process died when all had been sent and the file was emptied
	return o.save()
}

func (o *outbox) note(e alarm.Event) {
	o.sent.Last[e.Stream] = max(o.sent.Last[e.Stream], e.Seq)
}

// last returns the highest Seq that was taken of a stream (monitor.Config.Delivered).
func (o *outbox) last(stream string) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sent.Last[stream]
}

// add takes a message.
func (o *outbox) add(m message) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.size-o.sent.Offset+int64(len(line)) > maxOutbox {
		return errFull
	}
	if _, err := o.file.WriteAt(line, o.size); err != nil {
		return err
	}
	o.size += int64(len(line))
	o.note(m.Event)
	return nil
}

// next returns the oldest message that waits, and how long it is; 0 where none waits.
func (o *outbox) next() (m message, n int64, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sent.Offset >= o.size {
		return m, 0, nil
	}
	line, err := bufio.NewReader(io.NewSectionReader(o.file, o.sent.Offset, o.size-o.sent.Offset)).ReadBytes('\n')
	if err != nil {
		return m, 0, fmt.Errorf("outbox: %w", err)
	}
	return m, int64(len(line)), json.Unmarshal(line, &m)
}

// done says that the oldest message, n bytes long, has been sent.
func (o *outbox) done(n int64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent.Offset += n
	empty := o.sent.Offset == o.size
	if err := o.save(); err != nil || !empty {
		return err
	}
	if err := o.file.Truncate(0); err != nil {
		return err
	}
	o.size, o.sent.Offset = 0, 0
	return o.save()
}

func (o *outbox) save() error {
	text, err := json.Marshal(o.sent)
	if err != nil {
		return err
	}
	return replaceFile(o.sentPath(), text)
}

func (o *outbox) close() error { return o.file.Close() }
