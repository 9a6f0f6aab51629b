// Package matrix holds checks of gonum matrices that several packages share.
package matrix

import (
	"reflect"

	"gonum.org/v1/gonum/mat"
)

// IsNil reports whether x is nil or holds a nil pointer, such as a (*mat.Dense)(nil). Every
// method of such a matrix panics.
func IsNil(x mat.Matrix) bool {
	if x == nil {
		return true
	}
	v := reflect.ValueOf(x)
	return v.Kind() == reflect.Pointer && v.IsNil()
}
