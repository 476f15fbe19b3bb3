package hostsim

import (
	"bufio"
	"fmt"
	"net"
	"sync"
	"time"
)

// Serve is that of a fleet of this host alone.
func (h *Host) Serve(ln net.Listener) error { return h.alone().Serve(ln) }

// Serve answers public calls on ln until the listener is closed, with the recorded behaviour of the
// host's own server: which bytes it refuses, header spelling, framing, reasons. For TLS pass a
// tls.NewListener. Each call goes to the process that serves its path. It returns the listener's error.
func (f *Fleet) Serve(ln net.Listener) error {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		conn, err := ln.Accept()
		if err != nil {
			return fmt.Errorf("public side: %w", err)
		}
		if !f.list()[0].track(conn) {
			_ = conn.Close()
			continue
		}
		running.Go(func() {
			defer func() { f.list()[0].untrack(conn) }() // a publication may have handed it over
			defer conn.Close()
			f.converse(conn)
		})
	}
}

// converse answers the calls of one connection.
func (f *Fleet) converse(conn net.Conn) {
	r := bufio.NewReader(conn)
	for {
		_ = conn.SetReadDeadline(time.Now().Add(idlePublic))
		c, status, err := readCall(r, conn)
		if err != nil {
			return
		}
		w := &rawReply{conn: conn, r: r, call: c}
		if status != 0 {
			w.close = true
			bare(w, c, status)
			return
		}
		_ = conn.SetReadDeadline(time.Time{})
		if !f.answering(c).exchange(c, w, r, conn) {
			return
		}
	}
}
