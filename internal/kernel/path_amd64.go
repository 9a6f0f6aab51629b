//go:build !noasm

package kernel

import "golang.org/x/sys/cpu"

//go:generate go run -C asm .

var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	hasAVX512 = hasAVX2 && cpu.X86.HasAVX512F
)
