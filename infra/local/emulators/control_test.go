package emulators

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

func historyOf(t testing.TB, queue string) []control.Entry {
	t.Helper()
	var all, out []control.Entry
	controlCall(t, "GET", "/history", nil, &all)
	for _, e := range all {
		if e.URL == "/"+queue {
			out = append(out, e)
		}
	}
	return out
}

func TestHistoryTellsEachOperation(t *testing.T) {
	client := newClient(t)
	id := "m-1"
	send(t, client, "history", &azservicebus.Message{Body: []byte("hello"), MessageID: &id, ApplicationProperties: map[string]any{"n": int64(3)}})
	r := newReceiver(t, client, "history", nil)
	must(t, r.AbandonMessage(within(t), receiveOne(t, r), nil))
	must(t, r.CompleteMessage(within(t), receiveOne(t, r), nil))
	var did []string
	entries := historyOf(t, "history")
	for _, e := range entries {
		did = append(did, e.Method)
		if e.RequestBody != "hello" || e.RequestHeaders["message-id"] != id || e.RequestHeaders["n"] != "3" || e.Status != 200 {
			t.Errorf("entry %+v", e)
		}
	}
	if got := strings.Join(did, " "); got != "send receive abandon receive complete" {
		t.Errorf("history: %s", got)
	}
	var later []control.Entry
	controlCall(t, "GET", "/history?since=1", nil, &later)
	if later[0].N != 2 {
		t.Errorf("the entry after number 1 has number %d", later[0].N)
	}
}

func TestPendingCountsWhatIsStillToBeDone(t *testing.T) {
	b := ownBroker(t, BrokerOptions{Queues: []Queue{{Name: "q"}}})
	client := clientFor(t, b.ConnectionString())
	send(t, client, "q", text("active"), scheduled("soon", 20*time.Second), scheduled("later", time.Hour))
	count := func(within string, want int) {
		t.Helper()
		var out struct{ Pending int }
		callControl(t, b, "GET", "/pending?within="+within, nil, &out)
		if out.Pending != want {
			t.Errorf("within %s: %d pending, want %d", within, out.Pending, want)
		}
	}
	count("30s", 2)
	count("0s", 1)
	count("2h", 3)
	r := newReceiver(t, client, "q", nil)
	m := receiveOne(t, r)
	count("0s", 1) // locked
	must(t, r.CompleteMessage(within(t), m, nil))
	count("0s", 0)
	callControl(t, b, "POST", "/reset", map[string]any{}, nil)
	count("2h", 0)
}

func TestResetDropsLockedAndWaitingMessages(t *testing.T) {
	b := ownBroker(t, BrokerOptions{Queues: []Queue{{Name: "q", RequiresSession: true}}})
	client := clientFor(t, b.ConnectionString())
	send(t, client, "q", inSession("a", "1"), inSession("b", "2"))
	r := acceptNext(t, client, "q")
	receiveOne(t, r)
	callControl(t, b, "POST", "/reset", map[string]any{}, nil)
	send(t, client, "q", inSession("b", "3"))
	wantBody(t, receiveOne(t, acceptNext(t, client, "q")), "3")
}

func TestRefusedSendIsToldToTheClient(t *testing.T) {
	client := newClient(t)
	s, err := client.NewSender("faults", nil)
	must(t, err)
	fault := control.Fault{Match: control.Match{Method: "send", URL: "/faults$"}, Do: "status", Status: 403, Times: 1}
	controlCall(t, "POST", "/faults", fault, nil)
	wantCondition(t, s.SendMessage(within(t), text("a"), nil), "amqp:resource-limit-exceeded")
	must(t, s.SendMessage(within(t), text("b"), nil))
	wantBody(t, receiveAndComplete(t, client, "faults"), "b")
}

func TestBusyBrokerIsTriedAgain(t *testing.T) {
	client := newClient(t)
	fault := control.Fault{Match: control.Match{Method: "send", URL: "/faults$"}, Do: "status", Status: 503, Times: 2}
	controlCall(t, "POST", "/faults", fault, nil)
	send(t, client, "faults", text("a"))
	wantBody(t, receiveAndComplete(t, client, "faults"), "a")
}

func TestCutConnectionIsHealed(t *testing.T) {
	client := newClient(t)
	controlCall(t, "POST", "/faults", control.Fault{Match: control.Match{Method: "send", URL: "/faults$"}, Do: "cut", Times: 1}, nil)
	send(t, client, "faults", text("a"))
	wantBody(t, receiveAndComplete(t, client, "faults"), "a")
	if c := queueCounts(t, "faults"); c != (counts{}) {
		t.Errorf("counts: %+v", c)
	}
}

func TestLostAnswerToASendDoublesTheMessage(t *testing.T) {
	client := newClient(t)
	controlCall(t, "POST", "/faults", control.Fault{Match: control.Match{Method: "send", URL: "/faults$"}, Do: "loseAnswer", Times: 1}, nil)
	send(t, client, "faults", text("a"))
	wantBody(t, receiveAndComplete(t, client, "faults"), "a")
	wantBody(t, receiveAndComplete(t, client, "faults"), "a")
}

func TestDelayedSendArrives(t *testing.T) {
	client := newClient(t)
	controlCall(t, "POST", "/faults", control.Fault{Match: control.Match{URL: "/faults$", Method: "send"}, Do: "delay", Delay: "150ms", Times: 1}, nil)
	began := time.Now()
	send(t, client, "faults", text("a"))
	if d := time.Since(began); d < 150*time.Millisecond {
		t.Errorf("sent after %v", d)
	}
	wantBody(t, receiveAndComplete(t, client, "faults"), "a")
	controlCall(t, "DELETE", "/faults", nil, nil)
}

func TestWrongControlCallsAreExplained(t *testing.T) {
	for _, c := range []struct {
		method, path string
		body         any
		status       int
		want         string
	}{
		{"POST", "/clock", map[string]string{"advnce": "1h"}, 400, `unknown member \"advnce\": use advance`},
		{"POST", "/clock", map[string]string{"advance": "soon"}, 400, `is not a duration such as`},
		{"POST", "/faults", map[string]any{"do": "explode"}, 400, `use status, delay, cut, loseAnswer`},
		{"POST", "/faults", map[string]any{"do": "cut", "match": map[string]string{"path": "x"}}, 400, `match.path`},
		{"POST", "/faults", map[string]any{"do": "status", "status": 200}, 400, `use 400 to 599`},
		{"POST", "/faults", map[string]any{"do": "cut", "match": map[string]string{"method": "POST"}}, 400, `match.method`},
		{"POST", "/faults", map[string]any{"do": "cut", "match": map[string]string{"method": "sendd"}}, 400, `use send, complete`},
		{"GET", "/history?since=x", nil, 400, `since=x is not a number`},
		{"GET", "/pending?until=3s", nil, 400, `use within`},
		{"POST", "/reset", map[string]string{"hard": "x"}, 400, `unknown member \"hard\"`},
		{"GET", "/records", nil, 404, `is not known: use GET /history`},
	} {
		status, answer := controlRaw(t, broker, c.method, c.path, c.body)
		if status != c.status || !strings.Contains(string(answer), `"error":`) || !strings.Contains(string(answer), c.want) {
			t.Errorf("%s %s %v: got %d %s, want %d with %s", c.method, c.path, c.body, status, answer, c.status, c.want)
		}
	}
}

func receiveAndComplete(t testing.TB, client *azservicebus.Client, queue string) *azservicebus.ReceivedMessage {
	t.Helper()
	r := newReceiver(t, client, queue, nil)
	m := receiveOne(t, r)
	must(t, r.CompleteMessage(within(t), m, nil))
	return m
}

func controlCall(t testing.TB, method, path string, body, into any) {
	t.Helper()
	callControl(t, broker, method, path, body, into)
}

// ownBroker is for tests that count or drop everything that a broker has.
func ownBroker(t testing.TB, o BrokerOptions) *Broker {
	t.Helper()
	o.Dir, o.Log = ".", os.Stderr
	b, err := StartBroker(within(t), o)
	must(t, err)
	t.Cleanup(b.Stop)
	return b
}

// The holder's connection is cut by the broker's side: its session must be free at once, not after its lock.
func TestCutConnectionFreesItsSessions(t *testing.T) {
	gone := newClient(t)
	send(t, gone, "mixed", inSession("s", "1"))
	held := acceptNext(t, gone, "mixed")
	m := receiveOne(t, held)
	controlCall(t, "POST", "/faults", control.Fault{Match: control.Match{Method: "complete", URL: "/mixed$"}, Do: "cut", Times: 1}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := held.CompleteMessage(ctx, m, nil); err == nil {
		t.Error("completed on a cut connection")
	}
	must(t, gone.Close(within(t)))
	wantBody(t, receiveOne(t, acceptNext(t, newClient(t), "mixed")), "1")
}
