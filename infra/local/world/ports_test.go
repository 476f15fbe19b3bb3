package world

import (
	"net"
	"strings"
	"testing"
)

// freeBase finds a base with all ports of a world free.
func freeBase(t *testing.T) int {
	t.Helper()
	for base := 21400; base < 60000; base += 100 {
		if o, err := openPorts(base); err == nil {
			o.close()
			return base
		}
	}
	t.Fatal("no range of free ports on this machine")
	return 0
}

func TestTakenPortIsNamedWithItsPartAndTheWayOut(t *testing.T) {
	base := freeBase(t)
	taken, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: base + int(portServiceBus)})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = openPorts(base)
	want := "(Service Bus) is taken: choose another base with make run PORT="
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("%v does not say %q", err, want)
	}
	taken.Close()
	o, err := openPorts(base)
	if err != nil {
		t.Fatalf("a refused start keeps ports: %v", err)
	}
	o.close()
}

func TestBaseOutOfRangeIsRefused(t *testing.T) {
	for _, base := range []int{-1, 65530} {
		if _, err := openPorts(base); err == nil {
			t.Errorf("base %d is accepted", base)
		}
	}
}

func TestEveryPortHasAName(t *testing.T) {
	seen := map[string]bool{}
	for p := range portCount {
		if p.String() == "" || seen[p.String()] {
			t.Errorf("port %d is called %q", p, p)
		}
		seen[p.String()] = true
	}
	if portServiceBus != 5 {
		t.Errorf("Service Bus is port %d of the world; readers know it as the fifth", portServiceBus)
	}
}
