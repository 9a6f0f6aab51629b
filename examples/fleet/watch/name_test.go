package watch

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTokens(t *testing.T) {
	for host, token := range map[string]string{
		"web-1":         "web-1",
		"web_1.example": "web_5F1_2Eexample",
		"a b":           "a_20b",
		"*.>":           "_2A_2E_3E",
		"größe":         "gr_C3_B6_C3_9Fe",
		"\x00\xff":      "_00_FF",
		`{"i":"x/y"}`:   "_7B_22i_22_3A_22x_2Fy_22_7D",
	} {
		got, err := Token(host)
		require.NoError(t, err)
		require.Equal(t, token, got)
		back, err := Host(token)
		require.NoError(t, err)
		require.Equal(t, host, back)
	}
	for _, host := range []string{"", strings.Repeat("x", longestName+1)} {
		_, err := Token(host)
		require.ErrorIs(t, err, ErrName)
	}
	for _, token := range []string{"", "_", "_2", "a_2", "_zz", "_2e", "_61", "a.b", "a b", strings.Repeat("x", longestName+1)} {
		_, err := Host(token)
		require.ErrorIs(t, err, ErrName, "%q", token)
	}
}

// FuzzTokens: names and tokens belong together, one to one.
func FuzzTokens(f *testing.F) {
	for _, s := range []string{"web-1", "a.b c*>", "_41", "gr\xc3", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if token, err := Token(s); err == nil {
			require.NotContains(t, token, ".")
			back, err := Host(token)
			require.NoError(t, err)
			require.Equal(t, s, back)
		}
		if host, err := Host(s); err == nil {
			token, err := Token(host)
			require.NoError(t, err)
			require.Equal(t, s, token)
		}
	})
}
