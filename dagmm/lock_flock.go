//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package dagmm

import (
	"errors"
	"os"
	"syscall"
)

// lockFile tells whether the file is this process's, for as long as it is open. A file
// system that knows no locks lets everybody in.
func lockFile(f *os.File) bool {
	return !errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
