package funchost

import (
	"context"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// hand is the goroutine that works for one connection, call after call: a new one for each would grow its stack anew for
// every signature, which is a tenth of what an event costs.
type hand struct {
	tasks chan task
	busy  atomic.Bool // at work, perhaps on a call that was given up
}

// task is work and where its error goes; done has room for it.
type task struct {
	work func() error
	done chan<- error
}

type handKey struct{}

// perform has somebody do the work: the hand of the connection that the context belongs to, where it has one that is free. A
// panic is an error.
func perform(ctx context.Context, t task) {
	h, _ := ctx.Value(handKey{}).(*hand)
	if h == nil || !h.busy.CompareAndSwap(false, true) {
		go func() {
			makeRoom(0)
			t.done <- recovered(t.work)
		}()
		return
	}
	h.tasks <- t // has room: the last one was taken
}

// makeRoom has the stack of a new goroutine grow at once, while nothing stands on it: the work of a message needs that much,
// and to copy what stands there at each doubling costs as much as a remote call does.
//
//go:noinline
func makeRoom(at int) byte {
	var room [12 << 10]byte
	return room[at]
}

func (h *hand) serve() {
	for t := range h.tasks {
		err := recovered(t.work)
		h.busy.Store(false)
		t.done <- err
	}
}

// recovered runs work; its panic is an error.
func recovered(work func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{value: v, stack: debug.Stack()}
		}
	}()
	return work()
}

// Connected gives a context a hand, as a connection has one, until the context ends: for who calls a server without a
// connection, and one call after the other.
func Connected(ctx context.Context) context.Context {
	h := &hand{tasks: make(chan task, 1)}
	go h.serve()
	context.AfterFunc(ctx, func() { close(h.tasks) })
	return context.WithValue(ctx, handKey{}, h)
}

// handed gives every connection of a server a hand, until it is closed.
func handed(server *http.Server) {
	var all sync.Map // of net.Conn
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		h := &hand{tasks: make(chan task, 1)}
		all.Store(c, h)
		go h.serve()
		return context.WithValue(ctx, handKey{}, h)
	}
	server.ConnState = func(c net.Conn, state http.ConnState) {
		if state != http.StateClosed && state != http.StateHijacked {
			return
		}
		if h, ok := all.LoadAndDelete(c); ok {
			close(h.(*hand).tasks)
		}
	}
}
