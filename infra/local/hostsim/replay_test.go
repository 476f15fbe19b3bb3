package hostsim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	guid    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	local   = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	utcNow  = regexp.MustCompile(`"UtcNow":"[^"]*"`)
	newSpan = regexp.MustCompile(`^00-([0-9a-f]{32})-[0-9a-f]{16}-`)
)

// headerSet is the headers without order, spelling of names, ids, ports and dates.
func headerSet(h fields) []string {
	var out []string
	for _, f := range h {
		v := local.ReplaceAllString(guid.ReplaceAllString(f.value, "<id>"), "<local>")
		if strings.EqualFold(f.name, "Date") && len(v) == 29 {
			v = "<date>"
		}
		out = append(out, strings.ToLower(f.name)+": "+v)
	}
	slices.Sort(out)
	return out
}

// envelopeOf parses an envelope for comparison, without ids and times.
func envelopeOf(t *testing.T, body string) any {
	t.Helper()
	body = utcNow.ReplaceAllString(guid.ReplaceAllString(body, "<id>"), `"UtcNow":"<now>"`)
	body = strings.NewReplacer("<key>", recordedKeys.Default, "<masterkey>", recordedKeys.Master).Replace(body)
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("envelope %s: %v", body, err)
	}
	return v
}

// compareRequest compares what reached the handler with what was recorded there.
func compareRequest(t *testing.T, want map[string]any, all []seen) {
	t.Helper()
	if want == nil {
		if len(all) > 0 {
			t.Errorf("%s %s reached the handler; recorded: nothing did", all[0].method, all[0].path)
		}
		return
	}
	if len(all) != 1 {
		t.Fatalf("%d requests reached the handler, recorded: 1", len(all))
	}
	have := all[0]
	withKey := strings.NewReplacer("<key>", recordedKeys.Default, "<masterkey>", recordedKeys.Master)
	if a, b := textAt(want, "method")+" "+withKey.Replace(textAt(want, "path")), have.method+" "+have.path; a != b {
		t.Errorf("request line\nwant %s\nhave %s", a, b)
	}
	list := headerList(want["headers"])
	for i := range list {
		list[i].value = withKey.Replace(list[i].value)
	}
	if d := cmp.Diff(headerSet(list), headerSet(have.header)); d != "" {
		t.Errorf("headers (- recorded, + ours)\n%s", d)
	}
	if f := textAt(want, "body_framing"); f != "" && f != have.framing {
		t.Errorf("body framing %s, recorded %s", have.framing, f)
	}
	body, whole := bodyAt(want)
	switch {
	case !whole:
	case strings.Contains(list.get("User-Agent"), "Azure-Functions-Host") && list.has("Transfer-Encoding"):
		if d := cmp.Diff(envelopeOf(t, string(body)), envelopeOf(t, string(have.body))); d != "" {
			t.Errorf("envelope (- recorded, + ours)\n%s", d)
		}
	case string(body) != string(have.body):
		t.Errorf("body %q, recorded %q", have.body, body)
	}
}

// compareAnswer compares what the caller got; a recorded text stands for "as the handler answered".
func compareAnswer(t *testing.T, want any, have got) {
	t.Helper()
	m, ok := want.(map[string]any)
	if !ok {
		m = map[string]any{"status": json.Number("200"), "reason": "OK", "body_utf8": "fine"}
	}
	if a, b := textAt(m, "status")+" "+textAt(m, "reason"), fmt.Sprint(have.status, " ", have.reason); a != b {
		t.Errorf("answer %q, recorded %q", b, a)
	}
	if list, ok := m["headers"]; ok {
		if d := cmp.Diff(headerSet(headerList(list)), headerSet(have.header)); d != "" {
			t.Errorf("answer's headers (- recorded, + ours)\n%s", d)
		}
	}
	if f := textAt(m, "body_framing"); f != "" && f != have.framing {
		t.Errorf("answer's framing %s, recorded %s", have.framing, f)
	}
	if s, ok := m["body_utf8"].(string); ok && !strings.HasSuffix(s, "...") && m["body_truncated"] != true && s != string(have.body) {
		t.Errorf("answer's body %q, recorded %q", have.body, s)
	}
}

// leftOut guards a list of cases that are not replayed: it must name exactly those that exist and are not
// run.
type leftOut map[string]string

func (l leftOut) check(t *testing.T, cases []map[string]any) {
	t.Helper()
	for name := range l {
		if !slices.ContainsFunc(cases, func(c map[string]any) bool { return c["case"] == name }) {
			t.Errorf("left out case %q does not exist", name)
		}
	}
}

const (
	bigBody   = "the recording holds only the beginning of the request; covered by TestLargeBodiesPassUnchanged"
	inPieces  = "sent in pieces with pauses; covered by TestBodyWithLengthIsReadBeforeTheHandlerIsCalled"
	nodeLimit = "the 431 came from the recording handler's own 16 kB limit, not from the host"
)

func TestProxyRequestsReachTheHandlerAsRecorded(t *testing.T) {
	cases := recording(t, "http-proxy-requests")
	skip := leftOut{
		"large-body-300kB": bigBody, "body-1MB-binary": bigBody, "chunked-1MB": bigBody, "chunked-30MB": bigBody,
		"chunked-30MB-json": bigBody, "content-length-30MB": bigBody, "content-length-30MB-json": bigBody,
		"long-header-20kB":    "the recording holds only the beginning of the request; covered by TestLimitsOfTheHead",
		"headers-29kB-of-one": "as long-header-20kB", "headers-40kB-of-one": "as long-header-20kB", "cookie-28kB": "as long-header-20kB",
		"route-root": "the host's own start page, of which hostsim shows a short one",
		"host-without-proxy-support-proxy-flag-alone":   "its own host, in TestOlderHostsIgnoreTheProxyFlag",
		"host-without-proxy-support-both-flags":         "its own host, in TestOlderHostsIgnoreTheProxyFlag",
		"upload-pieces-content-length-application/json": inPieces, "upload-pieces-chunked-application/json": inPieces,
		"upload-pieces-content-length-application/octet-stream": inPieces, "upload-pieces-chunked-application/octet-stream": inPieces,
		"upload-pieces-content-length-text/plain": inPieces, "upload-pieces-chunked-text/plain": inPieces,
		"upload-pieces-content-length-multipart/form-data": inPieces, "upload-pieces-chunked-multipart/form-data": inPieces,
		"upload-20kB-pieces-chunked": inPieces, "upload-3kB-pieces-chunked": inPieces, "upload-20kB-pieces-content-length": inPieces,
	}
	skip.check(t, cases)
	for _, flags := range []string{proxyFlag, proxyFlag + forwardFlag} {
		t.Run(flags, func(t *testing.T) {
			for _, c := range cases {
				name := textAt(c, "case")
				if skip[name] != "" {
					continue
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					replayProxy(t, c, flags)
				})
			}
		})
	}
}

func replayProxy(t *testing.T, c map[string]any, flags string) {
	rec := newRecorder(t)
	settings := map[string]string{}
	given := textAt(c, "given", "host_started_with")
	files := recordedApp(flags)
	switch {
	case strings.Contains(given, "Flex"):
		settings["WEBSITE_SKU"] = "FlexConsumption"
	case strings.Contains(given, "OpenTelemetry"):
		settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"
		files["host.json"] = strings.Replace(files["host.json"], `"version"`, `"telemetryMode":"OpenTelemetry","version"`, 1)
	case strings.Contains(given, "Application Insights"):
		settings["APPLICATIONINSIGHTS_CONNECTION_STRING"] = "InstrumentationKey=0"
	}
	if r, ok := c["client_response"].(map[string]any); ok {
		switch textAt(r, "status") {
		case "201":
			rec.answerText("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 68\r\n\r\n" +
				`{"Outputs":{"res":{"statusCode":201,"body":"from envelope"}}}       `)
		case "204":
			rec.answerText("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
		case "101":
			rec.answerText("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nRAWBYTES")
			delete(r, "body_utf8")
		}
	}
	_, addr := attach(t, rec, Options{Settings: settings, pace: 50 * time.Microsecond}, files)
	raw := rawRequest(c["given"])
	if raw == nil {
		t.Fatal("the recorded request is not complete: it belongs into the list of cases left out")
	}
	if given, _ := c["given"].(map[string]any); given["sent_later"] != nil {
		raw = append(raw, `{"a":1}`...)
	}
	have := exchangeRaw(t, addr, raw)
	want, _ := c["request"].(map[string]any)
	if name := textAt(c, "case"); name == "chunked-malformed" {
		want = nil // the head reaches the handler, its body never ends
		if all := rec.requests(); len(all) != 1 || all[0].framing != "head only" {
			t.Errorf("recorded: one head, no complete body; have %v", all)
		}
	} else {
		all := rec.requests()
		freshSpan(want, all, strings.Contains(name, "trace-headers-caller-sends"))
		compareRequest(t, want, all)
	}
	compareAnswer(t, c["client_response"], have)
}

// freshSpan makes made-up trace and span ids comparable.
func freshSpan(want map[string]any, all []seen, telemetry bool) {
	if !telemetry || want == nil || len(all) == 0 {
		return
	}
	list, _ := want["headers"].([]any)
	for _, l := range list {
		pair, _ := l.([]any)
		if pair[0] != "traceparent" {
			continue
		}
		recorded, _ := pair[1].(string)
		for i, f := range all[0].header {
			if f.name == "traceparent" && newSpan.MatchString(f.value) && len(f.value) == len(recorded) && f.value[52:] == recorded[52:] &&
				(f.value[3:35] == recorded[3:35] || !strings.Contains(recorded, "4bf92f3577b34da6a3ce929d0e0e4736")) {
				all[0].header[i].value = recorded
			}
		}
	}
}

func TestOlderHostsIgnoreTheProxyFlag(t *testing.T) {
	for _, c := range recording(t, "http-proxy-requests") {
		name := textAt(c, "case")
		if !strings.HasPrefix(name, "host-without-proxy-support") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			flags := proxyFlag
			if strings.HasSuffix(name, "both-flags") {
				flags += forwardFlag
			}
			rec := newRecorder(t)
			_, addr := attach(t, rec, Options{Mode: ModeForward}, recordedApp(flags))
			have := exchangeRaw(t, addr, rawRequest(c["given"]))
			want, _ := c["request"].(map[string]any)
			compareRequest(t, want, rec.requests())
			compareAnswer(t, c["client_response"], have)
		})
	}
}

func TestForwardedRequestsReachTheHandlerAsRecorded(t *testing.T) {
	cases := recording(t, "http-forward-requests")
	skip := leftOut{"large-body-300kB": bigBody, "body-1MB-binary": bigBody, "long-header-20kB": nodeLimit}
	skip.check(t, cases)
	for _, c := range cases {
		name := textAt(c, "case")
		if skip[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := newRecorder(t)
			answered, _ := c["client_response"].(map[string]any)
			if textAt(answered, "status") == "200" {
				body := textAt(answered, "body_utf8")
				head := "HTTP/1.1 200 OK\r\n"
				for _, f := range headerList(answered["headers"]) {
					if f.name != "Date" && f.name != "Server" {
						head += f.name + ": " + f.value + "\r\n"
					}
				}
				rec.answerText(head + "\r\n" + body)
			}
			_, addr := attach(t, rec, Options{Mode: ModeForward}, recordedApp(forwardFlag))
			have := exchangeRaw(t, addr, rawRequest(c["given"]))
			want, _ := c["request"].(map[string]any)
			compareRequest(t, want, rec.requests())
			compareAnswer(t, c["client_response"], have)
		})
	}
}

func TestEnvelopeRequestsReachTheHandlerAsRecorded(t *testing.T) {
	cases := recording(t, "http-envelope-requests")
	skip := leftOut{"large-body-300kB": bigBody}
	skip.check(t, cases)
	for _, c := range cases {
		name := textAt(c, "case")
		if skip[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := newRecorder(t)
			rec.answerText("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 53\r\n\r\n" +
				`{"Outputs":{"res":{"statusCode":200,"body":"ok"}}}   `)
			_, addr := attach(t, rec, Options{}, recordedApp(""))
			have := exchangeRaw(t, addr, rawRequest(c["given"]))
			want, _ := c["request"].(map[string]any)
			compareRequest(t, want, rec.requests())
			compareAnswer(t, c["client_response"], have)
		})
	}
}
