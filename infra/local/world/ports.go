package world

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// DefaultPort is the first of the ports that `make run` uses.
const DefaultPort = 7400

// port is what one part of the world listens on: its distance from the base port.
type port int

// The ports of the world. The last two belong to programs of their own.
const (
	portProduct port = iota
	portReferrals
	portWebhooks
	portLogin
	portCertificate
	portServiceBus
	portDataverse
	portVault
	portTables
	portControl
	portAzurite
	portBroker
	portCount
)

func (p port) String() string {
	return [...]string{"the product", "Partner Center referrals", "Partner Center webhooks", "sign-in", "signing certificate",
		"Service Bus", "Dataverse", "Key Vault", "Table Storage", "control", "Azurite", "control of the broker"}[p]
}

// foreign says whether a program of its own listens there. The broker itself takes any free port: its callers come by its
// link.
func (p port) foreign() bool { return p == portAzurite || p == portBroker }

// ports holds what the world listens on.
type ports struct {
	number    map[port]int // 0 for a program that may take any free port
	listeners map[port]net.Listener
}

// openPorts opens them all, or none. With base 0 each part takes a free port.
func openPorts(base int) (*ports, error) {
	if base < 0 || base+int(portCount) > 65536 {
		return nil, fmt.Errorf("port %d cannot be the first of %d ports: choose one below %d", base, portCount, 65536-int(portCount))
	}
	out := &ports{number: map[port]int{}, listeners: map[port]net.Listener{}}
	for p := range portCount {
		if err := out.open(p, base); err != nil {
			out.close()
			return nil, err
		}
	}
	return out, nil
}

func (o *ports) open(p port, base int) error {
	if base == 0 && p.foreign() {
		return nil
	}
	number := 0
	if base > 0 {
		number = base + int(p)
	}
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(number)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d (%s) is taken: choose another base with make run PORT=%d", number, p, otherBase(base))
	}
	if err != nil {
		return fmt.Errorf("opening port %d (%s): %w", number, p, err)
	}
	o.number[p] = l.Addr().(*net.TCPAddr).Port
	if p.foreign() { // opened only to see that it is free, and to name the part if not
		return l.Close()
	}
	o.listeners[p] = l
	return nil
}

func (o *ports) close() {
	for _, l := range o.listeners {
		_ = l.Close() // its server may have closed it before
	}
}

func otherBase(base int) int {
	if base+1000+int(portCount) > 65536 {
		return DefaultPort
	}
	return base + 1000
}
