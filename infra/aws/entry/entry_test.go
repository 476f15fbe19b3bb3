package entry

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/cosell-sync/cosell-sync/infra/aws/drain"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

// echo answers with what it was sent.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		funchost.Refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	funchost.Answer(w, http.StatusOK, map[string]any{"body": base64.StdEncoding.EncodeToString(body), "length": r.ContentLength,
		"tenant": r.PathValue("tenant"), "query": r.URL.RawQuery, "key": r.Header.Get("X-Cosell-Crm-Key")})
}

type told struct {
	flushed, connected int
	began, stopped     atomic.Int32 // what goes on beside a schedule's work
	ended              []string
	ticked             []string
	next               func(name queue.Name) (drain.Session, error)
}

func entryOf(t *testing.T) (*Entry, *told) {
	t.Helper()
	seen := &told{}
	functions := []funchost.Function{
		{Name: "partnercenterwebhook", Route: "partnercenterwebhook/{tenant?}", HTTP: http.HandlerFunc(echo)},
		{Name: "operator", Route: "operator/{*path}", MaxBody: 8 << 20, HTTP: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/panic"):
				panic("boom")
			case strings.HasSuffix(r.URL.Path, "/slow"):
				<-r.Context().Done()
				funchost.Refuse(w, http.StatusServiceUnavailable, "not now")
			default:
				funchost.Answer(w, http.StatusOK, struct{}{})
			}
		})},
		{Name: "crmtopartnercenter", QueueName: "opportunity-changed", Queue: func(context.Context, funchost.Delivery) error { return nil }},
		{Name: "reconcile", Timer: func(_ context.Context, tick funchost.Tick) error {
			seen.ticked = append(seen.ticked, tick.InvocationID)
			return nil
		}},
	}
	server := funchost.NewServer(functions, nil, funchost.Options{})
	e := &Entry{functions: functions, server: server, http: wrap(server), log: slog.New(slog.DiscardHandler), failed: map[string]bool{},
		flush: func(context.Context) { seen.flushed++ }, reconnect: func(context.Context) { seen.connected++ },
		beside: []func(context.Context){func(ctx context.Context) { seen.began.Add(1); <-ctx.Done(); seen.stopped.Add(1) }, func(ctx context.Context) { <-ctx.Done() }},
		ended: func(function string, _ time.Time, err error) {
			seen.ended = append(seen.ended, fmt.Sprint(function, " ", err))
		}}
	seen.next = func(queue.Name) (drain.Session, error) { return nil, nil }
	e.next = func(_ context.Context, name queue.Name, wait time.Duration) (drain.Session, error) {
		return seen.next(name)
	}
	return e, seen
}

// invoked is one invocation of five minutes, as the runtime client makes it.
func invoked(t *testing.T, e *Entry, event any) (any, error) {
	t.Helper()
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "aws-1"}), 5*time.Minute)
	defer cancel()
	return e.Invoke(ctx, text)
}

func call(method, path, body string) events.LambdaFunctionURLRequest {
	return events.LambdaFunctionURLRequest{Version: "2.0", RawPath: path, Body: body, Headers: map[string]string{"content-type": "application/json"},
		RequestContext: events.LambdaFunctionURLRequestContext{DomainName: "abc.lambda-url.eu-west-1.on.aws",
			HTTP: events.LambdaFunctionURLRequestContextHTTPDescription{Method: method, Path: path}}}
}

// answered reads an answer as the runtime client sends it: a head in JSON, eight zero bytes, the body.
func answered(t *testing.T, out any, err error) (head struct {
	StatusCode int
	Headers    map[string]string
}, body []byte) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(out); err == nil {
		t.Fatal("the runtime client would send this as JSON, not as a stream")
	}
	text, err := io.ReadAll(out.(io.Reader))
	if err != nil {
		t.Fatal(err)
	}
	first, rest, ok := bytes.Cut(text, make([]byte, 8))
	if err := json.Unmarshal(first, &head); err != nil || !ok {
		t.Fatalf("%q: %v", first, err)
	}
	if err := out.(io.Closer).Close(); err != nil {
		t.Error(err)
	}
	return head, rest
}

func TestBodyReachesTheFunctionByteForByte(t *testing.T) {
	e, seen := entryOf(t)
	for name, c := range map[string]struct {
		sent    []byte
		encoded bool
	}{
		"text":           {[]byte("{\"a\": \"\u00e9 \\u0000 \u2028\"}\r\n"), false},
		"binary":         {[]byte{0, 255, 254, '{', '\r', '\n', 200}, true},
		"text in base64": {[]byte(`{"a":1}`), true},
		"nothing":        {nil, false},
	} {
		in := call("POST", "/api/partnercenterwebhook/acme", string(c.sent))
		in.RawQueryString, in.Headers["x-cosell-crm-key"] = "a=1&a=2", "k"
		if c.encoded {
			in.Body, in.IsBase64Encoded = base64.StdEncoding.EncodeToString(c.sent), true
		}
		out, err := invoked(t, e, in)
		head, body := answered(t, out, err)
		var got struct {
			Body               []byte
			Length             int
			Tenant, Query, Key string
		}
		if err := json.Unmarshal(body, &got); err != nil || head.StatusCode != 200 || head.Headers["Content-Type"] != "application/json" {
			t.Fatalf("%s: %+v %s", name, head, body)
		}
		if !bytes.Equal(got.Body, c.sent) || got.Length != len(c.sent) || got.Tenant != "acme" || got.Query != "a=1&a=2" || got.Key != "k" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if seen.flushed != 4 {
		t.Errorf("notes were written %d times", seen.flushed)
	}
}

func TestLimitOfTheBodyHoldsInBothEncodings(t *testing.T) {
	e, _ := entryOf(t)
	large := strings.Repeat("x", 64<<10+1)
	for _, encoded := range []bool{false, true} {
		for text, want := range map[string]int{large: http.StatusRequestEntityTooLarge, large[1:]: http.StatusOK} {
			in := call("POST", "/api/partnercenterwebhook", text)
			if encoded {
				in.Body, in.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(text)), true
			}
			out, err := invoked(t, e, in)
			if head, _ := answered(t, out, err); head.StatusCode != want || head.Headers["Connection"] != "" {
				t.Errorf("base64 %v, %d bytes: %+v", encoded, len(text), head)
			}
		}
	}
}

func TestCallsThatCannotBeServedAreAnsweredAndNeverFailTheInvocation(t *testing.T) {
	e, _ := entryOf(t)
	broken := call("POST", "/api/partnercenterwebhook", "no base64!")
	broken.IsBase64Encoded = true
	method := call("PO ST", "/api/partnercenterwebhook", "")
	bare := call("GET", "/api/operator/x", "")
	bare.Headers = nil
	for name, c := range map[string]struct {
		in   events.LambdaFunctionURLRequest
		want int
	}{
		"no such path":  {call("GET", "/api/nothing", ""), 404},
		"broken escape": {call("GET", "/api/%zz", ""), 400},
		"no path":       {call("GET", "", ""), 400},
		"another host":  {call("GET", "//evil.example/api/operator/x", ""), 404},
		"broken body":   {broken, 400},
		"broken method": {method, 400},
		"no headers":    {bare, 200},
		"a panic":       {call("GET", "/api/operator/panic", ""), 500},
		"queue by name": {call("POST", "/crmtopartnercenter", "{}"), 404},
	} {
		out, err := invoked(t, e, c.in)
		if head, body := answered(t, out, err); head.StatusCode != c.want || len(body) == 0 {
			t.Errorf("%s: %+v %s", name, head, body)
		}
	}
}

func TestSlowCallIsAnsweredBeforeLambdaEndsTheProcess(t *testing.T) {
	e, _ := entryOf(t)
	text, _ := json.Marshal(call("GET", "/api/operator/slow", ""))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	out, err := e.Invoke(ctx, text)
	if head, _ := answered(t, out, err); head.StatusCode != 503 || ctx.Err() != nil {
		t.Errorf("%+v, %v", head, ctx.Err())
	}
}

func TestEnvelopesAreNotTakenFromTheOutside(t *testing.T) {
	// A Functions host posts envelopes to /<function>; over a Function URL anybody could.
	e, seen := entryOf(t)
	for _, path := range []string{"/reconcile", "//reconcile", "/%72econcile", "/api/../reconcile"} {
		out, err := invoked(t, e, call("POST", path, `{"Data":{"tick":{}},"Metadata":{}}`))
		if head, _ := answered(t, out, err); head.StatusCode != 404 || len(seen.ticked) != 0 {
			t.Errorf("%s: %+v, ticked %v", path, head, seen.ticked)
		}
	}
}

func TestScheduleDoesWhatItNames(t *testing.T) {
	e, seen := entryOf(t)
	out, err := invoked(t, e, map[string]any{"functions": []string{"crmtopartnercenter", "reconcile"}})
	if err != nil || !slices.Equal(seen.ticked, []string{"aws-1"}) || seen.flushed != 1 || seen.began.Load() != 1 || seen.stopped.Load() != 1 {
		t.Fatalf("%v %+v", err, seen)
	}
	if text, err := json.Marshal(out); err != nil || string(text) != `{"messages":0,"returned":0}` {
		t.Errorf("%s %v", text, err)
	}
}

func TestEventsThatAreNobodysFail(t *testing.T) {
	e, seen := entryOf(t)
	for name, event := range map[string]any{
		"nothing":         map[string]any{},
		"no object":       "x",
		"no function":     map[string]any{"functions": []string{}},
		"unknown":         map[string]any{"functions": []string{"nothing"}},
		"an HTTP one":     map[string]any{"functions": []string{"operator"}},
		"misspelt":        map[string]any{"function": "reconcile"},
		"no length":       map[string]any{"functions": []string{"reconcile"}, "stay": "soon"},
		"too long":        map[string]any{"functions": []string{"reconcile"}, "stay": "1h"},
		"EventBridge":     events.EventBridgeEvent{DetailType: "Scheduled Event"},
		"a REST API":      events.APIGatewayProxyRequest{Path: "/api/health"},
		"another version": map[string]any{"version": "1.0", "requestContext": map[string]any{"http": map[string]any{}}},
	} {
		if out, err := invoked(t, e, event); err == nil {
			t.Errorf("%s: %v", name, out)
		}
	}
	if len(seen.ticked) != 0 {
		t.Errorf("ticked %v", seen.ticked)
	}
}

func TestHealthHearsOfAQueueThatCannotBeReadUntilItCan(t *testing.T) {
	e, seen := entryOf(t)
	schedule := map[string]any{"functions": []string{"crmtopartnercenter"}}
	for i, failure := range []error{nil, errors.New("no right"), nil, nil} {
		seen.next = func(queue.Name) (drain.Session, error) { return nil, failure }
		if _, err := invoked(t, e, schedule); (err != nil) != (failure != nil) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if want := []string{"crmtopartnercenter no right", "crmtopartnercenter <nil>"}; !slices.Equal(seen.ended, want) {
		t.Errorf("told %q", seen.ended)
	}
}

func TestConnectionsAreMadeAnewAfterALongStandStill(t *testing.T) {
	e, seen := entryOf(t)
	for _, slept := range []time.Duration{0, time.Second, 2 * restTime} {
		if slept > 0 {
			e.slept.Store(time.Now().Add(-slept).UnixNano())
		}
		out, err := invoked(t, e, call("GET", "/api/operator/x", ""))
		answered(t, out, err)
	}
	if seen.connected != 1 {
		t.Errorf("%d new connections", seen.connected)
	}
}
