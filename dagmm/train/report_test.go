package train

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func warned(rep *Report, kind WarningKind) bool {
	for _, w := range rep.Warnings {
		if w.Kind == kind {
			return strings.Contains(rep.String(), w.Text)
		}
	}
	return false
}

func TestReportWarns(t *testing.T) {
	cfg := quick()
	_, rep := fit(t, hostRows(30, 1), cfg)
	require.True(t, warned(rep, WarnFewRows))
	require.True(t, warned(rep, WarnFewSteps))
	require.False(t, warned(rep, WarnConstant))

	x := hostRows(600, 1)
	for i := range 600 {
		x.Set(i, 2, 7)
	}
	cfg.Columns = []string{"cpu", "mem", "limit", "net"}
	_, rep = fit(t, x, cfg)
	require.False(t, warned(rep, WarnFewRows))
	require.True(t, warned(rep, WarnConstant))
	require.Equal(t, []string{"limit"}, rep.Constant)

	for i := range 8 {
		x.Set(100+i, 0, 1e5+float64(i))
	}
	_, rep = fit(t, x, cfg)
	require.True(t, warned(rep, WarnContamination))

	cfg.Mixture.Components = 1
	_, rep = fit(t, x, cfg)
	require.False(t, warned(rep, WarnCollapse))
	require.InDelta(t, 1, rep.Components, 1e-12)
	require.Positive(t, rep.Duration)
}
