package dataset

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A layout that reads a text is found by the text's shape.
func TestLayoutsByShape(t *testing.T) {
	var all []string
	for _, forms := range allForms {
		all = append(all, forms.strict.layouts...)
		all = append(all, forms.loose.layouts...)
	}
	index := newShapedLayouts(all)
	rng := rand.New(rand.NewPCG(7, 13))
	zones := []*time.Location{time.UTC, time.FixedZone("CET", 3600), time.FixedZone("EST", -5*3600), time.FixedZone("GMT+2", 7200), time.FixedZone("", -9000)}
	for _, layout := range all {
		for range 20 {
			at := time.Unix(rng.Int64N(4e9), rng.Int64N(1e9)).In(zones[rng.IntN(len(zones))])
			text := []byte(at.Format(layout))
			if rng.IntN(2) == 0 {
				text[rng.IntN(len(text))] = " 0a:.,/Z"[rng.IntN(8)]
			}
			var want []int
			for i, l := range all {
				if _, err := time.Parse(l, string(text)); err == nil {
					want = append(want, i)
				}
			}
			got := index.reading([]string{string(text)})
			for _, i := range want {
				require.Contains(t, got, i, "layout %q reads %q, written as %q", all[i], text, layout)
			}
			require.LessOrEqual(t, len(got), 40)
			require.True(t, slices.IsSorted(got))
		}
	}
}
