package watch

import (
	"crypto/sha256"
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	maxName = 4096 // bytes of a stream's name; a resource with more is left out
	maxKey  = 512  // bytes of a series' key; what is longer is hashed
)

// appendAttributes appends attributes as {name="value",…}, in the order of their names.
func appendAttributes(dst []byte, m pcommon.Map) []byte {
	keys := make([]string, 0, m.Len())
	for k := range m.All() {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	dst = append(dst, '{')
	for i, k := range slices.Compact(keys) {
		if i > 0 {
			dst = append(dst, ',')
		}
		v, _ := m.Get(k)
		dst = append(dst, k...)
		dst = append(dst, '=')
		dst = strconv.AppendQuote(dst, v.AsString())
	}
	return append(dst, '}')
}

// seriesKey tells the series of a stream's source apart. of is the resource where a stream may
// have several.
func seriesKey(of []byte, m pcommon.Map) string {
	key := appendAttributes(of[:len(of):len(of)], m)
	if len(key) <= maxKey {
		return string(key)
	}
	sum := sha256.Sum256(key)
	return string(sum[:])
}

// identity returns the attributes of a resource that name its stream. It is false where the
// resource has none of those that are asked for.
func identity(resource pcommon.Map, names []string) (pcommon.Map, bool) {
	if len(names) == 0 {
		return resource, true
	}
	out := pcommon.NewMap()
	for _, name := range names {
		if v, ok := resource.Get(name); ok {
			v.CopyTo(out.PutEmpty(name))
		}
	}
	return out, out.Len() > 0
}
