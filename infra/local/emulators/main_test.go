package emulators

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
)

// testQueues are the queues of the one broker that all tests share: each test has its own.
func testQueues() []Queue {
	plain := []string{"send", "batch", "settle", "abandon", "deadletter", "schedule", "peek", "defer", "destructive", "size",
		"types", "faults", "javascript", "auth", "history"}
	sessions := []string{"named", "next", "order", "state", "many", "bursts", "fair", "returns", "session-deferred",
		"needs-session", "session-batch", "javascript-sessions", "listed", "mixed"}
	var out []Queue
	for _, name := range plain {
		out = append(out, Queue{Name: name, LockDuration: "PT1M", TTL: "P14D"})
	}
	for _, name := range sessions {
		out = append(out, Queue{Name: name, RequiresSession: true, LockDuration: "PT1M", TTL: "P14D"})
	}
	return append(out,
		Queue{Name: "short", LockDuration: "PT1S", MaxDeliveryCount: 3},
		Queue{Name: "short-renewed", LockDuration: "PT1S"},
		Queue{Name: "short-sessions", RequiresSession: true, LockDuration: "PT1S"},
		Queue{Name: "short-sessions-renewed", RequiresSession: true, LockDuration: "PT1S"},
		Queue{Name: "thrice", MaxDeliveryCount: 3},
	)
}

var broker *Broker

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx := context.Background()
	if err := Install(ctx, ".", os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var err error
	if broker, err = StartBroker(ctx, BrokerOptions{Dir: ".", Queues: testQueues(), Log: os.Stderr}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer broker.Stop()
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	return code
}

// within is how long any single test may take: generous, since nothing waits for it when all is well.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func newClient(t testing.TB) *azservicebus.Client {
	t.Helper()
	return clientFor(t, broker.ConnectionString())
}

func clientFor(t testing.TB, connectionString string) *azservicebus.Client {
	t.Helper()
	client, err := azservicebus.NewClientFromConnectionString(connectionString, &azservicebus.ClientOptions{
		RetryOptions: azservicebus.RetryOptions{MaxRetries: 2, RetryDelay: 20 * time.Millisecond, MaxRetryDelay: 100 * time.Millisecond},
	})
	must(t, err)
	t.Cleanup(func() { _ = client.Close(context.Background()) })
	return client
}

func newReceiver(t testing.TB, client *azservicebus.Client, queue string, o *azservicebus.ReceiverOptions) *azservicebus.Receiver {
	t.Helper()
	r, err := client.NewReceiverForQueue(queue, o)
	must(t, err)
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	return r
}

func deadLetters() *azservicebus.ReceiverOptions {
	return &azservicebus.ReceiverOptions{SubQueue: azservicebus.SubQueueDeadLetter}
}

func send(t testing.TB, client *azservicebus.Client, queue string, messages ...*azservicebus.Message) {
	t.Helper()
	s, err := client.NewSender(queue, nil)
	must(t, err)
	defer s.Close(context.Background())
	for _, m := range messages {
		must(t, s.SendMessage(within(t), m, nil))
	}
}

func text(body string) *azservicebus.Message { return &azservicebus.Message{Body: []byte(body)} }

func inSession(session, body string) *azservicebus.Message {
	return &azservicebus.Message{Body: []byte(body), SessionID: &session}
}

// messageReceiver is what plain and session receivers have in common.
type messageReceiver interface {
	ReceiveMessages(context.Context, int, *azservicebus.ReceiveMessagesOptions) ([]*azservicebus.ReceivedMessage, error)
}

func receiveOne(t testing.TB, r messageReceiver) *azservicebus.ReceivedMessage {
	t.Helper()
	got, err := r.ReceiveMessages(within(t), 1, nil)
	must(t, err)
	if len(got) != 1 {
		t.Fatalf("got %d messages, want 1", len(got))
	}
	return got[0]
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantBody(t testing.TB, m *azservicebus.ReceivedMessage, want string) {
	t.Helper()
	if string(m.Body) != want {
		t.Fatalf("got message %q, want %q", m.Body, want)
	}
}

func wantCode(t testing.TB, err error, want azservicebus.Code) {
	t.Helper()
	var e *azservicebus.Error
	if !errors.As(err, &e) || e.Code != want {
		t.Fatalf("got error %v, want code %s", err, want)
	}
}

type counts struct{ Active, Locked, Scheduled, DeadLettered int }

func queueCounts(t testing.TB, queue string) counts {
	t.Helper()
	var all map[string]counts
	callControl(t, broker, "GET", "/queues", nil, &all)
	c, ok := all[queue]
	if !ok {
		t.Fatalf("GET /queues does not know %s", queue)
	}
	return c
}

// eventually looks again and again until the condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	ctx := within(t)
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("it never came to be: %s", what)
		case <-tick.C:
		}
	}
}

// callControl makes a control call that must succeed.
func callControl(t testing.TB, b *Broker, method, path string, body, into any) {
	t.Helper()
	status, answer := controlRaw(t, b, method, path, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	if into != nil {
		must(t, json.Unmarshal(answer, into))
	}
}

func controlRaw(t testing.TB, b *Broker, method, path string, body any) (int, []byte) {
	t.Helper()
	encoded, err := json.Marshal(body)
	must(t, err)
	req, err := http.NewRequestWithContext(within(t), method, b.ControlURL()+path, bytes.NewReader(encoded))
	must(t, err)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp.StatusCode, answer
}
