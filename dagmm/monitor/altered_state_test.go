package monitor

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/internal/dagmmtest"
)

// storedFiles returns the states of a folder in testdata, decoded, and its models.
func storedFiles(t testing.TB, version int) (states []*storedStream, models map[string][]byte) {
	files, err := filepath.Glob(fmt.Sprintf("testdata/state%d/*", version))
	require.NoError(t, err)
	models = map[string][]byte{}
	for _, path := range files {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		switch name := filepath.Base(path); {
		case strings.HasPrefix(name, statePrefix):
			s, err := decode(text)
			require.NoError(t, err)
			states = append(states, s)
		case strings.HasPrefix(name, modelPrefix):
			models[name] = text
		}
	}
	return states, models
}

// alterValue sets v, which belongs to what f looks at, to one odd value after the other and
// calls f with each. Of lists it alters the first and the last element.
func alterValue(path string, v reflect.Value, f func(what string)) {
	before := reflect.New(v.Type()).Elem()
	before.Set(v)
	try := func(o any) {
		v.Set(reflect.ValueOf(o).Convert(v.Type()))
		f(fmt.Sprintf("%s is %v", path, o))
		v.Set(before)
	}
	if v.Type() == reflect.TypeFor[time.Time]() {
		at := v.Interface().(time.Time)
		for _, o := range []time.Time{{}, at.Add(-1000 * time.Hour), at.Add(1000 * time.Hour), time.Unix(1<<60, 0)} {
			try(o)
		}
		return
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		for _, o := range []int64{0, -1, 1, v.Int() + 1, math.MaxInt64, math.MinInt64} {
			try(o)
		}
	case reflect.Uint64:
		for _, o := range []uint64{0, 1, math.MaxUint64} {
			try(o)
		}
	case reflect.Float64:
		for _, o := range []float64{0, -v.Float(), math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e300} {
			try(o)
		}
	case reflect.Bool:
		try(!v.Bool())
	case reflect.String:
		try("")
		try("x")
	case reflect.Pointer:
		if !v.IsNil() {
			alterValue(path, v.Elem(), f)
			v.SetZero()
			f(path + " is nil")
			v.Set(before)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			alterValue(path+"."+v.Type().Field(i).Name, v.Field(i), f)
		}
	case reflect.Slice:
		n := v.Len()
		if n == 0 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			f(path + " has an element")
			v.Set(before)
			return
		}
		for _, part := range []reflect.Value{reflect.Zero(v.Type()), v.Slice(0, n-1), v.Slice(1, n), reflect.AppendSlice(v.Slice3(0, n, n), v.Slice(0, 1))} {
			v.Set(part)
			f(fmt.Sprintf("%s has %d elements", path, part.Len()))
			v.Set(before)
		}
		alterValue(path+"[0]", v.Index(0), f)
		if n > 1 {
			alterValue(path+"[last]", v.Index(n-1), f)
		}
	}
}

// Whatever somebody alters in a state, with the right checksum on it: it is refused, or the
// stream goes on, is saved, and opens again.
func TestAlteredStates(t *testing.T) {
	states, models := storedFiles(t, stateVersion)
	rows := dagmmtest.Incident(dagmmtest.Ordinary(12, 3), 5, 7, 95)
	rows[3][1], rows[9][0] = math.NaN(), math.NaN()
	opened, refused, turn := 0, 0, 0
	for _, stored := range states {
		at := stored.Input.Passed
		alterValue("state", reflect.ValueOf(stored).Elem(), func(what string) {
			if turn++; testing.Short() && turn%5 != 0 {
				return
			}
			defer func() {
				if p := recover(); p != nil {
					t.Fatalf("%s of %q: panic: %v", what, stored.ID, p)
				}
			}()
			var body bytes.Buffer
			if err := gob.NewEncoder(&body).Encode(stored); err != nil {
				return
			}
			store := InMemory()
			for name, text := range models {
				require.NoError(t, store.Save(name, text))
			}
			require.NoError(t, store.Save(stateName(stored.ID), append([]byte(stateHead(stateVersion, body.Bytes())+"\n"), body.Bytes()...)))
			cfg := goldenConfig(&sink{}, "")
			cfg.Store, cfg.Delivered = store, nil
			m, err := Open(cfg)
			if err != nil {
				refused++
				return
			}
			opened++
			for i, x := range rows {
				require.NoError(t, m.Push("host/1", at.Add(time.Duration(1+i)*time.Minute), x), what)
				require.NoError(t, m.Push("young", at.Add(time.Duration(1+i)*time.Minute), x), what)
			}
			require.NoError(t, m.Tick(at.Add(3*time.Hour)), what)
			require.NoError(t, m.Close(), what)
			m, err = Open(cfg)
			require.NoError(t, err, what)
			require.NoError(t, m.Close(), what)
		})
	}
	t.Logf("opened %d, refused %d", opened, refused)
	require.Greater(t, opened, 100)
	require.Greater(t, refused, 20)
}
