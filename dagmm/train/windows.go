package train

import (
	"context"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/monitor"
)

// Windows returns the function with which a monitor.Monitor trains: Fit with the settings of
// cfg on the rows of a window, without those that the window excludes. Columns, Times and
// Exclude of cfg come from the window, and From is the stream's model in use. Each training of
// a stream has a seed of its own, which follows from cfg.Seed and the training's number: the
// same samples give the same models.
//
//	monitor.Open(monitor.Config{Columns: columns, Train: train.Windows(train.Series())})
func Windows(cfg Config) monitor.TrainFunc {
	return func(ctx context.Context, w *monitor.Window) (*dagmm.Model, error) {
		c := cfg
		c.Columns, c.Times, c.Exclude, c.Seed, c.From = w.Columns, w.Times, w.Exclude, cfg.Seed+w.Number, w.Model
		m, _, err := Fit(ctx, w.X, c)
		return m, err
	}
}
