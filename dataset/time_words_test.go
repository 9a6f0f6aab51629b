package dataset

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Times are read in the forms of tools and languages, without options.
func TestTimesOfToolsAndLanguages(t *testing.T) {
	for text, want := range map[string]string{
		"14/03/2024 9:50:00 a. m.":                           "2024-03-14T09:50:00Z",
		"14/03/2024 9:50:00\u00a0p.\u00a0m.":                 "2024-03-14T21:50:00Z",
		"2024年3月14日 9時50分05秒":                                "2024-03-14T09:50:05Z",
		"2024/3/14 下午 9:50:05":                               "2024-03-14T21:50:05Z",
		"2024. 3. 14. 오전 9:50:00":                            "2024-03-14T09:50:00Z",
		"14. März 2024 09:50":                                "2024-03-14T09:50:00Z",
		"14. M\xe4rz 2024 09:50":                             "2024-03-14T09:50:00Z",
		"14 mars 2024 à 09:50:00":                            "2024-03-14T09:50:00Z",
		"14 févr. 2024 09:50:00":                             "2024-02-14T09:50:00Z",
		"14 de marzo de 2024 09:50:00":                       "2024-03-14T09:50:00Z",
		"Thursday, March 14, 2024 09:50:00 PM":               "2024-03-14T21:50:00Z",
		"Do 14. Mär 09:50:00 CET 2024":                       "2024-03-14T08:50:00Z",
		"2024-03-14T09:50:00+01:00[Europe/Berlin]":           "2024-03-14T08:50:00Z",
		"Thu Mar 14 2024 09:50:00 GMT+0100 (Central Europe)": "2024-03-14T08:50:00Z",
		"2024-03-14 09:50:00 GMT+1":                          "2024-03-14T08:50:00Z",
		"2024-03-14 09:50:00 GMT-5":                          "2024-03-14T14:50:00Z",
		"2024-03-14 09:50:00 UTC+02:00":                      "2024-03-14T07:50:00Z",
		"2024-03-14 09:50:00UTC":                             "2024-03-14T09:50:00Z",
		"14-MAR-24 09.50.00.250000 AM":                       "2024-03-14T09:50:00.25Z",
		"2024-03-14-09.50.00.250000":                         "2024-03-14T09:50:00.25Z",
		"[14/Mar/2024:09:50:00 +0100]":                       "2024-03-14T08:50:00Z",
		"/Date(1710409800000)/":                              "2024-03-14T09:50:00Z",
		"2024-074T09:50:00Z":                                 "2024-03-14T09:50:00Z",
		"20240314T0950Z":                                     "2024-03-14T09:50:00Z",
		"2024-03-14_09:50:00":                                "2024-03-14T09:50:00Z",
		"2024.03.14 09:50:00":                                "2024-03-14T09:50:00Z",
		"14.03.2024 09.50.00":                                "2024-03-14T09:50:00Z",
	} {
		got := read(t, "time;cpu\n"+text+";1\n", CSVOptions{Comma: ';'})
		require.Len(t, got.Times, 1, text)
		require.Equal(t, want, got.Times[0].Format(time.RFC3339Nano), text)
	}
	got := read(t, "time,cpu\n2024-03-14 23:59:00,1\n2024-03-14 24:00:00,2\n2024-03-15 00:01:00,3\n", CSVOptions{})
	require.Equal(t, "2024-03-15T00:00:00Z", got.Times[1].Format(time.RFC3339))
}

// Words of no language, and texts in another shape, are no times.
func TestNoTimes(t *testing.T) {
	for _, text := range []string{"March of 2024", "sept 12 hosts", "14. Foo 2024 09:50", "web1:9100", "10.0.0.12", "2024年", "1:2:3:4:5", "am 2024"} {
		require.False(t, looksLikeTime(text), text)
	}
}
