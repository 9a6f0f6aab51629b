package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

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
			name := fmt.Sprintf("report-%d-%s.png", width, map[bool]string{false: "light", true: "dark"}[dark])
			b, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o644))
		}
	}
}
