package main

import (
	"encoding/json"
	"os"
	"runtime"
	"time"

	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// measurement is what a process writes down every few simulated hours, before it is lost
// with it.
type measurement struct {
	Minute   int           // simulated
	Heap     uint64        `json:",omitempty"` // bytes after a collection, without a training under way
	Restored time.Duration `json:",omitempty"` // how long opening the Monitor took, after a kill
	Ended    bool          `json:",omitempty"` // the Monitor is closed, and
	Left     int           `json:",omitempty"` // so many goroutines remain of it
	Idle     *histogram    `json:",omitempty"` // times of Push since the last measurement
	Busy     *histogram    `json:",omitempty"`
}

func readMeasurements(path string) ([]measurement, error) {
	var out []measurement
	err := readLines(path, func(line []byte) error {
		var m measurement
		err := json.Unmarshal(line, &m)
		out = append(out, m)
		return err
	})
	return out, err
}

// heap is what is in use after a collection.
func heap() uint64 {
	runtime.GC()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	return mem.HeapAlloc
}

// stopwatch takes the time of each Push.
type stopwatch struct {
	fits       *fits
	idle, busy histogram
	others     bool // work of a training that is not fitting may be under way
}

// push takes the time of one call, which counts where a training was under way or was not
// at both its ends.
func (w *stopwatch) push(call func() error) error {
	before := w.fits.running.Load() > 0
	began := time.Now()
	err := call()
	took := time.Since(began)
	switch after := w.fits.running.Load() > 0; {
	case before && after:
		w.busy.add(took)
	case !before && !after && !w.others:
		w.idle.add(took)
	}
	return err
}

// measure writes down and starts again.
func (w *stopwatch) measure(f *os.File, minute int) error {
	m := measurement{Minute: minute, Heap: heap(), Idle: &w.idle, Busy: &w.busy}
	err := writeLine(f, m)
	w.idle, w.busy = histogram{}, histogram{}
	return err
}

// settle waits for the trainings under way: simulated time runs thousands of times faster
// than trainings do.
func settle(m *monitor.Monitor) {
	for m.Stats().Training > 0 {
		time.Sleep(5 * time.Millisecond)
	}
}

// remaining waits a little for the goroutines beyond n to end, and returns how many do not.
func remaining(n int) int {
	for range 200 {
		if runtime.NumGoroutine() <= n {
			return 0
		}
		time.Sleep(5 * time.Millisecond)
	}
	return runtime.NumGoroutine() - n
}
