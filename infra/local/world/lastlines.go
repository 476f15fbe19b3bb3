package world

import (
	"io"
	"slices"
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

// String is what the handler said, each line once, as it is started again and says the same again; what the
// host said if the handler said nothing.
func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var handlers []string
	for _, line := range l.kept {
		level, text, _ := strings.Cut(line, "] ")
		if !strings.HasPrefix(level, "[Host") && !slices.Contains(handlers, text) {
			handlers = append(handlers, text)
		}
	}
	if len(handlers) > 0 {
		return strings.Join(handlers, "\n")
	}
	return strings.Join(l.kept, "\n")
}
