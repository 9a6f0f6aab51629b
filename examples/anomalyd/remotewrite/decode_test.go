package remotewrite

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
)

// message appends a field of bytes.
func message(to []byte, n protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, n, protowire.BytesType), content)
}

func encodeSample(s Sample) []byte {
	out := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), math.Float64bits(s.Value))
	return protowire.AppendVarint(protowire.AppendTag(out, 2, protowire.VarintType), uint64(s.Time))
}

// first is a message of version 1 with one series.
func first() []byte {
	var one []byte
	for _, pair := range [][2]string{{"__name__", "up"}, {"instance", "web-1"}, {"job", "node"}} {
		one = message(one, 1, message(message(nil, 1, []byte(pair[0])), 2, []byte(pair[1])))
	}
	one = message(one, 2, encodeSample(Sample{1000, 1.5}))
	one = message(one, 2, encodeSample(Stale(-2000)))
	one = message(one, 4, []byte{})
	return message(message(nil, 1, one), 3, []byte{}) // with metadata
}

// second is the same in version 2.
func second() []byte {
	var out []byte
	for _, s := range []string{"", "__name__", "up", "instance", "web-1", "job", "node"} {
		out = message(out, 4, []byte(s))
	}
	one := message(nil, 1, []byte{1, 2, 3, 4, 5, 6})
	one = message(one, 2, encodeSample(Sample{1000, 1.5}))
	one = message(one, 2, encodeSample(Stale(-2000)))
	one = message(one, 3, []byte{})
	return message(out, 5, one)
}

func TestDecode(t *testing.T) {
	for v, text := range map[Version][]byte{V1: first(), V2: second()} {
		n := 0
		require.NoError(t, Decode(text, v, func(s *Series) {
			n++
			require.Equal(t, "up", string(s.Name))
			require.Len(t, s.Labels, 2)
			require.Equal(t, "web-1", string(s.Labels.Get("instance")))
			require.Equal(t, "node", string(s.Labels.Get("job")))
			require.Equal(t, Sample{1000, 1.5}, s.Samples[0])
			require.Equal(t, int64(-2000), s.Samples[1].Time)
			require.False(t, s.Samples[0].Ends())
			require.True(t, s.Samples[1].Ends())
			require.Equal(t, 1, s.Histograms)
		}))
		require.Equal(t, 1, n)
		for end := range text { // whatever is cut off
			if err := Decode(text[:end], v, func(*Series) {}); err != nil {
				require.ErrorIs(t, err, ErrFormat)
			}
		}
	}
}

func TestGarbage(t *testing.T) {
	many := strings.Repeat(string(message(nil, 1, message(nil, 1, []byte("a")))), mostLabels+1)
	for name, one := range map[string]struct {
		v    Version
		text []byte
	}{
		"text":      {V1, []byte("<html>it works!</html>")},
		"series":    {V1, protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 7)},
		"sample":    {V1, message(nil, 1, message(nil, 2, protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 7)))},
		"labels":    {V1, message(nil, 1, []byte(many))},
		"symbol":    {V2, protowire.AppendVarint(protowire.AppendTag(nil, 4, protowire.VarintType), 7)},
		"reference": {V2, message(nil, 5, message(nil, 1, []byte{0, 0}))},
		"odd":       {V2, message(message(nil, 4, nil), 5, message(nil, 1, []byte{0}))},
	} {
		require.ErrorIs(t, Decode(one.text, one.v, func(*Series) {}), ErrFormat, name)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(first())
	f.Add(second())
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, v := range []Version{V1, V2} {
			err := Decode(text, v, func(s *Series) { require.LessOrEqual(t, len(s.Samples), len(text)) })
			if err != nil {
				require.ErrorIs(t, err, ErrFormat)
			}
		}
	})
}
