package drive

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/metric-streams/anomaly/examples/fleet/watch"
)

// Generate publishes samples of made-up hosts at the pace of the fleet's interval until ctx is
// done. Their times are those of the clock.
func Generate(ctx context.Context, f *watch.Fleet, n int, out io.Writer) error {
	const rows = 2880 // and then from the beginning
	hosts, err := makeHosts(n, rows, 0, rows/4, f.Settings.Interval, f.Settings.Seed)
	if err != nil {
		return err
	}
	interval := f.Settings.Interval
	next := time.Now().Truncate(interval)
	for row := 0; ; row = (row + 1) % rows {
		next = next.Add(interval)
		if err := sleep(ctx, time.Until(next)); err != nil {
			return err
		}
		samples := make([]watch.Outgoing, 0, n)
		for _, h := range hosts {
			if h.quiet[row] {
				continue
			}
			values := h.table.X.RawRowView(row)
			samples = append(samples, watch.Outgoing{Token: h.token, Sample: watch.Sample{Time: next, Values: values}})
		}
		begun := time.Now()
		if err := f.Publish(ctx, samples); err != nil {
			return err
		}
		if took := time.Since(begun); row%60 == 0 || took > interval {
			fmt.Fprintf(out, "%s: %d samples acknowledged in %d ms\n", next.Format(time.TimeOnly), len(samples), int(math.Ceil(float64(took.Microseconds())/1e3)))
		}
	}
}
