//go:build !amd64 || noasm

package kernel

const hasAVX2, hasAVX512 = false, false
