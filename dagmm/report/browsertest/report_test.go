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
)

const (
	camera      = `Object.values(document.getElementById("scatter-0")._fullLayout.scene._scene.getCamera().eye)`
	plotsFit    = `[...document.querySelectorAll(".plot")].every(p => p.querySelector(".svg-container").offsetWidth <= p.clientWidth)`
	noOverflow  = `document.documentElement.scrollWidth <= window.innerWidth`
	clickFirst  = `document.querySelector("#flagged tbody tr").click()`
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
	}{{false, 390}, {true, 390}, {false, 768}, {true, 1400}} {
		p := newTab(t, look.dark, look.width)
		p.open(t, path)
		name := fmt.Sprintf("dark %v, %d pixels", look.dark, look.width)
		require.True(t, js[bool](t, p, noOverflow), name)
		require.True(t, js[bool](t, p, plotsFit), name)
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
		p := newTab(t, false, 390)
		p.open(t, save(t, host(600, metrics)))
		want := map[int]int{1: 0, 2: 1, 3: 1}[len(metrics)]
		if len(metrics) > 3 {
			want = 2
		}
		require.Equal(t, want, js[int](t, p, `document.querySelectorAll("#scatters .plot").length`))
		require.True(t, js[bool](t, p, noOverflow), "%d metrics", len(metrics))
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
