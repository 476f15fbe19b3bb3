package emulators

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

func expire(t testing.TB, b *Broker, what, queue string) int {
	t.Helper()
	var out struct{ Expired int }
	callControl(t, b, "POST", "/expire", map[string]string{"what": what, "queue": queue}, &out)
	return out.Expired
}

// The first worker still runs when the message is given to a second: its lock has run out.
func TestLockThatRunsOutGivesTheMessageToASecondWorker(t *testing.T) {
	b := ownBroker(t, BrokerOptions{Queues: []Queue{{Name: "q"}}})
	client := clientFor(t, b.ConnectionString())
	send(t, client, "q", text("a"))
	r := newReceiver(t, client, "q", nil)
	first := receiveOne(t, r)
	if n := expire(t, b, "locks", "q"); n != 1 {
		t.Errorf("%d locks ran out", n)
	}
	second := receiveOne(t, r)
	if second.DeliveryCount != 2 {
		t.Errorf("delivery %d", second.DeliveryCount)
	}
	wantCode(t, r.CompleteMessage(within(t), first, nil), azservicebus.CodeLockLost)
	must(t, r.CompleteMessage(within(t), second, nil))
}

func TestSessionLockThatRunsOutGivesTheSessionToASecondWorker(t *testing.T) {
	b := ownBroker(t, BrokerOptions{Queues: []Queue{{Name: "q", RequiresSession: true}}})
	client := clientFor(t, b.ConnectionString())
	send(t, client, "q", inSession("s", "1"), inSession("s", "2"))
	first := acceptNext(t, client, "q")
	m := receiveOne(t, first)
	if n := expire(t, b, "locks", "q"); n == 0 {
		t.Error("no lock ran out")
	}
	second := acceptNext(t, client, "q")
	if got := receiveOne(t, second); string(got.Body) != "1" || got.DeliveryCount != 2 {
		t.Errorf("%q, delivery %d", got.Body, got.DeliveryCount)
	}
	if err := first.CompleteMessage(within(t), m, nil); err == nil {
		t.Error("the first worker still completes")
	}
}

func TestIdleLinksAreDetachedAndClientsRecover(t *testing.T) {
	b := ownBroker(t, BrokerOptions{Queues: []Queue{{Name: "q"}, {Name: "other"}}})
	client := clientFor(t, b.ConnectionString())
	s, err := client.NewSender("q", nil)
	must(t, err)
	must(t, s.SendMessage(within(t), text("a"), nil))
	r := newReceiver(t, client, "q", nil)
	held := receiveOne(t, r)
	if n := expire(t, b, "links", "q"); n != 1 {
		t.Errorf("%d links were idle instead of the sender's alone: the receiver holds a message", n)
	}
	must(t, s.SendMessage(within(t), text("b"), nil)) // over a new link
	must(t, r.CompleteMessage(within(t), held, nil))
	if n := expire(t, b, "links", "other"); n != 0 {
		t.Errorf("%d links to a queue that nobody uses", n)
	}
	if n := expire(t, b, "links", "q"); n != 2 {
		t.Errorf("%d links were idle instead of both", n)
	}
	eventually(t, "the receiver has a new link", func() bool {
		got, err := r.ReceiveMessages(within(t), 1, nil)
		return err == nil && len(got) == 1 && string(got[0].Body) == "b"
	})
}

func TestFrozenBrokerAnswersLateAndLosesNothing(t *testing.T) {
	b := ownBroker(t, BrokerOptions{Queues: []Queue{{Name: "q"}}})
	client := clientFor(t, b.ConnectionString())
	send(t, client, "q", text("a"))
	began := time.Now()
	callControl(t, b, "POST", "/freeze", map[string]string{"for": "600ms"}, nil)
	var frozen bool
	eventually(t, "the broker comes back", func() bool {
		asked := time.Now()
		var all map[string]counts
		callControl(t, b, "GET", "/queues", nil, &all)
		frozen = frozen || time.Since(asked) > 400*time.Millisecond
		return time.Since(began) > 700*time.Millisecond
	})
	if !frozen {
		t.Error("it answered all the time")
	}
	wantBody(t, receiveOne(t, newReceiver(t, client, "q", nil)), "a")
}

func TestFaultOfOneMessageByItsContent(t *testing.T) {
	b := ownBroker(t, BrokerOptions{Queues: []Queue{{Name: "q"}}})
	client := clientFor(t, b.ConnectionString())
	callControl(t, b, "POST", "/faults", control.Fault{Match: control.Match{Method: "send", Body: `"id":"2"`}, Do: "status", Status: 403}, nil)
	s, err := client.NewSender("q", nil)
	must(t, err)
	must(t, s.SendMessage(within(t), text(`{"id":"1"}`), nil))
	if err := s.SendMessage(within(t), text(`{"id":"2"}`), nil); err == nil {
		t.Error("the second is taken")
	}
}

func TestWrongExpireAndFreezeAreExplained(t *testing.T) {
	for path, bodies := range map[string][]any{
		"/expire": {map[string]any{}, map[string]any{"what": "all"}, map[string]any{"what": "locks", "queue": "nowhere"}, map[string]any{"which": "locks"}},
		"/freeze": {map[string]any{}, map[string]any{"for": "11m"}, map[string]any{"for": "soon"}},
	} {
		for _, body := range bodies {
			if status, answer := controlRaw(t, broker, "POST", path, body); status != http.StatusBadRequest || !strings.Contains(string(answer), "error") {
				t.Errorf("%s %v: %d %s", path, body, status, answer)
			}
		}
	}
}
