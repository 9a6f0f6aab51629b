package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestPictures saves pictures of a report for a person to look at.
func TestPictures(t *testing.T) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		t.Skip("SCREENSHOTS names no folder for pictures")
	}
	path := os.Getenv("REPORT")
	if path == "" {
		path = save(t, host(1000, hostMetrics))
	}
	p := newTab(t, false, 1400)
	p.do(t, chromedp.EmulateViewport(1400, 1180))
	p.open(t, path)
	capture(t, p, filepath.Join(dir, "report.png"), chromedp.CaptureScreenshot()) // the one beside the program
	for _, dark := range []bool{false, true} {
		for _, width := range []int{1400, 420, 360} {
			p := newTab(t, dark, width)
			p.open(t, path)
			name := fmt.Sprintf("report-%d-%s", width, map[bool]string{false: "light", true: "dark"}[dark])
			capture(t, p, filepath.Join(dir, name+".png"), chromedp.FullScreenshot(100))
			if !js[bool](t, p, `Boolean(document.querySelector("#flagged tbody tr"))`) {
				continue
			}
			p.eval(t, clickFirst)
			p.eval(t, `document.getElementById("to-plots").click()`)
			p.do(t, chromedp.Sleep(2*time.Second))
			capture(t, p, filepath.Join(dir, name+"-picked.png"), chromedp.CaptureScreenshot())
		}
	}
}

func capture(t *testing.T, p *tab, path string, picture chromedp.Action[[]byte]) {
	t.Helper()
	b, err := chromedp.Run(p.ctx, picture)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, b, 0o644))
}
