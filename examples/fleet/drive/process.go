package drive

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a child: a worker, a trainer or the server.
type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how it has ended

	mu    sync.Mutex
	tail  bytes.Buffer // of what it has written
	ended bool         // it was asked to end, or killed
}

// tailBytes is how much of a child's output is kept.
const tailBytes = 64 << 10

// Write keeps the last of what the child writes.
func (p *process) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tail.Write(text)
	if n := p.tail.Len() - tailBytes; n > 0 {
		p.tail.Next(n)
	}
	return len(text), nil
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tail.String()
}

// launch starts a command as a child.
func launch(name string, env []string, command ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(command[0], command[1:]...), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("drive: %s: %s: %w", name, strings.Join(command, " "), err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// signal sends a signal to the child, if it is still there.
func (p *process) signal(s os.Signal) error {
	err := p.cmd.Process.Signal(s)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// kill ends the child at once.
func (p *process) kill() {
	p.expectEnd()
	_ = p.signal(os.Kill) // it has ended where that fails
	<-p.done
}

// end asks the child to end, and returns an error if it does not, or not well.
func (p *process) end(patience time.Duration) error {
	p.expectEnd()
	if err := p.signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("drive: %s: %w", p.name, err)
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		p.kill()
		return fmt.Errorf("drive: %s has not ended within %s: %s", p.name, patience, p.output())
	}
	if p.err != nil {
		return fmt.Errorf("drive: %s: %w: %s", p.name, p.err, p.output())
	}
	return nil
}

func (p *process) expectEnd() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}

// died reports that the child has ended by itself.
func (p *process) died() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil
	}
	return fmt.Errorf("drive: %s has ended by itself: %w: %s", p.name, p.err, p.tail.String())
}
