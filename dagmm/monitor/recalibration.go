package monitor

import (
	"fmt"
	"time"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// recalibrationRows is how many rows that a model has not learned make its new calibration.
const recalibrationRows = 1000

// keep is the outcome of a training where the model in use still fits: it stays, and once
// enough rows have come that it has not learned, its p-values are those of these rows. The
// calibration of training holds the odd days and the overfitting of training. On a host that
// has long been quieter no threshold could come down to what is unusual now.
func (m *Monitor) keep(j job, why string) *outcome {
	o := &outcome{kind: alarm.Kept, detail: j.reason + "; " + why}
	if err := m.recalibrate(o, j); err != nil {
		return failed(o.detail, err)
	}
	return o
}

func (m *Monitor) recalibrate(o *outcome, j job) error {
	if j.window.newer(j.old.learned) < recalibrationRows {
		return nil // scoring the window would take long
	}
	energies, fresh, err := j.old.unlearned(j.window)
	if err != nil || len(fresh) < recalibrationRows { // some newer rows miss a value
		return err
	}
	model, err := j.old.WithCalibration(dagmm.NewCalibration(fresh))
	if err != nil {
		return err
	}
	o.detail += fmt.Sprintf("; its p-values are now those of %d rows that it has not learned", len(fresh))
	return m.employ(o, j, contender{Model: model, metrics: j.old.metrics, span: j.old.span}, energies)
}

// unlearned returns the energies of the window's rows under the model, NaN where a row takes
// no part, and those among them of rows that the model has not learned.
func (c contender) unlearned(w *Window) (energies, fresh []float64, err error) {
	if energies, err = c.energies(w); err != nil {
		return nil, nil, err
	}
	for r, t := range w.Times {
		if t.After(c.learned) && energies[r] == energies[r] {
			fresh = append(fresh, energies[r])
		}
	}
	return energies, fresh, nil
}

// newer counts the rows after t that take part; none where t is zero, which means that it is
// not known.
func (w *Window) newer(t time.Time) (rows int) {
	if t.IsZero() {
		return 0
	}
	for r, at := range w.Times {
		if at.After(t) && !w.out[r] {
			rows++
		}
	}
	return rows
}
