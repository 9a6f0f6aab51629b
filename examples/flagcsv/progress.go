package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/metric-streams/anomaly/dagmm/train"
)

// progress is one line on a terminal that is written over and over; on anything else it is silent.
type progress struct {
	w     io.Writer // nil is silent
	start time.Time
	last  time.Time
	steps []int // done, by member
}

func newProgress(w io.Writer) *progress {
	if !isTerminal(w) {
		w = nil
	}
	return &progress{w: w, start: time.Now()}
}

// isTerminal tells a terminal from a file, a pipe and the null device.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// show is train.Config.Progress.
func (p *progress) show(t train.Progress) {
	if p.w == nil {
		return
	}
	if p.steps == nil {
		p.steps = make([]int, t.Members)
	}
	p.steps[t.Member] = t.Step
	done := 0
	for _, s := range p.steps {
		done += s
	}
	total := t.Members * t.Steps
	now := time.Now()
	if done < total && now.Sub(p.last) < 100*time.Millisecond || done == 0 {
		return
	}
	p.last = now
	if done == total {
		fmt.Fprint(p.w, "\rtraining 100 %, fitting the mixture and the threshold \x1b[K")
		return
	}
	left := time.Duration(float64(now.Sub(p.start)) * float64(total-done) / float64(done))
	fmt.Fprintf(p.w, "\rtraining %3d %%, loss %.4g, %s left \x1b[K", 100*done/total, t.Loss, left.Round(time.Second))
}

func (p *progress) clear() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// showHosts is train.FleetConfig.Done.
func (p *progress) showHosts(t train.FleetProgress) {
	if p.w != nil {
		fmt.Fprintf(p.w, "\rtrained %d of %d hosts, %s \x1b[K", t.Finished, t.Hosts, t.Elapsed.Round(time.Second))
	}
}
