package hosts

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func call(h http.Handler, method, path string) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, http.NoBody))
	return w.Code, w.Body.String()
}

// A fault moves one metric of one host, while it lasts.
func TestFault(t *testing.T) {
	h := Handler(New(1))
	mem := func(host string) float64 {
		code, text := call(h, http.MethodGet, "/"+host)
		require.Equal(t, http.StatusOK, code)
		found := regexp.MustCompile(`(?m)^demo_mem (\S+)$`).FindStringSubmatch(text)
		require.NotNil(t, found, text)
		v, err := strconv.ParseFloat(found[1], 64)
		require.NoError(t, err)
		return v
	}
	require.InDelta(t, 50, mem("web-1"), 10)
	code, text := call(h, http.MethodPost, "/fault?host=web-1&metric=mem&seconds=30")
	require.Equal(t, http.StatusOK, code, text)
	require.InDelta(t, 75, mem("web-1"), 10)
	require.InDelta(t, 50, mem("web-2"), 10)
	code, _ = call(h, http.MethodPost, "/fault?host=web-1&metric=mem&seconds=0")
	require.Equal(t, http.StatusOK, code)
	require.InDelta(t, 50, mem("web-1"), 10)
	for _, bad := range []string{"/fault", "/fault?host=web-3&metric=mem&seconds=1", "/fault?host=web-1&metric=x&seconds=1", "/fault?host=web-1&metric=mem&seconds=x"} {
		code, _ := call(h, http.MethodPost, bad)
		require.Equal(t, http.StatusBadRequest, code, bad)
	}
}
