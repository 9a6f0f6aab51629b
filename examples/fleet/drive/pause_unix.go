//go:build unix

package drive

import "syscall"

// pause lets a process stand still.
func (p *process) pause() error { return p.signal(syscall.SIGSTOP) }

// resume lets it go on.
func (p *process) resume() error { return p.signal(syscall.SIGCONT) }

const canPause = true
