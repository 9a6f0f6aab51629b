package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// event is what is kept and compared of a alarm.Event, times in seconds.
type event struct {
	Stream           string
	Seq              uint64
	Kind             alarm.Kind
	Alarm            uint64
	Start, End, Time int64
	Samples          int
	Severity         alarm.Severity
	Metric, Detail   string
}

// receiver is one that outlives the process: one line an event.
type receiver struct {
	mu   sync.Mutex
	file *os.File
	last map[string]uint64
}

func openReceiver(path string) (*receiver, error) {
	file, err := openLines(path)
	if err != nil {
		return nil, err
	}
	events, err := readEvents(path)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	r := &receiver{file: file, last: map[string]uint64{}}
	for stream, list := range events {
		for _, e := range list {
			r.last[stream] = max(r.last[stream], e.Seq)
		}
	}
	return r, nil
}

func (r *receiver) handle(e alarm.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := event{Stream: e.Stream, Seq: e.Seq, Kind: e.Kind, Alarm: e.Alarm, Start: e.Start.Unix(), End: e.End.Unix(), Time: e.Time.Unix(),
		Samples: e.Samples, Severity: e.Severity, Metric: e.Metric, Detail: e.Detail}
	if err := writeLine(r.file, kept); err != nil {
		panic(err) // the soak is over
	}
}

// delivered is asked only while the Monitor opens and when a stream comes back.
func (r *receiver) delivered(stream string) uint64 { return r.last[stream] }

// readEvents returns the events of each stream as they came.
func readEvents(path string) (map[string][]event, error) {
	out := map[string][]event{}
	err := readLines(path, func(line []byte) error {
		var e event
		err := json.Unmarshal(line, &e)
		out[e.Stream] = append(out[e.Stream], e)
		return err
	})
	return out, err
}

// openLines opens a file of lines to append to. A line that a process did not finish is
// none.
func openLines(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = f.Truncate(int64(strings.LastIndexByte(string(text), '\n') + 1))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func writeLine(f *os.File, v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = f.Write(append(line, '\n'))
	}
	return err
}

func readLines(path string, take func(line []byte) error) error {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if line == "" {
			continue
		}
		if err := take([]byte(line)); err != nil {
			return fmt.Errorf("%s, line %d: %w", path, i+1, err)
		}
	}
	return nil
}
