package suite

import (
	"bytes"
	"time"

	"github.com/metric-streams/anomaly/dataset"
	"github.com/metric-streams/anomaly/examples/flagcsv/sample"
)

// recording is the real host that the examples embed. Its faults are among the
// rows that a model is trained on, as they are for a user of the examples: it
// is both what is learnt and what is scored. It is shorter than a day, so "a
// day" stands for the whole of it.
func recording() (*Series, error) {
	t, err := dataset.ReadCSV(bytes.NewReader(sample.Recording), dataset.CSVOptions{Time: "time", Label: "label", TimeLayout: time.RFC3339})
	if err != nil {
		return nil, err
	}
	return &Series{
		Suite: "sample", Machine: recordingName, PerDay: float64(len(t.Labels)),
		Columns: t.Columns, Train: t.X, Test: t.X, Labels: t.Labels,
	}, nil
}

const recordingName = "recording"
