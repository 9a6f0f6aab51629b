package report_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/report"
)

// A row above the threshold whose p-value says that it is ordinary is marked wherever it is
// shown.
func TestWeakRowsAreMarked(t *testing.T) {
	d := flagged(map[int]float64{10: 5, 60: 4.5, 61: 100})
	d.Flagged[0].Explanation.Verdict.PValue = .18
	d.Flagged[1].Explanation.Verdict.PValue = .05 // not above
	all, err := d.Incidents()
	require.NoError(t, err)
	require.Equal(t, []string{"minor, weak", "critical"}, []string{all[0].Grade(), all[1].Grade()})
	require.Equal(t, []bool{true, false, false}, []bool{d.Flagged[0].Weak(), d.Flagged[1].Weak(), d.Flagged[2].Weak()})
	require.Contains(t, d.WeakNote(), "1 of the 3 flagged rows is weak")

	var markdown, page, raw bytes.Buffer
	require.NoError(t, report.WriteIncidentsMarkdown(&markdown, d))
	require.Contains(t, markdown.String(), "minor, weak |")
	require.Contains(t, markdown.String(), "2 incidents: 1 critical, 1 minor, 1 of them weak.")
	require.Contains(t, markdown.String(), d.WeakNote())
	require.NoError(t, report.WriteRows(&page, d))
	require.Contains(t, page.String(), d.WeakNote())
	require.NoError(t, report.WriteIncidentsJSON(&raw, d))
	var out struct {
		Weak      int    `json:"rows_weak"`
		Note      string `json:"weak_note"`
		Incidents []struct {
			Peak struct{ Weak bool }
		}
	}
	require.NoError(t, json.Unmarshal(raw.Bytes(), &out))
	require.Equal(t, 1, out.Weak)
	require.Equal(t, d.WeakNote(), out.Note)
	require.True(t, out.Incidents[0].Peak.Weak)
	require.False(t, out.Incidents[1].Peak.Weak)
}

func TestNoNoteWithoutWeakRows(t *testing.T) {
	d := flagged(map[int]float64{10: 5})
	require.Empty(t, d.WeakNote())
	var page bytes.Buffer
	require.NoError(t, report.WriteRows(&page, d))
	require.NotContains(t, page.String(), "weak:")
}
