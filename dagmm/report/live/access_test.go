package live

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Without a token only this computer is answered, by a name of its own and not through a proxy.
func TestOnlyTheLoopbackWithoutAToken(t *testing.T) {
	w := newWorld(t, Config{}, nil)
	for name, c := range map[string]struct {
		alter func(*http.Request)
		want  int
	}{
		"the loopback":     {nil, http.StatusOK},
		"localhost":        {func(r *http.Request) { r.Host = "localhost:8080" }, http.StatusOK},
		"IPv6":             {func(r *http.Request) { r.Host = "[::1]" }, http.StatusOK},
		"a rebound name":   {func(r *http.Request) { r.Host = "evil.example" }, http.StatusForbidden},
		"one that looks":   {func(r *http.Request) { r.Host = "localhost.evil.example" }, http.StatusForbidden},
		"a proxy":          {func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.1") }, http.StatusForbidden},
		"a standard proxy": {func(r *http.Request) { r.Header.Set("Forwarded", "for=192.0.2.1") }, http.StatusForbidden},
	} {
		for _, path := range []string{"", "host?name=x", "events?name=x"} {
			if c.want == http.StatusOK && path != "" {
				continue
			}
			answer, text := w.ask(t, path, nil, c.alter)
			require.Equal(t, c.want, answer.StatusCode, "%s: %s", name, text)
		}
	}
	require.False(t, fromLoopback(&http.Request{RemoteAddr: "192.0.2.1:4711", Host: "localhost"}))
	require.False(t, fromLoopback(&http.Request{RemoteAddr: "@", Host: "localhost"}))
	answer, _ := w.ask(t, "login", url.Values{"token": {""}}, nil)
	require.Equal(t, http.StatusForbidden, answer.StatusCode, "no token is not the empty one")
}

// With a token nothing is shown or taken without it.
func TestToken(t *testing.T) {
	const token = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	w := newWorld(t, Config{Token: token}, nil)
	w.push(t, "secret-host", 0, faultAt+3)
	for _, path := range []string{"", "host?name=secret-host", "events", "host?name=nobody"} {
		for _, given := range []string{"", "Bearer", "Bearer ", "Bearer " + token[1:], "Bearer " + token + "0", "Basic " + token, token} {
			answer, text := w.ask(t, path, nil, func(r *http.Request) { r.Header.Set("Authorization", given) })
			require.Equal(t, http.StatusUnauthorized, answer.StatusCode, "%s with %q", path, given)
			require.NotContains(t, text, "cpu")
			require.Contains(t, text, `name="token"`)
		}
	}
	answer, _ := w.ask(t, "verdict?name=secret-host&alarm=1", url.Values{"real": {"true"}}, nil)
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	require.False(t, w.monitor.Alarms("secret-host")[0].Judged)

	bearer := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	answer, text := w.ask(t, "", nil, bearer)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, text, "secret-host")
	answer, _ = w.ask(t, "verdict?name=secret-host&alarm=1", url.Values{"real": {"true"}}, bearer)
	require.Equal(t, http.StatusSeeOther, answer.StatusCode)
	answer, _ = w.ask(t, "", nil, func(r *http.Request) { bearer(r); r.Host = "monitoring.example" })
	require.Equal(t, http.StatusOK, answer.StatusCode, "by any name")
}

// A browser logs in once, and its session ends: by itself, by logging out, and with the token.
func TestSession(t *testing.T) {
	w := newWorld(t, Config{Token: "correct horse"}, nil)
	w.push(t, "a b", 0, 1)
	now := time.Now()
	w.page.setClock(now)
	answer, text := w.ask(t, "login", url.Values{"token": {"wrong"}}, nil)
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
	require.Contains(t, text, "That is not the token.")
	require.Empty(t, answer.Cookies())

	answer, _ = w.ask(t, "login?name=a+b", url.Values{"token": {" correct horse\n"}}, nil)
	require.Equal(t, http.StatusSeeOther, answer.StatusCode)
	require.Equal(t, "host?name=a+b", answer.Header.Get("Location"))
	require.Len(t, answer.Cookies(), 1)
	session := answer.Cookies()[0]
	require.True(t, session.HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, session.SameSite)
	require.NotContains(t, session.Value, "horse")
	with := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: session.Name, Value: value}) }
	}
	answer, text = w.ask(t, "host?name=a+b", nil, with(session.Value))
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, text, "Log out")

	until, mac, _ := strings.Cut(session.Value, ".")
	for _, forged := range []string{"", ".", until, until + ".", "9" + until + "." + mac, until + "." + strings.Repeat("0", 64), mac + "." + until} {
		answer, _ = w.ask(t, "", nil, with(forged))
		require.Equal(t, http.StatusUnauthorized, answer.StatusCode, forged)
	}
	w.page.cfg.Token = "another"
	answer, _ = w.ask(t, "", nil, with(session.Value))
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	w.page.cfg.Token = "correct horse"
	w.page.setClock(now.Add(sessionLength + time.Second))
	answer, _ = w.ask(t, "", nil, with(session.Value))
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)

	answer, _ = w.ask(t, "logout", url.Values{}, with(session.Value))
	require.Equal(t, http.StatusSeeOther, answer.StatusCode)
	require.Negative(t, answer.Cookies()[0].MaxAge)
}

// Somebody else's page cannot speak for an operator, whatever the browser sends.
func TestForeignForms(t *testing.T) {
	w := newWorld(t, Config{}, nil)
	w.push(t, "web-1", 0, faultAt+3)
	own := w.server.URL
	for _, c := range []struct {
		header, value string
		want          int
	}{
		{"", "", http.StatusSeeOther}, // not a browser
		{"Origin", own, http.StatusSeeOther},
		{"Sec-Fetch-Site", "same-origin", http.StatusSeeOther},
		{"Origin", "https://evil.example", http.StatusForbidden},
		{"Origin", "null", http.StatusForbidden},
		{"Origin", own + ".evil.example", http.StatusForbidden},
		{"Origin", "http://127.0.0.1", http.StatusForbidden}, // another port
		{"Origin", "%", http.StatusForbidden},
		{"Sec-Fetch-Site", "cross-site", http.StatusForbidden},
		{"Sec-Fetch-Site", "same-site", http.StatusForbidden},
		{"Sec-Fetch-Site", "none", http.StatusForbidden},
	} {
		for path, form := range map[string]url.Values{"verdict?name=web-1&alarm=1": {"real": {"true"}}, "expect?name=web-1": {"for": {"30m"}}, "logout": {}} {
			answer, text := w.ask(t, path, form, func(r *http.Request) {
				if c.header != "" {
					r.Header.Set(c.header, c.value)
				}
			})
			require.Equal(t, c.want, answer.StatusCode, "%s with %s %s: %s", path, c.header, c.value, text)
		}
	}
	answer, _ := w.ask(t, "verdict?name=web-1&alarm=1&real=true", nil, nil)
	require.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode, "a link changes nothing")
}

// Every answer forbids what the page does not need.
func TestHeaders(t *testing.T) {
	w := newWorld(t, Config{}, nil)
	for _, path := range []string{"", "host?name=x", "style.css", "live.js", "nothing"} {
		answer, _ := w.ask(t, path, nil, nil)
		policy := answer.Header.Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'", path)
		require.NotContains(t, policy, "unsafe", path)
		require.Equal(t, "nosniff", answer.Header.Get("X-Content-Type-Options"), path)
	}
	answer, _ := w.ask(t, "live.js?v="+version, nil, nil)
	require.Contains(t, answer.Header.Get("Cache-Control"), "immutable")
	answer, _ = w.ask(t, "live.js?v=old", nil, nil)
	require.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	page := w.get(t, "")
	require.NotRegexp(t, `<script>|<style|\sstyle=|\son\w+=`, page)
}
