package season

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProfileSurvivesJSON(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	times, x := seasonal(20, 1)
	p, err := New(seasonalColumns, times, x, zone)
	require.NoError(t, err)
	text, err := json.Marshal(p)
	require.NoError(t, err)
	var q Profile
	require.NoError(t, json.Unmarshal(text, &q))
	at := start.Add(7 * time.Hour)
	require.Equal(t, p.Limits(nil, at, 3), q.Limits(nil, at, 3))
	require.Equal(t, p.Offsets(at), q.Offsets(at))
	require.Equal(t, p.Columns(), q.Columns())
}

func TestDamagedProfilesAreRefused(t *testing.T) {
	for name, bad := range map[string]string{
		"not an object":   `7`,
		"empty":           `{}`,
		"too wide":        `{"kind":"flat","zone":"UTC","columns":["a"],"level":[[1,2]],"spread":[[1]]}`,
		"negative spread": `{"kind":"flat","zone":"UTC","columns":["a"],"level":[[1]],"spread":[[-1]]}`,
		"unknown zone":    `{"kind":"flat","zone":"No/Where","columns":["a"],"level":[[1]],"spread":[[1]]}`,
		"hours missing":   `{"kind":"daily","zone":"UTC","columns":["a"],"level":[[1]],"spread":[[1]]}`,
	} {
		t.Run(name, func(t *testing.T) {
			q := Profile{Reason: "as it was"}
			require.ErrorIs(t, json.Unmarshal([]byte(bad), &q), ErrStored)
			require.Equal(t, Profile{Reason: "as it was"}, q)
		})
	}
}
