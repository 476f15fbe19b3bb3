package world

import (
	"io"
	"strings"
	"sync"
)

// lastLines hands on what host and handler say and keeps the end of it, for the message when they fail.
type lastLines struct {
	next io.Writer

	mu   sync.Mutex
	kept []string
}

const linesKept = 25

// Write takes whole lines, as the host writes them.
func (l *lastLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, strings.TrimRight(string(p), "\n"))
	l.kept = l.kept[max(0, len(l.kept)-linesKept):]
	if l.next == nil {
		return len(p), nil
	}
	return l.next.Write(p)
}

func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.kept, "\n")
}
