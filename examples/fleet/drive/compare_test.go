package drive

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The comparison finds what it is there for.
func TestCompare(t *testing.T) {
	r := &reference{events: map[string][]string{"a": {"1", "2", "3"}, "b": {"1"}}}
	for name, c := range map[string]struct {
		fleet map[string][]string
		want  difference
	}{
		"the same":        {map[string][]string{"a": {"1", "2", "3"}, "b": {"1"}}, difference{Events: 4}},
		"one is lost":     {map[string][]string{"a": {"1", "3"}, "b": {"1"}}, difference{Events: 4, Lost: 1}},
		"a host is lost":  {map[string][]string{"a": {"1", "2", "3"}}, difference{Events: 4, Lost: 1}},
		"one came twice":  {map[string][]string{"a": {"1", "2", "2", "3"}, "b": {"1"}}, difference{Events: 4, Twice: 1}},
		"one is other":    {map[string][]string{"a": {"1", "x", "3"}, "b": {"1"}}, difference{Events: 4, Lost: 1, Others: 1}},
		"one more":        {map[string][]string{"a": {"1", "2", "3"}, "b": {"1"}, "c": {"1"}}, difference{Events: 4, Others: 1}},
		"another order":   {map[string][]string{"a": {"2", "1", "3"}, "b": {"1"}}, difference{Events: 4, Order: 1}},
		"nothing at all":  {nil, difference{Events: 4, Lost: 4}},
		"of another host": {map[string][]string{"a": {"1", "2", "3", "1"}}, difference{Events: 4, Lost: 1, Twice: 1}},
	} {
		got := r.compare(c.fleet)
		require.Equal(t, name == "the same", got.none(), name)
		require.Equal(t, got.Example != "", !got.none(), name)
		got.Example = ""
		require.Equal(t, c.want, got, name)
	}
}

func TestLostSamples(t *testing.T) {
	r := &reference{stored: map[string]map[int64]int{"a": {1: 1, 2: 2}}}
	lost, total := r.lost(map[string][]int64{"a": {1, 2, 3}, "b": {1}})
	require.Equal(t, 2, lost)
	require.Equal(t, 4, total)
}
