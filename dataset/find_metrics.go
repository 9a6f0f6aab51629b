package dataset

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// findMetrics sets the metric columns: those of Columns, or else all columns of numbers. A
// column without values in the sample is one of them until its first value shows that it
// holds text.
func (p *plan) findMetrics(metrics []int) error {
	chosen := len(metrics) > 0
	if !chosen {
		p.spareShown()
		p.spareCounts()
		p.spareClocks()
		for c, s := range p.stats {
			if p.free(c) && s.isNumber() && p.spare[c] == "" {
				metrics = append(metrics, c)
			}
		}
	}
	for _, c := range metrics {
		m := &metricColumn{col: c, format: p.decimalOf(c), sentinels: p.opt.Sentinels, scale: 1, chosen: chosen}
		if p.opt.Decimal == 0 && p.stats[c].shown() == 0 {
			m.sign = &p.stats[c].signEvidence
		}
		if p.stats[c].quantities > 0 {
			minutes, err := p.mIsMinutes(c)
			if err != nil {
				return err
			}
			m.unit = &unitColumn{minutes: minutes}
		}
		p.metrics = append(p.metrics, m)
		p.roles[c].Role = RoleMetric
	}
	if len(p.metrics) == 0 {
		return p.noMetric()
	}
	return nil
}

// rawMark ends the name of a column of PRTG that holds what another one shows.
const rawMark = "(RAW)"

// spareShown leaves out columns that show what another column holds in full: PRTG writes each
// value as "1,235 kbit/s" under its name, and as a number under its name and (RAW).
func (p *plan) spareShown() {
	for raw, name := range p.names {
		shown, marked := strings.CutSuffix(name, rawMark)
		if !marked || !p.stats[raw].isNumber() {
			continue
		}
		if c, ok := p.index[shown]; ok && p.stats[c].quantities > 0 && p.spare[c] == "" {
			p.spare[c] = fmt.Sprintf("rounded; %q has the values", name)
		}
	}
}

func (p *plan) noMetric() error {
	return &CSVError{Line: p.first, Kind: ErrNoMetric, Problem: fmt.Sprintf(
		"no column of numbers besides time and label among %s; give the delimiter in Comma if it is not %q, or the metrics in %s",
		quoteNames(p.names), rune(p.comma), p.opt.metricsOption())}
}

// tuneMetrics applies Counters, ColumnSentinels and Scale.
func (p *plan) tuneMetrics() error {
	for _, name := range p.opt.Counters {
		m, err := p.metric("Counters", name)
		if err != nil {
			return err
		}
		if p.clock == nil {
			return &CSVError{Kind: ErrOption, Column: p.names[m.col], Problem: "a rate in Counters needs a time column; name it in Time"}
		}
		m.rate = &rateColumn{}
		p.totals.key = slices.Concat(p.recordings.key, p.series.key)
	}
	for _, name := range slices.Sorted(maps.Keys(p.opt.ColumnSentinels)) {
		m, err := p.metric("ColumnSentinels", name)
		if err != nil {
			return err
		}
		m.sentinels = slices.Concat(m.sentinels, p.opt.ColumnSentinels[name])
	}
	for _, name := range slices.Sorted(maps.Keys(p.opt.Scale)) {
		m, err := p.metric("Scale", name)
		if err != nil {
			return err
		}
		m.scale = p.opt.Scale[name]
	}
	return nil
}

func (p *plan) metric(option, name string) (*metricColumn, error) {
	c, err := p.column(option, name)
	if err != nil {
		return nil, err
	}
	for _, m := range p.metrics {
		if m.col == c {
			m.tuned = true
			return m, nil
		}
	}
	return nil, &CSVError{Kind: ErrOption, Column: p.names[c], Problem: "named in " + option + " but not read as a metric; name it in " + p.opt.metricsOption()}
}
