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
	for _, dark := range []bool{false, true} {
		for _, width := range []int{1400, 390} {
			p := newTab(t, dark, width)
			p.open(t, path)
			name := fmt.Sprintf("report-%d-%s", width, map[bool]string{false: "light", true: "dark"}[dark])
			b, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name+".png"), b, 0o644))
			p.eval(t, clickFirst)
			p.eval(t, `document.getElementById("to-plots").click()`)
			p.do(t, chromedp.Sleep(2*time.Second))
			b, err = chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name+"-picked.png"), b, 0o644))
		}
	}
}
