package link

import (
	"io"
	"net"
	"sync"
)

// Forward passes what a listener accepts on to a program at an address, until the listener is closed. It returns when the
// last connection has ended. A program that does not answer lets its callers find a closed connection.
func Forward(l net.Listener, address string) {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		caller, err := l.Accept()
		if err != nil {
			return
		}
		all.Go(func() { forward(caller, address) })
	}
}

func forward(caller net.Conn, address string) {
	defer func() { _ = caller.Close() }()
	called, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = called.Close() }()
	var both sync.WaitGroup
	both.Go(func() { pass(called, caller) })
	pass(caller, called)
	both.Wait()
}

// pass copies one direction. Where it ends, for whatever reason, the other one ends, too: no part of this world goes on
// talking to somebody who has stopped.
func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from) // either end has closed it
	_ = to.Close()
	_ = from.Close()
}
