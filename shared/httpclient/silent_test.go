package httpclient

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a network without sockets, so that time can be the test's own.
type pipes struct {
	calls chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.calls:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

// line is a connection that may fall silent: what is sent goes nowhere, nothing comes, and nobody says so, as behind a
// firewall or an address translation that has forgotten it.
type line struct {
	net.Conn
	silent atomic.Bool
}

func (l *line) Write(p []byte) (int, error) {
	if l.silent.Load() {
		return len(p), nil
	}
	return l.Conn.Write(p)
}

func TestAConnectionThatFellSilentIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := &pipes{calls: make(chan net.Conn), done: make(chan struct{})}
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor != 2 {
				t.Errorf("the call came by %s", r.Proto)
			}
		}))
		_ = server.Listener.Close()
		server.Listener, server.EnableHTTP2 = network, true
		server.StartTLS()
		defer server.Close()

		transport, err := NewTransport(nil, "")
		if err != nil {
			t.Fatal(err)
		}
		defer transport.CloseIdleConnections()
		var lines []*line
		transport.Proxy = nil
		transport.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			l := &line{Conn: ours}
			lines = append(lines, l)
			network.calls <- theirs
			return l, nil
		}
		client := New(Options{Base: transport, Hosts: []string{"example.com"}})
		call := func() error {
			_, err := client.Do(t.Context(), Request{Method: http.MethodGet, URL: "https://example.com/referrals"})
			return err
		}
		if err := call(); err != nil {
			t.Fatal(err)
		}
		lines[0].silent.Store(true)
		since := time.Now()
		for call() != nil {
			if silent := time.Since(since); silent > 2*time.Minute {
				t.Fatalf("%s after the connection fell silent calls still go into it, %d lines in all", silent, len(lines))
			}
		}
		if silent := time.Since(since); silent > DefaultTimeout {
			t.Errorf("a call came through after %s", silent)
		}
	})
}
