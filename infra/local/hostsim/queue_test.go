package hostsim

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const queueFunction = `{"bindings":[{"type":"serviceBusTrigger","direction":"in","name":"msg","queueName":"q","connection":"ServiceBus","isSessionsEnabled":%t,"dataType":%q}]}`

func queueApp(function, serviceBus, dataType string, sessions bool) map[string]string {
	return map[string]string{
		"host.json":                 `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}},"extensions":{"serviceBus":{` + serviceBus + `}}}`,
		function + "/function.json": fmt.Sprintf(queueFunction, sessions, dataType),
	}
}

// pumping starts a host whose queue is q.
func pumping(t *testing.T, rec *recorder, q source, opt Options, files map[string]string) *Host {
	t.Helper()
	opt.Settings = map[string]string{"ServiceBus": "Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=v"}
	opt.open = func(string, string, bool) (source, error) { return q, nil }
	h, _ := attach(t, rec, opt, files)
	return h
}

func TestSessionIsHeldForItsIdleTimeThenGivenBack(t *testing.T) {
	q, rec := newFakeQueue(), newRecorder(t)
	rec.answerText(emptyAnswer)
	began := time.Now()
	pumping(t, rec, q, Options{}, queueApp("f", `"maxConcurrentSessions":1,"sessionIdleTimeout":"00:00:00.3"`, "binary", true))
	q.send("a", "a1")
	q.send("b", "b1")
	eventually(t, func() bool { return len(q.done()) == 1 })
	q.send("a", "a2") // within the idle time: the same link takes it, before session b
	eventually(t, func() bool { return len(q.done()) == 3 })
	if d := cmp.Diff([]string{"complete a1", "complete a2", "complete b1"}, q.done()); d != "" {
		t.Error(d)
	}
	if q.most != 1 || q.accepts != 2 || time.Since(began) < 300*time.Millisecond {
		t.Errorf("%d sessions at a time, %d accepted, %s", q.most, q.accepts, time.Since(began))
	}
}

func TestSessionsRunSideBySideUpToTheLimit(t *testing.T) {
	q, rec := newFakeQueue(), newRecorder(t)
	rec.answerText(emptyAnswer)
	for i := range 300 {
		q.send(fmt.Sprint("s", i), fmt.Sprint("m", i))
	}
	began := time.Now()
	pumping(t, rec, q, Options{}, queueApp("f", `"maxConcurrentSessions":64,"sessionIdleTimeout":"00:00:00.2"`, "binary", true))
	eventually(t, func() bool { return len(q.done()) == 300 })
	if took := time.Since(began); q.most != 64 || took < 4*200*time.Millisecond {
		t.Errorf("%d sessions at a time (limit 64), %s for five rounds of 0.2 s idle time", q.most, took)
	}
}

func TestFailedMessageIsAbandonedAndReadAgainAtOnce(t *testing.T) {
	q, rec := newFakeQueue(), newRecorder(t)
	rec.answerText("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")
	h := pumping(t, rec, q, Options{}, queueApp("f", `"sessionIdleTimeout":"00:00:00.2"`, "binary", true))
	q.send("a", "a1")
	eventually(t, func() bool { return len(q.done()) == 10 })
	if q.accepts != 1 || q.dead != 1 || len(rec.requests()) != 10 {
		t.Errorf("%d links, %d dead, %d requests: recorded one link, the same message until maxDeliveryCount", q.accepts, q.dead, len(rec.requests()))
	}
	for i, s := range rec.requests() {
		if !strings.Contains(string(s.body), fmt.Sprintf(`"DeliveryCount":"%d"`, i+1)) {
			t.Errorf("delivery %d: %s", i+1, s.body)
		}
	}
	eventually(t, func() bool { return h.Busy() == 0 })
}

func TestLockIsRenewedAndALostLockEndsTheLink(t *testing.T) {
	q, rec := newFakeQueue(), newRecorder(t)
	q.locks = time.Second
	release := make(chan struct{})
	rec.script(func(c net.Conn, _ *bufio.Reader, _ *seen) bool {
		<-release
		_, err := io.WriteString(c, emptyAnswer)
		return err == nil
	})
	pumping(t, rec, q, Options{}, queueApp("f", `"sessionIdleTimeout":"01:00:00"`, "binary", true))
	q.send("a", "a1")
	eventually(t, func() bool { q.mu.Lock(); defer q.mu.Unlock(); return q.renews > 1 })
	q.mu.Lock()
	q.lost = true
	q.mu.Unlock()
	close(release)
	eventually(t, func() bool { q.mu.Lock(); defer q.mu.Unlock(); return len(q.held) == 0 })
}

func TestQueueWithoutSessionsRunsCallsSideBySide(t *testing.T) {
	rec := newRecorder(t)
	inside := make(chan struct{}, 100)
	release := make(chan struct{})
	rec.script(func(c net.Conn, _ *bufio.Reader, _ *seen) bool {
		inside <- struct{}{}
		<-release
		_, err := io.WriteString(c, emptyAnswer)
		return err == nil
	})
	q := &flatQueue{ready: make(chan *message, 100), out: make(chan string, 100)}
	for i := range 10 {
		q.ready <- &message{messageID: fmt.Sprint(i)}
	}
	h := pumping(t, rec, q, Options{}, queueApp("f", `"maxConcurrentCalls":4`, "binary", false))
	for range 4 {
		<-inside
	}
	wait(t.Context(), 30*time.Millisecond)
	if h.Busy() != 4 {
		t.Errorf("%d at a time, limit 4", h.Busy())
	}
	close(release)
	for range 10 {
		if s := <-q.out; !strings.HasPrefix(s, "complete") {
			t.Error(s)
		}
	}
}

// recordedMessage builds the message of a recording.
func recordedMessage(t *testing.T, given map[string]any) *message {
	t.Helper()
	list, _ := given["messages"].([]any)
	raw, _ := list[0].(map[string]any)
	text := func(name string) *string {
		if s, ok := raw[name].(string); ok {
			return &s
		}
		return nil
	}
	m := &message{
		sequence: 42, deliveries: 1, enqueued: parseNet(t, "2026-11-22T08:00:00.1234567Z"), expires: parseNet(t, "2026-12-06T08:00:00.1234567Z"),
		contentType: text("ContentType"), replyTo: text("ReplyTo"), to: text("To"), subject: text("Subject"), correlationID: text("CorrelationId"),
		sessionID: text("SessionId"), replyToSessionID: text("ReplyToSessionId"), partitionKey: text("PartitionKey"),
		transactionKey: text("TransactionPartitionKey"), messageID: textAt(raw, "MessageId"), properties: map[string]any{},
	}
	token := []byte{0x7e, 0xbe, 0x3b, 0xcf, 0xba, 0xe7, 0x45, 0x5e, 0x99, 0xea, 0x56, 0x85, 0x00, 0xa7, 0x51, 0x73}
	copy(m.lockToken[:], token)
	if n, ok := raw["SequenceNumber"].(json.Number); ok {
		m.sequence, _ = n.Int64()
	}
	if n, ok := raw["DeliveryCount"].(json.Number); ok {
		d, _ := n.Int64()
		m.deliveries = int(d)
	}
	if at := textAt(raw, "EnqueuedTime"); at != "" {
		m.enqueued = parseNet(t, at)
	}
	switch at := textAt(raw, "ExpiresAt"); at {
	case "":
	case "max":
		m.expires = time.Time{}
	default:
		m.expires = parseNet(t, at)
	}
	m.body = []byte(textAt(raw, "body"))
	for _, name := range []string{"body_base64", "bodyB64", "b64", "body_b64"} {
		if b64, ok := raw[name].(string); ok {
			m.body, _ = base64.StdEncoding.DecodeString(b64)
		}
	}
	props, _ := raw["props"].(map[string]any)
	for name, p := range props {
		m.properties[name] = property(t, p)
	}
	return m
}

// property is the Go value that the real client gives for a .NET type; types that AMQP does not know are
// taken by their text.
func property(t *testing.T, p any) any {
	t.Helper()
	v := p.(map[string]any)["v"]
	n, _ := v.(json.Number)
	switch kind := textAt(p, "t"); kind {
	case "int":
		i, _ := n.Int64()
		return int32(i)
	case "long":
		i, _ := n.Int64()
		return i
	case "double", "decimal":
		f, _ := n.Float64()
		return f
	case "datetime":
		return parseNet(t, v.(string))
	case "bytes":
		data, err := base64.StdEncoding.DecodeString(v.(string))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	return v
}

func TestServiceBusRequestsReachTheHandlerAsRecorded(t *testing.T) {
	cases := recording(t, "servicebus-requests")
	const many = "cardinality many is refused at start"
	skip := leftOut{
		"default-many/two-messages": many, "default-many/one-message": many, "string-many/two-messages": many, "string-many/one-message": many,
		"binary-many/two-messages": many, "binary-many/one-message": many, "default-many/two-json": many, "default-many/scalar-json": many,
		"default/amqp-value-string-body": "the client hands over data bodies only; we send no others",
	}
	skip.check(t, cases)
	for _, c := range cases {
		name := textAt(c, "case")
		if skip[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			given, _ := c["given"].(map[string]any)
			want, _ := c["request"].(map[string]any)
			rec := newRecorder(t)
			rec.answerText(emptyAnswer)
			m := recordedMessage(t, given)
			var q source
			function := textAt(given, "function")
			sessions := strings.HasPrefix(name, "session")
			if sessions {
				q = &oneSession{flatQueue{ready: make(chan *message, 1), out: make(chan string, 1)}}
				q.(*oneSession).ready <- m
			} else {
				q = &flatQueue{ready: make(chan *message, 1), out: make(chan string, 1)}
				q.(*flatQueue).ready <- m
			}
			dataType := textAt(given, "binding", "dataType")
			if sessions {
				dataType = "binary"
			}
			pumping(t, rec, q, Options{}, queueApp(function, `"sessionIdleTimeout":"01:00:00"`, dataType, sessions))
			eventually(t, func() bool { return len(rec.requests()) == 1 })
			compareRequest(t, want, rec.requests())
		})
	}
}

func TestServiceBusAnswersAreInterpretedAsRecorded(t *testing.T) {
	cases := recording(t, "answers-service-bus")
	skip := leftOut{"slow-3s": "a handler that takes three seconds; nothing but waiting differs from 200-empty-object"}
	skip.check(t, cases)
	for _, c := range cases {
		name := textAt(c, "case")
		if skip[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := newRecorder(t)
			a, _ := c["answer"].(map[string]any)
			play(rec, a)
			log := &lines{}
			q := &flatQueue{ready: make(chan *message, 1), out: make(chan string, 1)}
			h := pumping(t, rec, q, Options{Log: log}, queueApp("sbBinary", "", "binary", false))
			outcome, _ := c["outcome"].(map[string]any)
			q.ready <- &message{messageID: "m"}
			want := "abandon m"
			switch {
			case outcome["completed"] != true:
				eventually(t, func() bool { return len(rec.requests()) == 1 && h.Busy() == 1 })
				wait(t.Context(), 50*time.Millisecond)
				if h.Busy() != 1 {
					t.Error("the invocation completed; recorded: it never does")
				}
				return
			case outcome["succeeded"] == true:
				want = "complete m"
			}
			if have := <-q.out; have != want {
				t.Errorf("%s, recorded %s\n%s", have, want, log)
			}
			seen, _ := outcome["requests_seen"].([]any)
			checkSeen(t, seen, rec.requests())
			userLines, _ := outcome["user_log_lines"].([]any)
			for _, l := range userLines {
				if line := "[Information] " + textAt(l, "text"); !strings.Contains(log.String(), line+"\n") {
					t.Errorf("no line %q", line)
				}
			}
		})
	}
}

func TestAnAnswerWithoutAnObjectNeverCompletes(t *testing.T) {
	rec := newRecorder(t)
	rec.answerText("HTTP/1.1 204 No Content\r\n\r\n")
	q := &flatQueue{ready: make(chan *message, 1), out: make(chan string, 1)}
	h := pumping(t, rec, q, Options{FunctionTimeout: 150 * time.Millisecond, TimeoutGrace: time.Millisecond}, queueApp("f", "", "binary", false))
	began := time.Now()
	q.ready <- &message{messageID: "m"}
	if have := <-q.out; have != "abandon m" || time.Since(began) < 150*time.Millisecond {
		t.Errorf("%s after %s", have, time.Since(began))
	}
	eventually(t, func() bool { return h.Busy() == 0 })
}

func TestOutputThatIsNotSimulatedFailsTheInvocation(t *testing.T) {
	r := &result{outputs: newObject().put("out", "m")}
	f := &function{outputs: []binding{{Type: "queue", Name: "out", Direction: "out"}}}
	if err := r.settle(f); err == nil || !strings.Contains(err.Error(), `output "out"`) {
		t.Error(err)
	}
	if err := errors.Join((&result{}).settle(f)); err != nil {
		t.Error(err)
	}
}
