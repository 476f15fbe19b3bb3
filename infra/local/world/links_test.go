package world

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
	"github.com/cosell-sync/cosell-sync/infra/local/link"
)

func TestNetworkBetweenTheParts(t *testing.T) {
	w := standing(t)
	c, ctx := table(t, w), t.Context()
	host := w.Local().Host.Control
	set := func(l control.Link, want int) string {
		t.Helper()
		status, answer := ask(t, http.MethodPost, host+"/link", l)
		if status != want {
			t.Fatalf("%+v: %d %v", l, status, answer)
		}
		said, _ := answer["error"].(string)
		return said
	}
	calm := func() {
		t.Helper()
		if status, answer := ask(t, http.MethodDelete, host+"/link", nil); status != http.StatusOK {
			t.Fatalf("%d %v", status, answer)
		}
	}

	set(control.Link{Part: "tables", Fault: link.Reset}, http.StatusOK)
	if _, err := c.UpsertEntity(ctx, row("one"), nil); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, net.ErrClosed) {
		t.Errorf("reset: %v", err)
	}
	calm()
	if _, err := c.UpsertEntity(ctx, row("two"), nil); err != nil {
		t.Errorf("calm again: %v", err)
	}

	at := &control.KillAfter{Host: hostTables, Method: http.MethodPatch}
	set(control.Link{Part: "tables", Fault: link.Reset, Times: 1, After: at}, http.StatusOK)
	if _, err := c.UpsertEntity(ctx, row("three"), nil); err == nil {
		t.Error("the answer came")
	}
	if got, err := c.GetEntity(ctx, "p", "r", nil); err != nil || !strings.Contains(string(got.Value), "three") {
		t.Errorf("the call whose answer was lost was not worked on: %s, %v", got.Value, err)
	}
	set(control.Link{Part: "tables", Fault: link.Reset, After: at}, http.StatusOK)
	calm()
	if _, err := c.UpsertEntity(ctx, row("four"), nil); err != nil {
		t.Errorf("what was disarmed came: %v", err)
	}

	set(control.Link{Part: "servicebus", Fault: link.Reset, Times: 1}, http.StatusOK)
	if got, err := greetBroker(t, w); err == nil {
		t.Errorf("the broker answered %q", got)
	}
	if got, err := greetBroker(t, w); err != nil || !strings.HasPrefix(got, "AMQP") {
		t.Errorf("calm again, the broker answers %q, %v", got, err)
	}
	for says, wrong := range map[string]control.Link{
		"part": {Part: "host", Fault: link.Cut}, "use one of": {Part: "vault", Fault: "rain"}, "for": {Part: "vault", Fault: link.Cut, For: "11m"},
		"delay": {Part: "vault", Fault: link.Latency}, "after.host": {Part: "vault", Fault: link.Cut, After: &control.KillAfter{Host: "elsewhere"}},
	} {
		if said := set(wrong, http.StatusBadRequest); !strings.Contains(said, says) {
			t.Errorf("%+v: %s", wrong, said)
		}
	}
	if status, answer := ask(t, http.MethodGet, host+"/link", nil); status != http.StatusOK || len(answer) != len(w.links) {
		t.Errorf("%d %v", status, answer)
	}
}

// greetBroker opens a connection to the broker as any client does, and gives its answer.
// https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-security-v1.0-os.html
func greetBroker(t *testing.T, w *World) (string, error) {
	t.Helper()
	c, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", w.ports.number[portServiceBus]))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer := make([]byte, 8)
	_, err = io.WriteString(c, "AMQP\x03\x01\x00\x00")
	if err == nil {
		_, err = io.ReadFull(c, answer)
	}
	return string(answer), err
}
