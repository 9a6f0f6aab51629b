package evaluate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEpisodes(t *testing.T) {
	require.Nil(t, Episodes(nil, 3))
	require.Nil(t, Episodes(flags("...."), 3))
	require.Equal(t, []Span{{0, 2}, {3, 4}}, Episodes(flags("xx.x"), 0))
	require.Equal(t, []Span{{0, 4}, {6, 7}}, Episodes(flags("xx.x..x"), 1))
	require.Equal(t, []Span{{0, 7}}, Episodes(flags("xx.x..x"), 2))
	require.Equal(t, []Span{{1, 3}, {5, 6}}, Incidents(flags(".xx..x.")))
}

func TestAHoleInTheRecordingEndsAnEpisode(t *testing.T) {
	marks := flags("x.xx.xx..")
	times := make([]time.Time, len(marks))
	for i := range times {
		times[i] = time.Unix(int64(60*i), 0)
		if i > 3 {
			times[i] = times[i].Add(time.Hour)
		}
	}
	require.Equal(t, []Span{{0, 7}}, Episodes(marks, 2))
	require.Equal(t, []Span{{0, 4}, {5, 7}}, EpisodesInTime(marks, 2, times, time.Minute))
	require.Equal(t, []Span{{0, 7}}, EpisodesInTime(marks, 2, nil, time.Minute))
	require.Equal(t, []Span{{0, 7}}, EpisodesInTime(marks, 2, times, 0), "no interval is known")
}
