package hostsim

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// httpAnswer builds the wire form of a recorded {status, headers, body} as the Node handler sent it.
func httpAnswer(a map[string]any, keepAlive bool) string {
	if raw, ok := a["raw"].(string); ok {
		return raw
	}
	body := []byte(textAt(a, "body"))
	if b64 := textAt(a, "b64"); b64 != "" {
		body, _ = base64.StdEncoding.DecodeString(b64)
	}
	status := textAt(a, "status")
	var code int
	_, _ = fmt.Sscan(status, &code)
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %s %s\r\n", status, reasonOf(code))
	headers, _ := a["headers"].(map[string]any)
	for name, v := range headers {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				fmt.Fprintf(&b, "%s: %s\r\n", name, one)
			}
		default:
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	if _, given := headers["Connection"]; keepAlive && !given {
		b.WriteString("Connection: keep-alive\r\nKeep-Alive: timeout=60\r\n")
	}
	switch {
	case a["trunc"] == true:
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body)+10, body)
	case a["chunked"] == true:
		fmt.Fprintf(&b, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	case code == 204 || code == 304:
		b.WriteString("\r\n")
	default:
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	}
	return b.String()
}

// reasonOf is the Node handler's phrase, where it differs from Go's.
func reasonOf(code int) string {
	if code == http.StatusRequestEntityTooLarge {
		return "Payload Too Large"
	}
	return http.StatusText(code)
}

// play makes the recorder give a recorded answer object.
func play(rec *recorder, a map[string]any) {
	text := httpAnswer(a, true)
	rec.script(func(c net.Conn, _ *bufio.Reader, s *seen) bool {
		switch {
		case s.path == "/elsewhere" || s.path == "/x":
			_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
			return err == nil
		case a["reset"] == true:
			return false
		case a["hang"] == true:
			_, _ = c.Read(make([]byte, 1))
			return false
		}
		if s.method == "HEAD" {
			_, err := io.WriteString(c, text[:strings.Index(text, "\r\n\r\n")+4])
			return err == nil
		}
		_, err := io.WriteString(c, text)
		return err == nil && a["trunc"] == nil && a["raw"] == nil
	})
}

// results collects how invocations ended.
func results(h *Host) []string {
	var out []string
	for _, e := range h.journal.since(0) {
		out = append(out, map[int]string{200: "Succeeded", 500: "Failed"}[e.Status])
	}
	return out
}

func TestForwardedAnswersReachTheCallerAsRecorded(t *testing.T) {
	cases := recording(t, "answers-forward")
	skip := leftOut{
		"slow-3s":          "a handler that takes three seconds; nothing but waiting differs from status-200",
		"large-answer-3MB": "the recording holds only the beginning; covered by TestLargeBodiesPassUnchanged",
	}
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
			h, addr := attach(t, rec, Options{Mode: ModeForward}, recordedApp(forwardFlag))
			outcome, _ := c["outcome"].(map[string]any)
			want, _ := outcome["requests_seen"].([]any)
			have := exchangeRaw(t, addr, callFor(textAt(c, "function"), want))
			compareAnswer(t, outcome["client_response"], have)
			checkSeen(t, want, rec.requests())
			eventually(t, func() bool { return len(results(h)) > 0 })
			if r := results(h); len(r) != 1 || r[0] != textAt(outcome, "invocation") {
				t.Errorf("invocations %v, recorded one %s", r, textAt(outcome, "invocation"))
			}
		})
	}
}

// callFor is a caller's request that leads to the recorded first request at the handler.
func callFor(function string, want []any) []byte {
	line := "GET /api/rest/x"
	if len(want) > 0 {
		line, _ = want[0].(string)
	}
	if path, known := map[string]string{"httpExtra": "/api/extra/7", "httpNoOut": "/api/noout"}[function]; known {
		line = "POST " + path
	}
	body := ""
	if strings.HasPrefix(line, "POST") {
		body = `{"a":1}`
	}
	raw := line + " HTTP/1.1\r\nHost: app.example\r\n"
	if body != "" {
		raw += fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	return []byte(raw + "\r\n" + body)
}

func checkSeen(t *testing.T, want []any, all []seen) {
	t.Helper()
	have := []any{}
	for _, s := range all {
		have = append(have, s.method+" "+s.path)
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Errorf("requests at the handler (- recorded, + ours)\n%s", d)
	}
}

func TestProxiedAnswersReachTheCallerAsRecorded(t *testing.T) {
	cases := recording(t, "answers-proxy")
	const own, told = "a test of its own in lifecycle_test.go or http_test.go", "told in words; covered by a test of its own in http_test.go"
	skip := leftOut{
		"headers-70kB": "the recording holds only the beginning; covered by TestLimitsOfTheHead", "header-40kB": "as headers-70kB",
		"large-answer-3MB": "the recording holds only the beginning; covered by TestLargeBodiesPassUnchanged", "large-answer-100MB": "as large-answer-3MB",
		"further-statuses-passed-through": told, "body-never-complete": told, "expect-100-handler-refuses-before-body": told,
		"answer-before-body-is-sent-caller-still-sending": told, "answer-before-chunked-body-is-complete": told,
		"caller-leaves-after-1s-of-3s": told, "caller-leaves-after-1s-of-3s-post": told, "caller-leaves-while-streaming": told,
		"caller-leaves-in-middle-of-chunked-body": told, "not-listening-for-1s-get": told, "not-listening-for-1s-post": told,
		"not-listening-for-6s-get": told, "chunked-post-connection-closed-before-answer": told,
		"post-after-handler-closed-the-idle-connection": told, "date-and-server-of-the-handler": told,
		"request-body-over-100MB-announced": told, "hundred-parallel-requests-each-1.5s": told, "ten-requests-one-after-another": told,
		"service-bus-trigger-in-the-same-app": "replayed with the Service Bus recordings, which show the same envelope",
		"handler-killed-once-get":             own, "handler-killed-once-post": own, "handler-killed-by-every-try-get": own,
		"function-timeout-8s-hanging-get": own, "function-timeout-8s-while-streaming": own, "request-while-handler-starts-4s": own,
		"request-body-chunked-110MB":                    told,
		"slow-answers-and-240s-limit":                   told,
		"host-json-changed-while-a-6s-get-and-post-run": "hostsim does not watch host.json: a new package means a new host",
	}
	skip.check(t, cases)
	for _, c := range cases {
		name := textAt(c, "case")
		if skip[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			replayAnswer(t, c)
		})
	}
}

func replayAnswer(t *testing.T, c map[string]any) {
	rec := newRecorder(t)
	var list [][]any
	raw, _ := json.Marshal(c["answer"])
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(&list); err != nil {
		t.Fatal(err)
	}
	script := steps(list)
	rec.script(func(conn net.Conn, r *bufio.Reader, s *seen) bool {
		if s.path == "/elsewhere" {
			_, _ = io.WriteString(conn, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
			return true
		}
		return script(conn, r, s)
	})
	rec.early = c["answer_sent"] != nil
	flags := proxyFlag
	if strings.HasPrefix(textAt(c, "case"), "both-flags") {
		flags += forwardFlag
	}
	h, addr := attach(t, rec, Options{pace: 50 * time.Microsecond}, recordedApp(flags))
	outcome, _ := c["outcome"].(map[string]any)
	have := exchangeRaw(t, addr, proxyCaller(c))
	if outcome["client_response"] != nil {
		compareAnswer(t, outcome["client_response"], have)
	}
	if broke := textAt(outcome, "client_connection") == "ConnectionResetError"; broke != (have.err != nil) {
		t.Errorf("the answer broke off: %v, recorded: %v", have.err, broke)
	}
	want, _ := outcome["requests_seen"].(map[string]any)
	counts := map[string]int{}
	for _, s := range rec.requests() {
		counts[s.method+" "+s.path]++
	}
	for line, n := range want {
		if fmt.Sprint(n) != fmt.Sprint(counts[line]) {
			t.Errorf("%s reached the handler %d times, recorded %v", line, counts[line], n)
		}
	}
	if len(counts) != len(want) {
		t.Errorf("requests %v, recorded %v", counts, want)
	}
	eventually(t, func() bool { return len(results(h)) == 1 })
	if r := results(h); r[0] != textAt(outcome, "invocation") {
		t.Errorf("invocation %v, recorded %s", r, textAt(outcome, "invocation"))
	}
}

// proxyCaller builds the caller's request of an answers-proxy case.
func proxyCaller(c map[string]any) []byte {
	name, line := textAt(c, "case"), textAt(c, "request")
	if note := textAt(c, "note"); line == "" || note == "GET /api/noout" {
		line = note
	}
	switch {
	case name == "http10-caller-content-length":
		return []byte("GET /api/web/x HTTP/1.0\r\n\r\n")
	case name == "http10-caller-chunked-answer":
		return []byte("GET /api/web/x HTTP/1.0\r\nHost: app.example\r\n\r\n")
	case name == "http10-caller-keep-alive":
		return []byte("GET /api/web/x HTTP/1.0\r\nHost: app.example\r\nConnection: keep-alive\r\n\r\n")
	case strings.HasPrefix(line, "PUT without"):
		return []byte("PUT /api/web/x HTTP/1.1\r\nHost: app.example\r\n\r\n")
	case strings.HasSuffix(name, "post-empty"):
		return []byte("POST /api/web/x HTTP/1.1\r\nHost: app.example\r\nContent-Length: 0\r\n\r\n")
	}
	raw := line + " HTTP/1.1\r\nHost: app.example\r\n"
	if strings.HasSuffix(name, "caller-sent-te") {
		raw += "TE: trailers\r\nConnection: TE\r\n"
	}
	if strings.HasPrefix(line, "POST") || strings.HasPrefix(name, "delete-with-body") {
		return []byte(raw + "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}")
	}
	return []byte(raw + "\r\n")
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(end) {
			t.Fatal("it did not happen within a minute")
		}
		<-time.After(2 * time.Millisecond)
	}
}

func TestEnvelopeAnswersReachTheCallerAsRecorded(t *testing.T) {
	cases := recording(t, "answers-outputs")
	skip := leftOut{
		"http-output/large-body-2MB":                 "the recording holds only the beginning",
		"http-output/empty-200":                      "never completes; covered by TestAnAnswerWithoutAnObjectNeverCompletes",
		"http-output/headers-content-length":         "a handler that gives a Content-Length of its own breaks the answer; not ours",
		"http-output/headers-transfer-encoding":      "as headers-content-length",
		"http-output/headers-various":                "one refused header value; each kind has a case of its own",
		"http-output/logs-and-output":                "fills a queue output, which is not simulated",
		"http-output/outputs-with-failing-http-part": "as logs-and-output",
		"http-return-binding/string":                 "$return with a bare string answers an empty body; not used",
		"http-return-binding/json-string":            "as string", "http-return-binding/number": "as string",
		"http-return-binding/base64-string": "as string", "http-return-binding/array": "as string",
		"http-output/status-204-with-body": "a body with 204 only logs an error",
	}
	for _, c := range cases {
		if name := textAt(c, "case"); strings.HasPrefix(name, "queue") {
			skip[name] = "queue outputs are not simulated"
		}
	}
	skip.check(t, cases)
	for _, c := range cases {
		name := textAt(c, "case")
		outcome, _ := c["outcome"].(map[string]any)
		if skip[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := newRecorder(t)
			a, _ := c["answer"].(map[string]any)
			play(rec, a)
			_, addr := attach(t, rec, Options{}, recordedApp(""))
			line := map[string]string{"httpExtra": "GET /api/extra/7", "webExtra": "GET /api/webextra/7", "httpReturn": "GET /api/ret",
				"httpNoOut": "GET /api/noout", "httpOnly": "GET /api/only", "httpPost": "GET /api/post", "x": "GET /api/nothing"}[textAt(c, "function")]
			if strings.HasSuffix(name, "head-request") {
				line = strings.Replace(line, "GET", "HEAD", 1)
			}
			if strings.HasSuffix(name, "bad-constraint") {
				line = "GET /api/only/abc/x"
			}
			compareAnswer(t, outcome["client_response"], exchangeRaw(t, addr, []byte(line+" HTTP/1.1\r\nHost: app.example\r\n\r\n")))
		})
	}
}

func TestKeysAreCheckedAsRecorded(t *testing.T) {
	cases := recording(t, "keys-and-admin")
	skip := leftOut{
		"root":                "the host's own start page, of which hostsim shows a short one",
		"admin-status-master": "the host's own status is at the control interface",
		"admin-run-sb":        "running a queue function by hand is not simulated",
		"admin-run-timer":     "covered by TestTimerRequestsReachTheHandlerAsRecorded", "admin-run-timer-with-input": "as admin-run-timer",
		"admin-run-failing-timer": "as admin-run-timer",
	}
	skip.check(t, cases)
	for _, c := range cases {
		name := textAt(c, "case")
		if skip[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := newRecorder(t)
			rec.answerText("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: keep-alive\r\nKeep-Alive: timeout=60\r\nContent-Length: 2\r\n\r\n{}")
			_, addr := attach(t, rec, Options{Mode: ModeForward}, recordedApp(forwardFlag))
			key := recordedKeys.Default
			if strings.Contains(name, "master") {
				key = recordedKeys.Master
			}
			raw := "GET " + textAt(c, "given", "path") + " HTTP/1.1\r\nHost: app.example\r\n"
			given, _ := c["given"].(map[string]any)
			for _, f := range headerList(given["headers"]) {
				raw += f.name + ": " + f.value + "\r\n"
			}
			have := exchangeRaw(t, addr, []byte(strings.ReplaceAll(raw, "<key>", key)+"\r\n"))
			want, _ := c["client_response"].(map[string]any)
			compareAnswer(t, want, have)
			if n := len(rec.requests()); (n > 0) != (textAt(want, "status") == "200" && !strings.HasPrefix(name, "admin-ping")) {
				t.Errorf("%d requests reached the handler", n)
			}
		})
	}
}
