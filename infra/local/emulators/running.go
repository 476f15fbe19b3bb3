package emulators

import "sync"

// running is the program of an emulator, which another one can follow.
type running struct {
	mu      sync.Mutex
	now     *process
	stopped bool
}

// follow lets a program take the place of the one before. One that comes after the end is ended, too.
func (r *running) follow(next *process) {
	r.mu.Lock()
	stopped := r.stopped
	if !stopped {
		r.now = next
	}
	r.mu.Unlock()
	if stopped {
		next.Stop()
	}
}

func (r *running) program() *process {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// Stop ends the program, and whatever would follow it, and waits until it has gone. It may be called twice.
func (r *running) Stop() {
	r.mu.Lock()
	r.stopped = true
	now := r.now
	r.mu.Unlock()
	now.Stop()
}

// Done is closed when the program that runs now has ended, by Stop, by a restart or by itself.
func (r *running) Done() <-chan struct{} { return r.program().Done() }

// PID is the process id, for those who measure.
func (r *running) PID() int { return r.program().PID() }
