package link

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// conn is one connection, seen from the part that was called: it reads what the caller sends, and writes the answers.
type conn struct {
	net.Conn
	link *Link
	in   *play       // the weather that it has met last; guarded by the link
	lost atomic.Bool // its bytes vanish

	once   sync.Once
	closed chan struct{}
}

// meetsAtOnce is what happens to a connection that is open when a weather begins.
func (c *conn) meetsAtOnce(p *play) {
	switch p.Fault {
	case HalfOpen:
		c.link.mu.Lock()
		c.link.played++
		c.in = p
		c.link.mu.Unlock()
		c.lost.Store(true)
	case Reset:
		if c.link.meeting(c) == p {
			c.reset()
		}
	}
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if n == 0 && !errors.Is(err, io.EOF) {
			return n, err // a deadline, or somebody has closed it
		}
		if c.lost.Load() && n > 0 {
			continue
		}
		p := c.link.meeting(c)
		switch {
		case p == nil:
		case p.Fault == Latency && n > 0:
			c.wait(p, p.Delay)
		case p.Fault == Reset:
			c.reset()
			return 0, syscall.ECONNRESET
		case p.Fault == Cut:
			c.hold(p)
		}
		return n, err
	}
}

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	if c.lost.Load() {
		return len(b), nil
	}
	p := c.link.meeting(c)
	switch {
	case p == nil:
	case p.Fault == Latency:
		c.wait(p, p.Delay)
	case p.Fault == Reset:
		c.reset()
		return 0, syscall.ECONNRESET
	case p.Fault == Cut, p.Fault == CutAnswers:
		c.hold(p)
	case p.Fault == Truncate && len(b) > 1:
		n, err := c.Conn.Write(b[:len(b)/2])
		_ = c.Conn.Close()
		return n, errors.Join(err, io.ErrClosedPipe)
	}
	return c.Conn.Write(b)
}

// Close implements net.Conn. The part has closed it whenever the caller learns of it.
func (c *conn) Close() (err error) {
	c.once.Do(func() {
		close(c.closed)
		c.link.mu.Lock()
		delete(c.link.open, c)
		c.link.mu.Unlock()
		p := c.link.meeting(c)
		switch {
		case p != nil && (c.lost.Load() || p.Fault == SlowClose || p.Fault == Cut || p.Fault == CutAnswers):
			go c.closeLate(p)
		default:
			err = c.Conn.Close()
		}
	})
	return err
}

// closeLate closes it when the news has come through.
func (c *conn) closeLate(p *play) {
	if p.Fault == SlowClose {
		timer := time.NewTimer(p.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.over:
		}
	} else {
		<-p.over
	}
	_ = c.Conn.Close()
}

// reset ends it without a word.
func (c *conn) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // what is not sent is thrown away, and the caller gets a reset
	}
	_ = c.Conn.Close()
}

// hold keeps what has come until the weather is over or the connection closed.
func (c *conn) hold(p *play) {
	c.link.count(1)
	defer c.link.count(-1)
	select {
	case <-p.over:
	case <-c.closed:
	}
}

// wait is hold for so long at most.
func (c *conn) wait(p *play, d time.Duration) {
	c.link.count(1)
	defer c.link.count(-1)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.over:
	case <-c.closed:
	}
}

func (l *Link) count(by int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held += by
}
