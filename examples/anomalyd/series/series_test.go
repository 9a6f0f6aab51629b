package series

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func labels(pairs ...string) (out Labels) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, Label{[]byte(pairs[i]), []byte(pairs[i+1])})
	}
	return out
}

func TestMatches(t *testing.T) {
	web := labels("mode", "idle", "cpu", "10")
	for text, want := range map[string]bool{
		`a`:                             true,
		`a{}`:                           true,
		` a { mode = "idle" , } `:       true,
		`a{mode="user"}`:                false,
		`a{mode!="user",cpu=~"1.|2"}`:   true,
		`a{cpu=~"1"}`:                   false, // the whole value
		`a{cpu!~"1|2"}`:                 true,
		`a{cpu!~".*"}`:                  false,
		`a{host=""}`:                    true,
		`a{host!=""}`:                   false,
		"a{mode=`idle`}":                true,
		`a{mode="\x69dle"}`:             true,
		`system.cpu.time{k8s.pod!="x"}`: true,
	} {
		s, err := Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, s.Matches(web), text)
	}
}

func TestParse(t *testing.T) {
	s, err := Parse(`system.cpu.utilization{state="idle"}`)
	require.NoError(t, err)
	require.Equal(t, "system.cpu.utilization", s.Name)
	for text, want := range map[string]string{
		"":                    "no name",
		`{a="b"}`:             "no name",
		`a b`:                 "its end",
		`a{`:                  "a label",
		`a{b}`:                "=, !=",
		`a{b=c}`:              "quotes",
		`a{b="c" d="e"}`:      "a comma",
		`a{b=~"("}`:           "missing closing",
		`rate(a[1m])`:         `after "rate"`,
		`a{b="c"} / b`:        "its end",
		`a{b="c",,}`:          "a label",
		"a{b=\"c\xff\"} \x00": "its end",
	} {
		_, err := Parse(text)
		require.ErrorIs(t, err, ErrSyntax, text)
		require.ErrorContains(t, err, want, text)
	}
}
