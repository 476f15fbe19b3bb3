package queue

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/cosell-sync/cosell-sync/shared/fault"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func pointer() Pointer {
	return Pointer{V: 1, Tenant: "default", Kind: Opportunity, ID: uuid.NewString(), Why: "Update", Seen: noon, Trace: "t-1"}
}

// senders are the two there are; take gives what a session holds.
func onBoth(t *testing.T, test func(t *testing.T, s Sender, take func(Name, string) []Pointer)) {
	t.Run("memory", func(t *testing.T) {
		m := InMemory()
		test(t, m, func(n Name, session string) (out []Pointer) {
			for _, sent := range m.Take() {
				if sent.Queue == n && sent.SessionID() == session {
					out = append(out, sent.Pointer)
				}
			}
			return out
		})
	})
	t.Run("service bus", func(t *testing.T) {
		s := open(t, broker.ConnectionString())
		test(t, s, func(n Name, session string) (out []Pointer) {
			for _, m := range receive(t, n, session) {
				p, err := Decode(m.Body)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, p)
			}
			return out
		})
	})
}

func TestPointerArrivesInItsSession(t *testing.T) {
	onBoth(t, func(t *testing.T, s Sender, take func(Name, string) []Pointer) {
		a, b := pointer(), pointer()
		a.Deleted, a.Related, a.Attempt, a.Revivals = true, true, 3, 2
		err := s.Send(t.Context(), Message{Queue: OpportunityChanged, Pointer: a}, Message{Queue: OpportunityChanged, Session: b.ID + "x", Pointer: b})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Pointer{a}, take(OpportunityChanged, "default|"+a.ID)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestUnsendableMessageIsInvalid(t *testing.T) {
	onBoth(t, func(t *testing.T, s Sender, _ func(Name, string) []Pointer) {
		for name, change := range map[string]func(*Message){
			"queue":   func(m *Message) { m.Queue = "orders" },
			"kind":    func(m *Message) { m.Pointer.Kind = Solution },
			"version": func(m *Message) { m.Pointer.V = 0 },
			"tenant":  func(m *Message) { m.Pointer.Tenant = "" },
			"id":      func(m *Message) { m.Pointer.ID = strings.Repeat("x", 129) },
			"seen":    func(m *Message) { m.Pointer.Seen = time.Time{} },
		} {
			m := Message{Queue: OpportunityChanged, Pointer: pointer()}
			change(&m)
			if err := s.Send(t.Context(), m); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestSessionIDsFitAndKeepRecordsTogether(t *testing.T) {
	long := Message{Session: strings.Repeat("x", 300)}
	if id := long.SessionID(); len(id) > 128 || id != long.SessionID() {
		t.Errorf("%q", id)
	}
	if a, b := (Message{Pointer: Pointer{Tenant: "t", ID: "1"}}).SessionID(), (Message{Pointer: Pointer{Tenant: "t", ID: "2"}}).SessionID(); a == b || a != "t|1" {
		t.Errorf("%q %q", a, b)
	}
}

func TestDecodeRefusesWhatIsNoPointer(t *testing.T) {
	good, _ := json.Marshal(pointer())
	if _, err := Decode(good); err != nil {
		t.Fatal(err)
	}
	if _, err := Decode([]byte(strings.Replace(string(good), "{", `{"newer":1,`, 1))); err != nil {
		t.Errorf("a member of a newer version: %v", err)
	}
	for _, body := range []string{
		"", "null", "[]", `"x"`, "{}", "{", string(good) + "{}", string(good) + "x", "\xff\xfe",
		strings.Replace(string(good), `"v":1`, `"v":0`, 1), `{"v":3}`, strings.Replace(string(good), `"attempt":0`, `"attempt":-1`, 1),
		strings.Replace(string(good), noon.Format(time.RFC3339), "yesterday", 1), strings.Repeat("[", 100_000),
	} {
		if _, err := Decode([]byte(body)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.60q: %v", body, err)
		}
	}
}

func FuzzDecodeNeverPanics(f *testing.F) {
	f.Add([]byte(`{"v":1,"tenant":"default","kind":"referral","id":"1","seen":"2026-11-22T12:00:00Z"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := Decode(body)
		if err == nil && p.check() != nil {
			t.Errorf("%q was let through", body)
		}
	})
}
