// Package format prints values of metrics the same way everywhere.
package format

import (
	"fmt"
	"math"
)

// Number prints a metric's value with four significant digits, and without an exponent
// where that is readable.
func Number(v float64) string {
	if a := math.Abs(v); a >= 9999.5 && a < 1e15 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4g", v)
}
