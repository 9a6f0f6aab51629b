package live

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/metric-streams/anomaly/dagmm/monitor"
)

func TestShown(t *testing.T) {
	for name, want := range map[string]string{
		"": "(no name)", "web-1": "web-1", "naïve 机": "naïve 机", "a\x00b\n": `a\u0000b\u000a`, "\u202etxt.exe": `\u202etxt.exe`, "a\u200bb\u2066": `a\u200bb\u2066`,
		"\xff\xfe": `\xff\xfe`, "�": "�", "e\u0301": "e\u0301", "e\u0301\u0301\u0301": "e\u0301\u0301" + `\u0301`,
	} {
		require.Equal(t, want, shown(name))
	}
	long := shown(strings.Repeat("ä", 1000))
	require.Equal(t, longestName+1, utf8.RuneCountInString(long))
	require.True(t, strings.HasSuffix(long, "ä…"))
	require.Empty(t, sentence(""))
}

var hostile = []string{
	`</script><script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`, `' onmouseover='alert(1)`, `{{.}}`, `&lt;b&gt;`, `%3Cscript%3E?a=b&name=c#d`,
	"..", "/etc/passwd", "\x00\x01\x1b[31m", "\u202egnp.exe\u2066", "\xff\xfe\xfd", "line\r\nSet-Cookie: a=b", "\ndata: forged\n\n", strings.Repeat("very long ", 3000), "Z" + strings.Repeat("\u0301", 500), "",
}

// Names of any characters are shown as text, and lead to the page of their own host.
func TestHostileNames(t *testing.T) {
	columns := []string{`<b>cpu</b>`, "mem\u202e" + strings.Repeat("m", 5000), "net\n\x00"}
	w := newWorld(t, Config{Title: `<i>"title"`}, func(c *monitor.Config) { c.Columns = columns })
	for _, name := range hostile {
		w.push(t, name, 0, faultAt+3)
	}
	page := w.get(t, "")
	requireHarmless(t, page)
	require.Contains(t, page, "&lt;i&gt;&#34;title&#34;")
	links := regexp.MustCompile(`-link" href="([^"]*)"`).FindAllStringSubmatch(page, -1)
	require.Len(t, links, len(hostile))
	found := map[string]bool{}
	for _, link := range links {
		path := strings.ReplaceAll(link[1], "&amp;", "&")
		require.True(t, strings.HasPrefix(path, "host?name="), path)
		name, err := url.QueryUnescape(strings.TrimPrefix(path, "host?name="))
		require.NoError(t, err)
		found[name] = true

		answer, page := w.ask(t, path, nil, nil)
		require.Equal(t, 200, answer.StatusCode)
		require.Empty(t, answer.Cookies())
		requireHarmless(t, page)
		require.Contains(t, page, "&lt;b&gt;cpu&lt;/b&gt; is 97")
		action := regexp.MustCompile(`action="(verdict[^"]*)"`).FindStringSubmatch(page)[1]
		requireHarmless(t, w.post(t, strings.ReplaceAll(action, "&amp;", "&"), url.Values{"real": {"true"}}))
		require.True(t, w.monitor.Alarms(name)[0].Real, "%q", name)
	}
	for _, name := range hostile {
		require.True(t, found[name], "%q", name)
		_, page := w.ask(t, "?q="+url.QueryEscape(name), nil, nil)
		requireHarmless(t, page)
	}
	require.NotPanics(t, func() { w.push(t, "more", 0, 1) })
}

// requireHarmless holds that a page has no element, attribute or character but its own.
func requireHarmless(t *testing.T, page string) {
	t.Helper()
	require.True(t, utf8.ValidString(page))
	for _, r := range page {
		require.False(t, r != '\n' && (unicode.Is(unicode.C, r) || unicode.Is(unicode.Bidi_Control, r)), "%U", r)
	}
	for _, tag := range regexp.MustCompile(`<(\w+)[^>]*>`).FindAllStringSubmatch(page, -1) {
		require.Contains(t, elements, " "+tag[1]+" ", tag[0])
		require.NotRegexp(t, `\s(on\w+|style|srcdoc)=`, regexp.MustCompile(`"[^"]*"`).ReplaceAllString(tag[0], ""))
		require.NotRegexp(t, `(href|src|action|data-url)="?\s*(javascript|//|/)`, tag[0])
	}
	require.Less(t, len(page), 800_000)
}

const elements = " html head meta link title noscript script body a header div h1 p i span time main section h2 table thead tr th tbody td bdi svg path text use g defs form label input button select option " +
	"nav footer figure figcaption b output dl dt dd "
