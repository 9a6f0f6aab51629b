package alarm

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// FuzzState alters stored states: whatever is resumed takes samples and can be stored again.
func FuzzState(f *testing.F) {
	m, x := dagmmtest.Model(f, true)
	cfg := Config{Budget: 2, Open: 2, Of: 3, Merge: 1, Adapt: &AdaptConfig{Memory: 100, Every: 7}}
	rows := busy()
	for _, n := range []int{0, 50, 105, 320, 540} {
		d, err := New(m, x, cfg)
		require.NoError(f, err)
		for i, row := range rows[:n] {
			_, err := d.Next(dagmmtest.Minute(i), row)
			require.NoError(f, err)
		}
		if n == 320 {
			require.NoError(f, d.Judge(1, true))
			d.Expect(dagmmtest.Minute(300), dagmmtest.Minute(400))
		}
		state, err := d.State()
		require.NoError(f, err)
		state.Energies = state.Energies[:min(3, len(state.Energies))]
		var b bytes.Buffer
		require.NoError(f, gob.NewEncoder(&b).Encode(state))
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s State
		if gob.NewDecoder(bytes.NewReader(text)).Decode(&s) != nil {
			return
		}
		d, err := Resume(m, s, cfg)
		if err != nil {
			return
		}
		at := s.Last
		for i := range 30 {
			row := append([]float64(nil), rows[85+i]...)
			if i%3 == 0 {
				row[1] = math.NaN()
			}
			at = at.Add(cfg.Interval + 60e9)
			if _, err := d.Next(at, row); err != nil {
				return // its clock is at the end of time
			}
		}
		d.Current()
		_ = d.Judge(d.Status().Number, len(text)%2 == 0) // there may be no alarm
		d.Expect(at.Add(-600e9), at.Add(600e9))
		d.Tick(at.Add(3600e9))
		d.Rewind()
		again, err := d.State()
		require.NoError(t, err)
		_, err = Resume(m, again, cfg)
		require.NoError(t, err)
	})
}

// FuzzEventJSON reads altered events: what is one comes back the same.
func FuzzEventJSON(f *testing.F) {
	d := detector(f, true, strict)
	for i, x := range busy() {
		r, err := d.Next(dagmmtest.Minute(i), x)
		require.NoError(f, err)
		for _, e := range r.Events {
			text, err := json.Marshal(e)
			require.NoError(f, err)
			f.Add(text)
		}
	}
	f.Add([]byte(`{"kind":"opened","peak":{"values":[null,"Infinity",1e-300]},"severity":"minor","explanation":{"pair":["a"]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var e Event
		if err := json.Unmarshal(text, &e); err != nil {
			return
		}
		_ = e.String()
		once, err := json.Marshal(e)
		require.NoError(t, err)
		var back Event
		require.NoError(t, json.Unmarshal(once, &back))
		twice, err := json.Marshal(back)
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice))
	})
}
