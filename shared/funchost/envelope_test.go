package funchost

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// recorded is one request as the real host sent it; given is the message that was behind it.
type recorded struct {
	Case  string
	Given struct {
		MessageID     string `json:"MessageId"`
		SessionID     string `json:"SessionId"`
		DeliveryCount int
		EnqueuedTime  string
		Body          string
		B64           string
		Value         struct{ V string }
	}
	Path    string
	Headers [][2]string
	Body    string
}

func (r recorded) header() http.Header {
	h := http.Header{}
	for _, pair := range r.Headers {
		h.Add(pair[0], pair[1])
	}
	return h
}

func readRecorded(t *testing.T, file string) []recorded {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []recorded
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func TestRecordedServiceBusEnvelopesAreDecoded(t *testing.T) {
	for _, c := range readRecorded(t, "testdata/servicebus.json") {
		t.Run(c.Case, func(t *testing.T) {
			e, err := parseEnvelope([]byte(c.Body))
			if err != nil {
				t.Fatal(err)
			}
			d := e.delivery(invocationID(c.header()))
			want := c.Given.Body + c.Given.Value.V
			if c.Given.B64 != "" {
				b, _ := base64.StdEncoding.DecodeString(c.Given.B64)
				want = string(b)
			}
			lossy := !strings.HasPrefix(c.Case, "binary/") && c.Given.B64 != "" // text triggers replace what is no UTF-8
			if string(d.Body) != want && !lossy {
				t.Errorf("body %q, want %q", d.Body, want)
			}
			// A text trigger lets the message overwrite its own metadata: why ours are binary.
			overwritten := !strings.HasPrefix(c.Case, "binary/") && strings.Contains(strings.ToLower(c.Given.Body), `"messageid"`)
			if d.MessageID != c.Given.MessageID && !overwritten {
				t.Errorf("message id %q, want %q", d.MessageID, c.Given.MessageID)
			}
			if d.Session != c.Given.SessionID && !overwritten {
				t.Errorf("session %q, want %q", d.Session, c.Given.SessionID)
			}
			if count := max(c.Given.DeliveryCount, 1); d.DeliveryCount != count && !overwritten {
				t.Errorf("delivery count %d, want %d", d.DeliveryCount, count)
			}
			enqueued := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
			if c.Given.EnqueuedTime != "" {
				enqueued, _ = time.Parse(time.RFC3339, c.Given.EnqueuedTime)
			}
			if !d.Enqueued.Equal(enqueued) && !overwritten {
				t.Errorf("enqueued %s, want %s", d.Enqueued, enqueued)
			}
			if len(d.InvocationID) != 36 {
				t.Errorf("invocation id %q", d.InvocationID)
			}
		})
	}
}

func TestRecordedTimerEnvelopesAreDecoded(t *testing.T) {
	for _, c := range readRecorded(t, "testdata/timer.json") {
		e, err := parseEnvelope([]byte(c.Body))
		if err != nil {
			t.Fatalf("%s: %v", c.Case, err)
		}
		past := strings.Contains(c.Body, `"IsPastDue":true`)
		if got := e.tick(invocationID(c.header())); got.PastDue != past || len(got.InvocationID) != 36 {
			t.Errorf("%s: %+v", c.Case, got)
		}
	}
}

func TestPayloadAcceptsEveryEncoding(t *testing.T) {
	for given, want := range map[string]string{
		`"eyJ2IjoxfQ=="`:        `{"v":1}`, // binary
		`"\"{\\\"v\\\":1}\""`:   `{"v":1}`, // text, encoded twice
		`"{\"v\":1}"`:           `{"v":1}`, // text, encoded once
		`{"v":1}`:               `{"v":1}`, // not wrapped
		`"\"plain\""`:           `plain`,
		`"not base64 \"at all"`: `not base64 "at all`,
		`""`:                    ``,
	} {
		if got := string(payload([]byte(given))); got != want {
			t.Errorf("payload of %s is %q, want %q", given, got, want)
		}
	}
}

func TestMetadataIsReadInBothForms(t *testing.T) {
	e, err := parseEnvelope([]byte(`{"Data":{"msg":"eA=="},"Metadata":{"MessageId":"m","SessionId":"\"s\"","DeliveryCount":4,"EnqueuedTimeUtc":"2026-11-22T09:00:00.5+01:00"}}`))
	if err != nil {
		t.Fatal(err)
	}
	d := e.delivery("")
	if d.MessageID != "m" || d.Session != "s" || d.DeliveryCount != 4 || !d.Enqueued.Equal(time.Date(2026, 11, 22, 8, 0, 0, 5e8, time.UTC)) {
		t.Errorf("%+v", d)
	}
}

func TestMalformedTimerTimesDoNotFailTheRun(t *testing.T) {
	for _, data := range []string{
		`{"Schedule":{},"ScheduleStatus":{"Last":"not a time"},"IsPastDue":true}`,
		`"{\"ScheduleStatus\":null,\"IsPastDue\":true}"`,
	} {
		e, err := parseEnvelope([]byte(`{"Data":{"tick":` + data + `},"Metadata":{}}`))
		if err != nil || !e.tick("").PastDue {
			t.Errorf("%s: %v", data, err)
		}
	}
}

func TestLastInvocationIDCounts(t *testing.T) {
	h := http.Header{}
	h.Add("X-Azure-Functions-InvocationId", "spoof, real")
	if got := invocationID(h); got != "real" {
		t.Errorf("forward mode: %q", got)
	}
	h.Add("X-Azure-Functions-InvocationId", strings.Repeat("x", 300))
	if got := invocationID(h); len(got) != 64 {
		t.Errorf("length %d", len(got))
	}
}
