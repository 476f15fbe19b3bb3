package queue

import (
	"context"
	"sync"
)

// Memory is a Sender for tests: it keeps what was sent.
type Memory struct {
	mu   sync.Mutex
	sent []Message
	fail error
}

// InMemory makes an empty Memory.
func InMemory() *Memory { return &Memory{} }

// Send keeps the messages, or fails as Fail told it to.
func (m *Memory) Send(_ context.Context, messages ...Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	for _, msg := range messages {
		if err := msg.Check(); err != nil {
			return err
		}
		m.sent = append(m.sent, msg)
	}
	return nil
}

// Take gives everything that was sent, oldest first, and forgets it.
func (m *Memory) Take() []Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.sent
	m.sent = nil
	return out
}

// Fail lets every Send fail with err until it is called with nil.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}
