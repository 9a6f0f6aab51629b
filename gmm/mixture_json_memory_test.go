package gmm

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// numbers is a JSON list of n ones.
func numbers(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("1,", n), ",") + "]" }

// What a stored mixture claims allocates nothing: memory stays within a small multiple of its
// text.
func TestStoredMixtureClaims(t *testing.T) {
	lists := func(k int, list string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(list+",", k), ",") + "]"
	}
	weights := func(k int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(fmt.Sprint(1/float64(k))+",", k), ",") + "]"
	}
	const wide = 4096
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"diagonal, wide":              {fmt.Sprintf(`{"phi":[1],"mu":[%s],"sigma":[%s]}`, numbers(wide), numbers(wide)), true},
		"diagonal, wide, many":        {fmt.Sprintf(`{"phi":%s,"mu":%s,"sigma":%s}`, weights(20), lists(20, numbers(wide)), lists(20, numbers(wide))), true},
		"many weights":                {fmt.Sprintf(`{"phi":%s,"mu":[%s],"sigma":[%s]}`, weights(1<<17), numbers(wide), numbers(wide)), false},
		"one wide mean of many":       {fmt.Sprintf(`{"phi":%s,"mu":[%s,%s],"sigma":[%s,[1]]}`, weights(2), numbers(1<<17), numbers(1), numbers(1<<17)), false},
		"one full covariance of many": {fmt.Sprintf(`{"phi":%s,"mu":%s,"sigma":[%s,%s]}`, weights(2), lists(2, numbers(200)), numbers(200*201/2), numbers(200)), false},
		"covariance missing":          {fmt.Sprintf(`{"phi":[1],"mu":[%s],"sigma":[[1]]}`, numbers(1<<17)), false},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var m Mixture
			err := json.Unmarshal([]byte(c.text), &m)
			runtime.ReadMemStats(&after)
			require.Equal(t, c.ok, err == nil, "%v", err)
			require.Less(t, float64(after.TotalAlloc-before.TotalAlloc), 100*float64(len(c.text)))
		})
	}
}
