package browsertest

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/metric-streams/anomaly/dagmm"
	"github.com/metric-streams/anomaly/internal/format"
)

const (
	camera     = `Object.values(document.getElementById("scatter-0")._fullLayout.scene._scene.getCamera().eye)`
	plotsFit   = `[...document.querySelectorAll(".plot")].every(p => p.querySelector(".svg-container").offsetWidth <= p.clientWidth)`
	noOverflow = `document.documentElement.scrollWidth <= window.innerWidth`
	clickFirst = `document.querySelector("#flagged tbody tr").click()`
	// cutOff lists what reaches beyond the page or its own box.
	cutOff = `(() => {
		const text = e => e.tagName + "." + e.className + " " + e.textContent.slice(0, 40), out = [];
		for (const e of document.querySelectorAll("main *, .top *")) {
			const r = e.getBoundingClientRect();
			if (r.width && (r.right > innerWidth + 1 || r.left < -1) && !e.closest(".plot, .chart svg, .defs")) out.push(text(e));
		}
		for (const e of document.querySelectorAll("td, p, h1, h2, figcaption, dd, .value, .expected, .name, .xaxis"))
			if (e.clientWidth && e.scrollWidth > e.clientWidth + 2) out.push(text(e));
		for (const e of document.querySelectorAll(".mark-y"))
			if (e.getBoundingClientRect().left < e.closest(".panel").getBoundingClientRect().left) out.push(text(e));
		return out;
	})()`
	selectedRow = `document.getElementById("scatter-0").data[3].x.length`
)

func TestReportOpensAloneAndDraws(t *testing.T) {
	p := newTab(t, false, 1400)
	p.open(t, save(t, host(600, hostMetrics)))

	require.True(t, js[bool](t, p, plotsFit))
	for _, id := range []string{"scatter-0", "scatter-1"} {
		require.True(t, js[bool](t, p, fmt.Sprintf(`Boolean(document.getElementById(%q)._fullLayout.scene)`, id)), id)
		red, colours := look(t, picture(t, p, "#"+id))
		require.Greater(t, red, 50, "%s shows no flagged rows", id)
		require.Greater(t, colours, 50, "%s is blank", id)
	}
	for _, id := range []string{"line", "density"} {
		red, colours := look(t, picture(t, p, "#"+id))
		require.Greater(t, red, 50, "%s shows no threshold", id)
		require.Greater(t, colours, 20, "%s is blank", id)
	}
	for _, mark := range []string{"#line .xtick text", "#line .ytick text", "#density .xtick text", ".mark-x", ".mark-y"} {
		require.Greater(t, js[int](t, p, fmt.Sprintf(`[...document.querySelectorAll(%q)].filter(e => e.getBoundingClientRect().width > 0).length`, mark)), 2, "%s: the axis has no labels", mark)
	}
	require.Zero(t, js[int](t, p, `document.querySelectorAll('.modebar-btn[data-title^="Share"], .modebar-btn[data-attr*="cloud" i]').length`), "a button uploads the data")
	requireQuiet(t, p)
}

func TestDraggingTurnsThePlot(t *testing.T) {
	p := newTab(t, false, 1400)
	p.open(t, save(t, host(600, hostMetrics)))
	before := js[[]float64](t, p, camera)
	drag(t, p, "scatter-0")
	after := js[[]float64](t, p, camera)
	turned := floats.Distance(before, after, 2)
	require.Greater(t, turned, .1)

	p.eval(t, clickFirst)
	p.do(t, chromedp.Sleep(300*time.Millisecond))
	require.Less(t, floats.Distance(after, js[[]float64](t, p, camera), 2), turned/2, "selecting a row keeps the view")
	requireQuiet(t, p)
}

func TestSelectingAndSorting(t *testing.T) {
	p := newTab(t, false, 1400)
	p.open(t, save(t, host(600, hostMetrics)))
	require.Equal(t, 0, js[int](t, p, selectedRow))
	p.eval(t, clickFirst)
	require.Equal(t, 1, js[int](t, p, selectedRow))
	require.False(t, js[bool](t, p, `document.getElementById("picked").hidden`))
	p.eval(t, `document.getElementById("unpick").click()`)
	require.Equal(t, 0, js[int](t, p, selectedRow))

	energies := `[...document.querySelectorAll("#flagged .energy b")].map(b => Number(b.textContent)).slice(0, 5)`
	p.eval(t, `document.querySelectorAll("#flagged th button")[1].click()`)
	top := js[[]float64](t, p, energies)
	require.IsDecreasing(t, top)

	p.eval(t, `{
		const select = document.querySelector("#scatters select");
		select.value = "3";
		select.dispatchEvent(new Event("change"));
	}`)
	require.Equal(t, "net_in / mem / disk", js[string](t, p, `document.querySelector("#scatters h2").textContent`))
	requireQuiet(t, p)
}

func TestDarkAndNarrow(t *testing.T) {
	path := save(t, host(600, hostMetrics))
	for _, look := range []struct {
		dark  bool
		width int
	}{{false, 360}, {true, 420}, {false, 768}, {true, 1400}} {
		p := newTab(t, look.dark, look.width)
		p.open(t, path)
		name := fmt.Sprintf("dark %v, %d pixels", look.dark, look.width)
		require.True(t, js[bool](t, p, noOverflow), name)
		require.True(t, js[bool](t, p, plotsFit), name)
		require.Empty(t, js[[]string](t, p, cutOff), name)
		background := js[string](t, p, `getComputedStyle(document.body).backgroundColor`)
		require.Equal(t, look.dark, strings.HasPrefix(background, "rgb(14"), "%s: %s", name, background)
		p.eval(t, clickFirst)
		p.eval(t, `document.getElementById("theme").click()`)
		require.True(t, js[bool](t, p, noOverflow), name)
		require.NotEqual(t, background, js[string](t, p, `getComputedStyle(document.body).backgroundColor`), "the button switches")
		requireQuiet(t, p)
	}
}

func TestAnyNumberOfMetrics(t *testing.T) {
	many := append([]string{}, hostMetrics...)
	for i := range 30 {
		many = append(many, fmt.Sprintf("total cpu usage/a rather long name of a metric, number %d", i))
	}
	for _, metrics := range [][]string{hostMetrics[:1], hostMetrics[:2], hostMetrics[:3], many} {
		p := newTab(t, false, 360)
		p.open(t, save(t, host(600, metrics)))
		want := map[int]int{1: 0, 2: 1, 3: 1}[len(metrics)]
		if len(metrics) > 3 {
			want = 2
		}
		require.Equal(t, want, js[int](t, p, `document.querySelectorAll("#scatters .plot").length`))
		require.Equal(t, 1+len(metrics), js[int](t, p, `document.querySelectorAll(".strip .line").length`), "the energies and every metric")
		require.True(t, js[bool](t, p, noOverflow), "%d metrics", len(metrics))
		require.Empty(t, js[[]string](t, p, cutOff), "%d metrics", len(metrics))
		requireQuiet(t, p)
	}
}

func TestHostileNamesStayText(t *testing.T) {
	d := host(400, []string{`</script><script>window.hit = 1</script>`, `<img src=x onerror="window.hit=1">`, `<b>bold</b> %{x}`, `a & b $x^2$`})
	p := newTab(t, false, 1400)
	p.open(t, save(t, d))
	p.eval(t, clickFirst)
	require.True(t, js[bool](t, p, `window.hit === undefined`))
	require.True(t, js[bool](t, p, `document.querySelector("#metric").textContent.includes("<b>bold</b> %{x}")`))
	requireQuiet(t, p)
}

// Tables and plots write a number as sentences do.
func TestOneNotationForNumbers(t *testing.T) {
	values := []float64{0, 1, -1, .5, 12.3456, -1e-4, 1.5e-5, 3e-12, 999.96, 9999, 9999.6, 12345.6, -12346.5, 453862137, 5e9, 123456789012345, 1e15, 2.5e20}
	d := host(400, hostMetrics)
	why := d.Flagged[0].Explanation
	why.Contributions = nil
	for _, v := range values {
		why.Contributions = append(why.Contributions, dagmm.Contribution{Metric: "net_in", Value: v, Low: v, High: v, Share: .01, Conditional: true})
	}
	d.Units = []string{"", "", "", "bit/s"}
	p := newTab(t, false, 1400)
	p.open(t, save(t, d))
	shown := js[[]string](t, p, `[...document.querySelectorAll("#flagged tbody tr:first-child .value")].map(e => e.textContent)`)
	ranges := js[[]string](t, p, `[...document.querySelectorAll("#flagged tbody tr:first-child .expected")].map(e => e.textContent)`)
	require.Len(t, shown, len(values))
	for i, v := range values {
		require.Equal(t, format.Number(v)+" bit/s", shown[i])
		require.Equal(t, "expected "+format.Number(v), ranges[i])
	}
	requireQuiet(t, p)
}

func TestSelectingAnIncident(t *testing.T) {
	p := newTab(t, false, 1400)
	p.open(t, save(t, host(600, hostMetrics)))
	p.eval(t, `document.querySelector(".incidents [data-row]").click()`)
	require.Equal(t, 1, js[int](t, p, selectedRow))
	require.Equal(t, js[string](t, p, `document.querySelector(".incidents .picked .reason").firstChild.textContent.trim()`), js[string](t, p, `document.querySelector("#picked-text div").textContent`))
	p.eval(t, `{
		const chart = document.querySelector('.strip[data-metric="0"] .chart'), r = chart.getBoundingClientRect();
		chart.dispatchEvent(new PointerEvent("pointermove", { clientX: r.left + r.width / 2, clientY: r.top + 9 }));
	}`)
	require.Regexp(t, `^2026-03-01 0[45]:..:00: [0-9.]+$`, js[string](t, p, `document.querySelector('.strip[data-metric="0"] output').textContent`))
	requireQuiet(t, p)
}

func TestAConstantMetricIsNoAxis(t *testing.T) {
	d := host(400, hostMetrics)
	x := d.X.(*mat.Dense)
	for i := range 400 {
		x.Set(i, 1, 7)
	}
	p := newTab(t, false, 1400)
	p.open(t, save(t, d))
	require.Equal(t, []string{"cpu / disk / net_in"}, js[[]string](t, p, `[...document.querySelectorAll("#scatters h2")].map(e => e.textContent)`))
	require.Equal(t, 4, js[int](t, p, `document.querySelectorAll(".strip").length`), "the energies and three metrics")
	require.False(t, js[bool](t, p, `[...document.querySelectorAll("option")].some(o => o.textContent === "mem")`))
	requireQuiet(t, p)
}

func TestHostsPage(t *testing.T) {
	requireShown(t, saveHosts(t), []string{".mark-y", ".strip .line", ".pill", ".timeline .area"}, func(p *tab) {
		require.True(t, js[bool](t, p, `[...document.querySelectorAll("use, .hosts a")].every(e => document.querySelector(e.getAttribute("href")))`), "a link or a picture points to nothing")
	})
}

func TestAlarmsPage(t *testing.T) {
	requireShown(t, saveAlarms(t), []string{".mark-x", ".mark-y", ".strip .line", ".pill"}, func(*tab) {})
}

// requireShown opens a page wide and bright, and narrow and dark: nothing is cut off, each mark is
// there more than once, and what else is to hold does.
func requireShown(t *testing.T, path string, marks []string, also func(*tab)) {
	t.Helper()
	for _, look := range []struct {
		dark  bool
		width int
	}{{false, 1400}, {true, 360}} {
		p := newTab(t, look.dark, look.width)
		p.open(t, path)
		require.True(t, js[bool](t, p, noOverflow))
		require.Empty(t, js[[]string](t, p, cutOff))
		require.Equal(t, look.dark, strings.HasPrefix(js[string](t, p, `getComputedStyle(document.body).backgroundColor`), "rgb(14"))
		for _, mark := range marks {
			require.Greater(t, js[int](t, p, fmt.Sprintf(`[...document.querySelectorAll(%q)].filter(e => e.getBoundingClientRect().width > 0).length`, mark)), 1, mark)
		}
		also(p)
		requireQuiet(t, p)
	}
}

func TestNothingFlaggedAndMissingValues(t *testing.T) {
	d := host(600, hostMetrics)
	d.Flagged, d.Labels, d.Times = nil, nil, nil
	for i := range d.Energies {
		d.Energies[i] = min(d.Energies[i], d.Threshold)
		if i%50 < 3 {
			d.Energies[i] = math.NaN()
		}
	}
	p := newTab(t, false, 1400)
	p.open(t, save(t, d))
	require.Contains(t, js[string](t, p, `document.getElementById("table-hint").textContent`), "No row")
	requireQuiet(t, p)
}

// requireQuiet holds that the page logged no error and asked for nothing but itself. The browser counts data held in the page as
// requests too; those go nowhere.
func requireQuiet(t *testing.T, p *tab) {
	t.Helper()
	errors, requests := p.logged()
	require.Empty(t, errors)
	for _, url := range requests {
		require.Regexp(t, `^(file:///.*/report\.html|data:.*|blob:.*)$`, url)
	}
}

func drag(t *testing.T, p *tab, id string) {
	t.Helper()
	p.do(t, chromedp.ScrollIntoView(chromedp.ID(id)))
	r := js[[]float64](t, p, fmt.Sprintf(`(r => [r.x + r.width / 2, r.y + r.height / 2])(document.getElementById(%q).getBoundingClientRect())`, id))
	p.do(t, chromedp.DragAndDropXY(r[0], r[1], r[0]+120, r[1]+30, 10))
	p.do(t, chromedp.Sleep(time.Second)) // the turning runs on for a while
}

func picture(t *testing.T, p *tab, selector string) image.Image {
	t.Helper()
	b, err := chromedp.Run(p.ctx, chromedp.Screenshot(chromedp.CSS(selector)))
	require.NoError(t, err)
	img, err := png.Decode(bytes.NewReader(b))
	require.NoError(t, err)
	return img
}

// look counts the pixels in the colour of flagged rows, and the different colours.
func look(t *testing.T, img image.Image) (red, colours int) {
	t.Helper()
	seen := map[[3]uint32]bool{}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r >> 8, g >> 8, bl >> 8}] = true
			if r>>8 > 180 && g>>8 < 100 && bl>>8 < 110 {
				red++
			}
		}
	}
	return red, len(seen)
}
