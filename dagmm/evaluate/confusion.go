package evaluate

import "math"

// Confusion counts rows by label and flag: true positives (anomalous and flagged), false
// positives, false negatives and true negatives. Counts are fractional where a tie is
// split; see Ranking.Top.
type Confusion struct {
	TP, FP, FN, TN float64
}

// Precision returns TP/(TP+FP), 0 where nothing is flagged.
func (c Confusion) Precision() float64 { return ratio(c.TP, c.TP+c.FP) }

// Recall returns TP/(TP+FN), 0 where nothing is anomalous.
func (c Confusion) Recall() float64 { return ratio(c.TP, c.TP+c.FN) }

// F1 returns the harmonic mean of precision and recall, 0 where both are.
func (c Confusion) F1() float64 { return ratio(2*c.TP, 2*c.TP+c.FP+c.FN) }

// FalseAlarmRate returns FP/(FP+TN), the share of normal rows that are flagged.
func (c Confusion) FalseAlarmRate() float64 { return ratio(c.FP, c.FP+c.TN) }

// ObservedToNominal returns the false-alarm rate divided by the rate that the quantile of a
// threshold promises, 1 − quantile. 1 is calibrated; above 1, alarms come more often than
// promised.
func (c Confusion) ObservedToNominal(quantile float64) float64 {
	return c.FalseAlarmRate() / (1 - quantile)
}

// At counts the rows where scores above the threshold are flagged.
func (r *Ranking) At(threshold float64) Confusion {
	n, tp := 0, 0
	for n < len(r.scores) && r.scores[n] > threshold {
		if r.labels[n] {
			tp++
		}
		n++
	}
	return r.confusion(float64(n), float64(tp))
}

// Top counts the rows where round(share·Len) of them are flagged, highest scores first. This
// is the protocol of the DAGMM paper, with the known share of anomalies. Rows that tie at
// the cut are flagged in equal parts, which is the mean over the orders they could have.
func (r *Ranking) Top(share float64) Confusion {
	flagged := math.Round(share * float64(len(r.scores)))
	flagged = math.Max(0, math.Min(flagged, float64(len(r.scores))))
	var tp float64
	r.eachTie(func(start, end, positives int) {
		inside := math.Min(flagged, float64(end)) - float64(start)
		if inside > 0 {
			tp += float64(positives) * inside / float64(end-start)
		}
	})
	return r.confusion(flagged, tp)
}

func (r *Ranking) confusion(flagged, tp float64) Confusion {
	c := Confusion{TP: tp, FP: flagged - tp}
	c.FN = float64(r.positives) - c.TP
	c.TN = float64(len(r.scores)-r.positives) - c.FP
	return c
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
