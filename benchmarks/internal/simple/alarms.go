package simple

import (
	"math"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm/alarm"
)

// Alarmer is a Scorer with rules of its own for when to raise an alarm, decided
// from the training rows alone and sample by sample.
type Alarmer interface {
	// Alarms returns for each rule the rows of test that are flagged within an
	// alarm, perDay rows a day.
	Alarms(train, test *mat.Dense, perDay float64) (map[string][]bool, error)
}

// AlarmGap is the number of rows between two flags of one alarm of the
// library's detector.
const AlarmGap = 9

// rules are settings of the library's detector.
var rules = map[string]alarm.Config{
	"default":              {},
	"budget 1":             {Budget: 1},
	"budget 1.25":          {Budget: 1.25},
	"budget 1, cap":        {Budget: 1, Cap: true},
	"budget 1, two of two": {Budget: 1, Open: 2, Of: 2},
}

// Alarms runs a alarm.Detector for each rule.
func (m fitted) Alarms(train, test *mat.Dense, perDay float64) (map[string][]bool, error) {
	flags := map[string][]bool{}
	for name, cfg := range rules {
		cfg.Interval = time.Duration(math.Round(float64(24*time.Hour) / perDay))
		d, err := alarm.New(m.Model, train, cfg)
		if err != nil {
			return nil, err
		}
		n, _ := test.Dims()
		flags[name] = make([]bool, n)
		at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := range n {
			r, err := d.Next(at.Add(time.Duration(i)*cfg.Interval), test.RawRowView(i))
			if err != nil {
				return nil, err
			}
			flags[name][i] = r.Flagged && r.Open
		}
	}
	return flags, nil
}
