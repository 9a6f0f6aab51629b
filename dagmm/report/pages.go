package report

import (
	_ "embed" // the pages' parts
	"fmt"
	"html/template"
	"strings"
)

//go:embed parts.html
var partsSource string

//go:embed rows.html
var rowsSource string

//go:embed hosts.html
var hostsSource string

//go:embed alarms.html
var alarmsSource string

//go:embed style.css
var styleSource string

//go:embed theme.js
var themeScript string

// pages are rows.html, hosts.html and alarms.html, which share their parts and the style.
var pages = func() *template.Template {
	t := template.New("pages")
	for _, p := range []struct{ name, source string }{{"parts.html", partsSource}, {"rows.html", rowsSource}, {"hosts.html", hostsSource}, {"alarms.html", alarmsSource}} {
		template.Must(t.New(p.name).Parse(p.source))
	}
	return t
}()

// style is the stylesheet of every page. The dark colours, which stand once in the source,
// hold for whoever prefers them, and for whoever presses the button; the first needs no
// script.
var style = func() string {
	const begin, end = "/* dark colours */", "/* end of the dark colours */"
	before, rest, ok := strings.Cut(styleSource, begin)
	dark, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		panic("report: style.css has no dark colours")
	}
	page := before + `:root[data-theme="dark"] {` + dark + "}\n@media (prefers-color-scheme: dark) { :root:not([data-theme=\"light\"]) {" + dark + "} }" + after
	for n := range mostGutter + 1 {
		page += fmt.Sprintf(".gutter-%d { --gutter: %dch; }\n", n, n)
	}
	return page
}()

// Style returns the stylesheet of the pages, for a page with WriteCharts. It loads nothing.
func Style() string { return style }

// heading is the top of a page.
type heading struct{ Title, Source, Period string }
