package monitor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/ingest"
)

// TrainFunc makes a model of a stream's window, in this process (train.Windows) or
// elsewhere. Background workers call it, several at once where Config.Workers says so. It
// must return soon after ctx is canceled, and it must not modify the window, because the
// new model is judged by the same rows. A panic counts as an error. An error makes a
// RetrainFailed event.
type TrainFunc func(ctx context.Context, w *Window) (*dagmm.Model, error)

// Config sets up a Monitor. Columns and Train are required. Every other field may be 0.
type Config struct {
	// Columns of every stream, in the order of its rows. A metric that a stream hardly ever
	// reports (values in less than a tenth of the remembered samples) is no part of its model
	// until a later training sees more values. The Retrained event names it.
	Columns []string
	Train   TrainFunc
	// Interval between samples; 0 means one minute. There is a gap between samples that are
	// more than 1.5 intervals apart, and the 20 samples after a gap are not learned. Retrained
	// and RetrainFailed events say so where samples come at another pace.
	Interval time.Duration
	Detector alarm.Config
	Input    ingest.Config
	Window   WindowConfig

	// Handle takes the events. Those of one stream come one after the other in the order of
	// Event.Seq; those of several streams come at the same time. Push, Tick and Open call
	// Handle while they hold the stream, so it must not call the Monitor. A panic of Handle
	// goes through to their caller, who may recover: the sample is taken, the stream is whole,
	// the event does not come again, and those after it come with the next call. nil drops the
	// events.
	Handle func(alarm.Event)
	// Scored takes the result of every scored sample, for gauges and dashboards: after the
	// sample and before its events go to Handle, under the same rules. Open does not call it
	// for the samples that it replays. nil means nobody wants to know.
	Scored func(stream string, t time.Time, r alarm.Result)
	// Delivered returns the highest Event.Seq that the receiver of events has of a stream. With
	// it no event comes twice after a crash, and the numbers of a stream whose state is lost go
	// on after it. nil means that nobody knows: the events that were being handled when the
	// process died come again with the same Seq, and the numbers of a stream whose state is
	// lost begin at 1.
	Delivered func(stream string) uint64

	WarmUp int // samples before the first training; 0 means 1000
	// Retrain is the time between trainings, by the samples' clock. 0 means a day; negative
	// means that only drift starts a training.
	Retrain time.Duration
	// Admit is how long an alarm stays open before its samples count as normal. Training then
	// starts at once, and again every half of Admit while the alarm stays open, at most 24
	// times per Retrain. At least a fifth of what those trainings learn came since the alarm
	// opened. 0 means 6 hours, negative means never.
	Admit   time.Duration
	Workers int // trainings at the same time; 0 means 1
	// Seasonal takes the hour of the day, and of the week, out of the samples before they are
	// learned and scored. It starts once a stream's window shows a season, which takes a
	// Window.Days above 3, and above 14 for weeks. The Retrained event says what was found.
	Seasonal bool
	// Zone is the time zone of Seasonal's hours. It must be known by its name in the time zone
	// database. nil means UTC.
	Zone *time.Location
	// Synchronous trains within Push. A replay then gives the same events every time.
	Synchronous bool
	// MaxStreams bounds the streams in memory; 0 means 10,000. The least recently used stream
	// goes. With a Store it comes back with its next sample, without one it is lost. Where more
	// streams are active, every sample may cost one state read and one written.
	MaxStreams int

	// Dir is a folder for a journal, to which every sample is written before it is scored, and
	// for the files of Folder unless there is another Store. "" means no journal: what came
	// since the last Save is lost with the process. One Monitor at a time may use a folder. On
	// Unix another one gets ErrInUse; elsewhere the caller must see to it. A damaged journal is
	// ErrState, and nothing is touched.
	Dir string
	// Store keeps the streams' states and models; nil means Folder(Dir) where there is a Dir,
	// and nothing otherwise. A stream whose state or model is damaged begins anew, and its
	// WarmingUp event says so; what is damaged is kept under its name and ".damaged" until
	// Remove. State of other Columns or of a later version is ErrState, and nothing is touched.
	Store Store
}

func (c Config) resolved() (Config, error) {
	setDefault(&c.Interval, time.Minute)
	setDefault(&c.Retrain, 24*time.Hour)
	setDefault(&c.Admit, 6*time.Hour)
	setDefault(&c.WarmUp, 1000)
	setDefault(&c.Workers, 1)
	setDefault(&c.MaxStreams, 10000)
	setDefault(&c.Detector.Interval, c.Interval)
	c.Window = c.Window.resolved()
	c.Columns = slices.Clone(c.Columns)
	return c, c.check()
}

func (c Config) check() error {
	switch {
	case len(c.Columns) == 0 || c.Train == nil:
		return fmt.Errorf("monitor: %d columns, training function given: %t: %w", len(c.Columns), c.Train != nil, ErrConfig)
	case c.Interval < 0 || c.WarmUp < 0 || c.Workers < 0 || c.MaxStreams < 0 || c.Window.Recent < 0 || c.Window.PerHour < 0:
		return fmt.Errorf("monitor: interval %s, warm-up %d, workers %d, streams %d, window %d and %d: negative: %w",
			c.Interval, c.WarmUp, c.Workers, c.MaxStreams, c.Window.Recent, c.Window.PerHour, ErrConfig)
	case c.WarmUp > c.Window.rows():
		return fmt.Errorf("monitor: warm-up of %d samples, window of %d: %w", c.WarmUp, c.Window.rows(), ErrConfig)
	}
	if c.Window.Stored && c.Store == nil && c.Dir == "" {
		return fmt.Errorf("monitor: a window that is stored, and no store: %w", ErrConfig)
	}
	if c.Zone != nil {
		if _, err := time.LoadLocation(c.Zone.String()); err != nil {
			return fmt.Errorf("monitor: time zone %q is not in the time zone database: %w", c.Zone, ErrConfig)
		}
	}
	if err := c.Detector.Check(c.Columns); err != nil {
		return fmt.Errorf("monitor: %w: %w", ErrConfig, err)
	}
	if _, err := ingest.New(c.Columns, c.Input); err != nil {
		return fmt.Errorf("monitor: %w: %w", ErrConfig, err)
	}
	return nil
}
