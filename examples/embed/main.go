// Embed is the smallest monitoring service. It watches three hosts with a monitor.Monitor:
// a model of each host is trained in the background, every sample is scored, and alarms are
// printed. It ends by itself after a few seconds and keeps its state in a folder. The next
// start goes on with the models that are there.
//
//	go run ./examples/embed [folder]
//
// dagmm/docs/tutorial-service.md explains it step by step.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
	"github.com/metric-streams/anomaly/dagmm/train"
	"github.com/metric-streams/anomaly/dataset"
)

type service struct {
	dir      string        // for the state
	hosts    int           // watched
	samples  int           // of each host before the service ends
	warmUp   int           // samples before a host's first model
	interval time.Duration // between the samples of a host
	inTurn   bool          // train within Push, for tests
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	s := service{dir: "embed.state", hosts: 3, samples: 800, warmUp: 200, interval: 10 * time.Millisecond}
	if len(os.Args) > 1 {
		s.dir = os.Args[1]
	}
	err := s.run(ctx, os.Stdout)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

// run watches the hosts until each has sent its samples or ctx ends.
func (s service) run(ctx context.Context, out io.Writer) error {
	lines := log.New(out, "", 0) // safe for many goroutines
	var scored, flagged atomic.Int64
	m, err := monitor.Open(monitor.Config{
		Columns:  dataset.HostMetrics(),
		Train:    train.Windows(train.Metrics()),
		Interval: s.interval,
		WarmUp:   s.warmUp,
		Detector: alarm.Config{
			Budget: 10000,    // false alarms a day and host; 1 where a sample comes once a minute
			Open:   3, Of: 5, // samples above the threshold that make an alarm
			Merge: -1, // no alarm is reopened: the default of an hour is longer than this program runs
		},
		Dir:         s.dir,
		Synchronous: s.inTurn,
		Handle:      func(e alarm.Event) { lines.Println(e) },
		Scored: func(_ string, _ time.Time, r alarm.Result) {
			scored.Add(1)
			if r.Flagged {
				flagged.Add(1)
			}
		},
	})
	if err != nil {
		return err
	}
	lines.Printf("%d of %d hosts have a model", m.Stats().Streams-m.Stats().WarmingUp, s.hosts)
	err = s.feed(ctx, m)
	stats := m.Stats()
	lines.Printf("%d samples, %d scored, %d flagged, %d alarms, %d models trained", stats.Samples, scored.Load(), flagged.Load(), stats.Alarms, stats.Trained)
	return errors.Join(err, m.Close()) // Close saves the state
}
