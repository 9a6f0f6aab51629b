package dataset

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1h30m": 90 * time.Minute, "1m32.5s": 92500 * time.Millisecond, "2d 3h": 51 * time.Hour, "1h 2m 3s": time.Hour + 2*time.Minute + 3*time.Second,
		"3m20s100ms": 200*time.Second + 100*time.Millisecond, "1w2d": 9 * 24 * time.Hour,
	} {
		ns, ok := parseDuration([]byte(text))
		require.True(t, ok, text)
		require.Equal(t, want, time.Duration(ns), text)
	}
	for _, text := range []string{"", "5m", "30m1h", "1h1h", "1h30", "h30m", "-1h30m", "1x2y", "10.0.0.1m2s", "2024-03-14"} {
		_, ok := parseDuration([]byte(text))
		require.False(t, ok, text)
	}
}

// What the m behind a number means is told by the other cells, or by the name, or by nothing.
func TestMinutesOrThousandths(t *testing.T) {
	column := func(name string, cells ...string) string {
		return "time;" + name + "\n2024-03-14 09:50:00;" + strings.Join(cells, "\n2024-03-14 09:51:00;") + "\n"
	}
	for _, c := range []struct {
		text string
		want []float64
	}{
		{column("AGE", "5m", "6m"), []float64{300, 360}},
		{column("cpu(cores)", "5m", "6m"), []float64{.005, .006}},
		{column("x", "5m", "2h"), []float64{300, 7200}},
		{column("x", "5m", "1h5m"), []float64{300, 3900}},
		{column("x", "250m", "6m"), []float64{.25, .006}},
	} {
		require.Equal(t, c.want, read(t, c.text, CSVOptions{}).X.RawMatrix().Data, c.text)
	}
	for _, text := range []string{column("x", "5m", "6m"), column("RES", "321m", "322m")} {
		_, err := ReadCSV(strings.NewReader(text), CSVOptions{})
		require.ErrorContains(t, err, "can be minutes, thousandths or megabytes; export it in another unit")
	}
}
