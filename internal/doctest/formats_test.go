package doctest

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/alarm"
	"github.com/metric-streams/anomaly/dagmm/ingest"
)

// keys collects the keys of all objects in a JSON value.
func keys(value any, into map[string]bool) {
	switch v := value.(type) {
	case map[string]any:
		for k, inner := range v {
			into[k] = true
			keys(inner, into)
		}
	case []any:
		for _, inner := range v {
			keys(inner, into)
		}
	}
}

// fields collects the names of the fields of a struct and of the structs in it.
func fields(t reflect.Type, into map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		fields(t.Elem(), into)
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range t.NumField() {
			into[t.Field(i).Name] = true
			fields(t.Field(i).Type, into)
		}
	}
}

func TestFormatsNameEveryKeyAndField(t *testing.T) {
	page := read(t, filepath.Join(root, "dagmm", "docs", "formats.md"))
	names := map[string]bool{}
	models, err := filepath.Glob(filepath.Join(root, "dagmm", "testdata", "v*", "*.model.json"))
	require.NoError(t, err)
	require.NotEmpty(t, models)
	for _, path := range models {
		var model any
		require.NoError(t, json.Unmarshal([]byte(read(t, path)), &model))
		keys(model, names)
	}
	fields(reflect.TypeFor[alarm.State](), names)
	fields(reflect.TypeFor[ingest.State](), names)
	require.Greater(t, len(names), 100)
	for name := range names {
		require.True(t, strings.Contains(page, "`"+name+"`"), "formats.md does not name %s", name)
	}
}
