package watch

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecord(t *testing.T) {
	r := record{Applied: 1<<60 + 1, Name: "stream-x.state", Models: map[string]modelRef{"model-x-1": {"model.1.x.ab", 7}}, state: []byte("state\n\x00state")}
	text, err := r.encode()
	require.NoError(t, err)
	got, err := decodeRecord(text)
	require.NoError(t, err)
	require.Equal(t, r, got)
	for n := range text {
		_, err := decodeRecord(text[:n])
		require.ErrorIs(t, err, errRecord, "%d of %d bytes", n, len(text))
	}
}

// FuzzRecord: whatever is read can be written and read again.
func FuzzRecord(f *testing.F) {
	text, err := record{Applied: 1, Name: "n", state: []byte("s")}.encode()
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(recordMagic + "\x00\x00\x00\x02{}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := decodeRecord(text)
		if err != nil {
			require.ErrorIs(t, err, errRecord)
			return
		}
		again, err := r.encode()
		require.NoError(t, err)
		back, err := decodeRecord(again)
		require.NoError(t, err)
		require.Equal(t, r.Applied, back.Applied)
		require.Equal(t, r.state, back.state)
	})
}
