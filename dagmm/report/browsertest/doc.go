// Package browsertest opens reports in a headless Chromium and looks at them: nothing is loaded from anywhere, nothing is logged as an
// error, the plots have drawn and turn. It is a module of its own so that nobody else pays for its browser driver.
//
//	go test ./...                                              # skips where there is no Chromium; fails with REQUIRE_BROWSER=1
//	SCREENSHOTS=dir go test -run Pictures ./...                # pictures of a made-up report
//	SCREENSHOTS=dir REPORT=report.html go test -run Pictures . # pictures of this one
package browsertest
