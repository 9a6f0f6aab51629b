// Package publicapi tests the exported declarations of this module: they must show no type
// that an importer cannot or should not name.
package publicapi
