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

// A port is what one part of the world listens on: its distance from the base port and its name for people.
type port struct {
	offset int
	name   string
}

// The ports of the world, in the order of their numbers.
var (
	portProduct    = port{0, "the product"}
	portReferrals  = port{1, "Partner Center referrals"}
	portWebhooks   = port{2, "Partner Center webhooks"}
	portLogin      = port{3, "sign-in"}
	portCertHost   = port{4, "certificates of webhook signatures"}
	portServiceBus = port{5, "Service Bus"}
	portDataverse  = port{6, "Dataverse"}
	portVault      = port{7, "Key Vault"}
	portTables     = port{8, "Table Storage"}
	portControl    = port{9, "control"}
	portAzurite    = port{10, "Azurite"}
	portBroker     = port{11, "control of the broker"}
	portHandler    = port{12, "the handler"}
)

// number is the port's number, 0 (any free one) when the world has no base.
func (p port) number(base int) int {
	if base == 0 {
		return 0
	}
	return base + p.offset
}

// listen opens the port on loopback.
func (p port) listen(base int) (net.Listener, error) {
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(p.number(base))))
	if err != nil {
		return nil, p.explain(base, err)
	}
	return l, nil
}

// reserve finds a number for a process of its own. The port is free when reserve returns; with a base
// the number is fixed and checked now, so that the message names the part and not the process.
func (p port) reserve(base int) (int, error) {
	l, err := p.listen(base)
	if err != nil {
		return 0, err
	}
	n := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return 0, fmt.Errorf("releasing port %d (%s): %w", n, p.name, err)
	}
	return n, nil
}

func (p port) explain(base int, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d (%s) is taken: choose another base with make run PORT=%d", p.number(base), p.name, otherBase(base))
	}
	return fmt.Errorf("opening port %d (%s): %w", p.number(base), p.name, err)
}

func otherBase(base int) int {
	if base+1000 > 65000 {
		return DefaultPort
	}
	return base + 1000
}
