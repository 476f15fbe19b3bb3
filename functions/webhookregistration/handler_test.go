package webhookregistration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/health"
	"github.com/cosell-sync/cosell-sync/shared/partnercenter"
)

const (
	ours  = "https://cosell.example/api/partnercenterwebhook/default"
	other = "https://old-connector.example/events"
)

// fake is Partner Center: one registration, and what was written.
type fake struct {
	current *partnercenter.Registration
	writes  []string
	asked   int
	err     error
	refuses error                      // every write
	results []partnercenter.TestResult // one per look; the last stays
}

func (f *fake) Registration(context.Context) (partnercenter.Registration, bool, error) {
	f.asked++
	if f.current == nil {
		return partnercenter.Registration{}, false, f.err
	}
	return *f.current, true, f.err
}

func (f *fake) write(method string, r partnercenter.Registration) (partnercenter.Registration, error) {
	if f.refuses != nil {
		return partnercenter.Registration{}, f.refuses
	}
	f.writes, f.current = append(f.writes, method), &r
	return r, nil
}

func (f *fake) Register(_ context.Context, r partnercenter.Registration) (partnercenter.Registration, error) {
	return f.write("POST", r)
}

func (f *fake) Replace(_ context.Context, r partnercenter.Registration) (partnercenter.Registration, error) {
	return f.write("PUT", r)
}

func (f *fake) SendTestEvent(context.Context) (string, error) {
	f.asked++
	return "c-1", f.err
}

func (f *fake) TestEvent(context.Context, string) (partnercenter.TestResult, error) {
	if len(f.results) == 0 {
		return partnercenter.TestResult{}, fault.New(fault.Gone, "not yet")
	}
	r := f.results[0]
	if len(f.results) > 1 {
		f.results = f.results[1:]
	}
	return r, nil
}

// memo is a memory in memory.
type memo struct{ text string }

func (m *memo) Registration(context.Context) (string, error) { return m.text, nil }

func (m *memo) SaveRegistration(_ context.Context, seen string) error { m.text = seen; return nil }

func call(f *fake, method, action, body string) (*httptest.ResponseRecorder, string) {
	m := &memo{}
	h := &Handler{Registrations: f, URL: ours, Wait: func(context.Context, time.Duration) error { return nil }, Memory: m, Now: time.Now}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.SetPathValue("action", action)
	h.ServeHTTP(w, r)
	return w, m.text
}

func registered(url string, events ...string) *partnercenter.Registration {
	return &partnercenter.Registration{WebhookURL: url, Events: events}
}

func TestRegisteringConvergesAndWritesNoMoreThanNeeded(t *testing.T) {
	all := append(Events(), "subscription-updated")
	cases := []struct {
		name      string
		before    *partnercenter.Registration
		overwrite string
		status    int
		writes    []string
		result    string
		url       string
		events    []string
	}{
		{"none yet", nil, "false", 200, []string{"POST"}, "registered", ours, Events()},
		{"ours and complete", registered(ours, Events()...), "true", 200, nil, "kept", ours, Events()},
		{"ours without the alias", registered(strings.TrimSuffix(ours, "/default"), Events()...), "true", 200, nil, "kept", strings.TrimSuffix(ours, "/default"), Events()},
		{"ours in other letters", registered(strings.ToUpper(ours), strings.ToUpper(strings.Join(Events(), ",")), Events()[0], Events()[1], Events()[2], Events()[3], "Test-Created"), "false", 200, nil, "kept", strings.ToUpper(ours), nil},
		{"ours, events missing", registered(ours, "subscription-updated", "referral-created"), "false", 200, []string{"PUT"}, "completed", ours, all},
		{"another's", registered(other, "referral-created"), "false", 409, nil, "", other, []string{"referral-created"}},
		{"another's, overwritten", registered(other, "subscription-updated", "referral-created"), "true", 200, []string{"PUT"}, "replaced", ours, all},
	}
	for _, c := range cases {
		f := &fake{current: c.before}
		w, remembered := call(f, http.MethodPost, "", `{"overwrite": `+c.overwrite+`}`)
		if w.Code != c.status || !slices.Equal(f.writes, c.writes) {
			t.Errorf("%s: %d %v %s", c.name, w.Code, f.writes, w.Body)
			continue
		}
		if f.current.WebhookURL != c.url {
			t.Errorf("%s: registered is %s", c.name, f.current.WebhookURL)
		}
		if got := slices.Sorted(slices.Values(f.current.Events)); c.events != nil && !slices.Equal(got, slices.Sorted(slices.Values(c.events))) {
			t.Errorf("%s: events %v", c.name, got)
		}
		if c.status == 409 {
			if !strings.Contains(w.Body.String(), other) || !strings.Contains(w.Body.String(), `overwrite`) {
				t.Errorf("%s: %s", c.name, w.Body)
			}
			continue
		}
		var s health.Registration
		if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil || s.Result != c.result || !s.Ours || !s.Complete || remembered == "" {
			t.Errorf("%s: %v %s, remembered %q", c.name, err, w.Body, remembered)
		}
		if len(c.writes) > 0 && !f.current.SignatureInHeader {
			t.Errorf("%s: the signature would come in Authorization, which gateways inspect", c.name)
		}
	}
}

func TestEveryPOSTNeedsItsDocumentedBody(t *testing.T) {
	for _, body := range []string{"", "{}", "null", "[]", `{"overwrite":"yes"}`, `{"overwrite":null}`, `{"overwrite":true,"url":"x"}`, `{"overwrite":true}{}`} {
		f := &fake{}
		if w, _ := call(f, http.MethodPost, "", body); w.Code != http.StatusBadRequest || f.writes != nil {
			t.Errorf("%q: %d", body, w.Code)
		}
	}
	for _, body := range []string{"", "null", `{"x":1}`} {
		if w, _ := call(&fake{}, http.MethodPost, "test", body); w.Code != http.StatusBadRequest {
			t.Errorf("test with %q: %d", body, w.Code)
		}
	}
}

func TestWhatIsRegisteredIsShownAndNothingWritten(t *testing.T) {
	for url, want := range map[string]bool{ours: true, other: false} {
		f := &fake{current: registered(url, "referral-created")}
		w, remembered := call(f, http.MethodGet, "", "")
		var s health.Registration
		if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil || !s.Registered || s.Ours != want || s.Complete || s.URL != url || len(s.Missing) != 4 || s.Wanted != ours {
			t.Errorf("%v %s", err, w.Body)
		}
		if f.writes != nil || remembered == "" {
			t.Errorf("wrote %v, remembered %q", f.writes, remembered)
		}
	}
}

func TestTestEventIsFollowedToItsEnd(t *testing.T) {
	done := partnercenter.TestResult{Status: "completed", URL: ours, Results: []partnercenter.TestAttempt{{ResponseCode: "Accepted", At: "2026-11-22T12:00:00"}}}
	for name, c := range map[string]struct {
		results   []partnercenter.TestResult
		status    string
		delivered bool
	}{
		"at once":   {[]partnercenter.TestResult{done}, "completed", true},
		"later":     {[]partnercenter.TestResult{{Status: "running"}, {Status: "running"}, done}, "completed", true},
		"a number":  {[]partnercenter.TestResult{{Status: "Completed", Results: []partnercenter.TestAttempt{{ResponseCode: "200"}}}, done}, "Completed", true},
		"failed":    {[]partnercenter.TestResult{{Status: "Submitted"}, {Status: "failed", Results: []partnercenter.TestAttempt{{ResponseCode: "Unauthorized"}, {ResponseCode: "503"}}}, done}, "failed", false},
		"never":     {[]partnercenter.TestResult{{Status: "running"}}, "running", false},
		"not found": {nil, "unknown", false},
	} {
		w, _ := call(&fake{results: c.results}, http.MethodPost, "test", "{}")
		var out health.TestEvent
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK || out.Status != c.status || out.Delivered != c.delivered {
			t.Errorf("%s: %v %d %s", name, err, w.Code, w.Body)
		}
	}
}

func TestTroubleIsExplainedToTheOperator(t *testing.T) {
	for kind, status := range map[fault.Kind]int{fault.Broken: 503, fault.Denied: 502, fault.Later: 429} {
		f := &fake{err: fault.New(kind, "sign in again")}
		for _, c := range [][3]string{{"GET", "", ""}, {"POST", "", `{"overwrite":true}`}, {"POST", "test", "{}"}} {
			if w, _ := call(f, c[0], c[1], c[2]); w.Code != status || !strings.Contains(w.Body.String(), "sign in again") || f.writes != nil {
				t.Errorf("%s %v: %d %s", kind, c, w.Code, w.Body)
			}
		}
	}
}

func TestOtherRoutesAndMethods(t *testing.T) {
	for _, c := range []struct {
		method, action string
		status         int
	}{{"PUT", "", 405}, {"GET", "test", 405}, {"POST", "other", 404}, {"DELETE", "", 405}} {
		if w, _ := call(&fake{}, c.method, c.action, "{}"); w.Code != c.status {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}

func TestWatchdogSeesLostEvents(t *testing.T) {
	for name, c := range map[string]struct {
		current *partnercenter.Registration
		code    string
		command string // that the log names
	}{
		"none":       {nil, "registration.none", "run cosellctl register"},
		"another's":  {registered(other, Events()...), "registration.other", "run cosellctl register --overwrite"},
		"incomplete": {registered(ours, "referral-created"), "registration.incomplete", "lacks the events referral-updated, related-referral-created, related-referral-updated, test-created: run cosellctl register"},
		"fine":       {registered(ours, Events()...), "", ""},
	} {
		m := &memo{}
		h := &Handler{Registrations: &fake{current: c.current}, URL: ours, Memory: m, Now: time.Now}
		err := h.Check(t.Context())
		if (err == nil) != (c.code == "") || m.text == "" {
			t.Errorf("%s: %v", name, err)
		}
		if e, ok := err.(*fault.Error); c.code != "" && (!ok || e.Code != c.code || !strings.Contains(e.Error(), c.command)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The old connector's address is a Logic App's, and whoever has its query can call it.
func TestKeysInAnothersAddressAreNeverShown(t *testing.T) {
	const flow = "https://prod-12.westeurope.logic.azure.com/workflows/1/triggers/manual/paths/invoke"
	f := &fake{current: registered("https://ann:hunter2@prod-12.westeurope.logic.azure.com/workflows/1/triggers/manual/paths/invoke?sp=%2Ftriggers&sig=hunter2#hunter2", Events()...)}
	get, remembered := call(f, http.MethodGet, "", "")
	post, _ := call(f, http.MethodPost, "", `{"overwrite":false}`)
	m := &memo{}
	check := (&Handler{Registrations: f, URL: ours, Memory: m, Now: time.Now}).Check(t.Context())
	all := get.Body.String() + remembered + post.Body.String() + fmt.Sprint(check) + m.text
	if strings.Contains(all, "hunter2") || strings.Count(all, flow) < 4 || check == nil {
		t.Errorf("%s", all)
	}
}

func TestWhatIsRememberedSaysSinceWhen(t *testing.T) {
	m, clock := &memo{}, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	look := func(current *partnercenter.Registration) (seen health.SeenRegistration) {
		h := &Handler{Registrations: &fake{current: current}, URL: ours, Memory: m, Now: func() time.Time { return clock }}
		_ = h.Check(t.Context()) // what it finds is another test's business
		if err := json.Unmarshal([]byte(m.text), &seen); err != nil {
			t.Fatal(err)
		}
		return seen
	}
	lost := clock
	_ = look(registered(other, Events()...))
	clock = clock.Add(time.Hour)
	if got := look(registered(other, Events()...)); !got.Since.Equal(lost) || !got.Seen.Equal(clock) || got.URL != other {
		t.Errorf("%+v", got)
	}
	clock = clock.Add(time.Hour)
	if got := look(registered(ours, Events()...)); !got.Since.Equal(clock) {
		t.Errorf("%+v", got)
	}
}

func TestLostRegistrationIsRestoredWhereThatIsWanted(t *testing.T) {
	for name, c := range map[string]struct {
		mode    string
		had     bool
		current *partnercenter.Registration
		writes  int
		code    string
	}{
		"gone":                     {Restore, true, nil, 1, "registration.restored"},
		"taken by another":         {Restore, true, registered(other, Events()...), 1, "registration.restored"},
		"an event missing":         {Restore, true, registered(ours, "referral-created"), 1, "registration.restored"},
		"fine":                     {Restore, true, registered(ours, Events()...), 0, ""},
		"never ours before":        {Restore, false, registered(other, Events()...), 0, "registration.other"},
		"reported only":            {Report, true, registered(other, Events()...), 0, "registration.other"},
		"reported only by default": {"", true, nil, 0, "registration.none"},
		"not our business":         {Never, true, registered(other, Events()...), 0, ""},
	} {
		m := &memo{}
		h := &Handler{Registrations: &fake{current: registered(ours, Events()...)}, URL: ours, Memory: m, Now: time.Now}
		if c.had {
			if err := h.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		f := &fake{current: c.current}
		h.Registrations, h.Register = f, c.mode
		err := h.Check(t.Context())
		if got := fault.Of(err); len(f.writes) != c.writes || (err == nil) != (c.code == "") || err != nil && got.Code != c.code {
			t.Errorf("%s: %v, wrote %v", name, err, f.writes)
		}
		if c.mode == Never && (!strings.Contains(m.text, `"unwatched":true`) || f.asked != 0) {
			t.Errorf("%s: remembered %s, asked %d times", name, m.text, f.asked)
		}
		if again := h.Check(t.Context()); c.writes > 0 && (again != nil || len(f.writes) != c.writes) {
			t.Errorf("%s: the next look finds %v, wrote %v", name, again, f.writes)
		}
	}
}

// Health has what was seen, and not that all was well before.
func TestARegistrationThatCannotBeRestoredIsSeenAsLost(t *testing.T) {
	m := &memo{}
	f := &fake{current: registered(ours, Events()...)}
	h := &Handler{Registrations: f, URL: ours, Memory: m, Now: time.Now, Register: Restore}
	if err := h.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused := fault.New(fault.Gone, "Partner Center answered 404")
	f.current, f.refuses = registered(other, Events()...), refused
	for range 2 {
		if err := h.Check(t.Context()); !errors.Is(err, refused) {
			t.Errorf("got %v", err)
		}
		var seen health.SeenRegistration
		if err := json.Unmarshal([]byte(m.text), &seen); err != nil || !seen.Lost() || seen.URL != other || !seen.Had {
			t.Errorf("remembered %s, %v", m.text, err)
		}
	}
	f.refuses = nil
	if err := h.Check(t.Context()); fault.Of(err).Code != "registration.restored" || f.current.WebhookURL != ours {
		t.Errorf("once it is taken: %v, %v", err, f.current)
	}
}

// Where the registration is another environment's, an operator can neither take it nor send events there.
func TestAnInstallationThatRegistersNeverRefusesAnOperator(t *testing.T) {
	f := &fake{current: registered(other, Events()...)}
	h := &Handler{Registrations: f, URL: ours, Memory: &memo{}, Now: time.Now, Register: Never}
	for action, body := range map[string]string{"": `{"overwrite":true}`, "test": "{}"} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.SetPathValue("action", action)
		if h.ServeHTTP(w, r); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "SYNC_REGISTER is never") || f.asked != 0 || len(f.writes) != 0 {
			t.Errorf("%q: %d %s, asked %d times, wrote %v", action, w.Code, w.Body, f.asked, f.writes)
		}
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	if h.ServeHTTP(w, r); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"register":"never"`) || !strings.Contains(w.Body.String(), other) {
		t.Errorf("who wants to see it: %d %s", w.Code, w.Body)
	}
}

// An installation that leaves the registration to another one has let it go: when it is to restore again, an operator
// takes it first.
func TestARegistrationThatWasLeftToOthersIsNotTakenBack(t *testing.T) {
	f := &fake{current: registered(ours, Events()...)}
	h := &Handler{Registrations: f, URL: ours, Memory: &memo{}, Now: time.Now, Register: Restore}
	if err := h.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Register, f.current = Never, registered(other, Events()...)
	if err := h.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Register = Restore
	if err := h.Check(t.Context()); fault.Of(err).Code != "registration.other" || len(f.writes) != 0 {
		t.Errorf("%v, wrote %v", err, f.writes)
	}
}

// In shadow mode whatever works in earnest may have the events: nothing is taken back from it, and nobody is alarmed.
func TestInShadowModeNothingIsRestored(t *testing.T) {
	f, m := &fake{current: registered(ours, Events()...)}, &memo{}
	h := &Handler{Registrations: f, URL: ours, Memory: m, Now: time.Now, Register: Restore}
	if err := h.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Shadow, f.current = true, registered(other, Events()...)
	var seen health.SeenRegistration
	if err := h.Check(t.Context()); err != nil || len(f.writes) != 0 || json.Unmarshal([]byte(m.text), &seen) != nil || !seen.Shadow || seen.Ours {
		t.Errorf("%v, wrote %v, remembered %s", err, f.writes, m.text)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"overwrite":false}`))
	r.Header.Set("Content-Type", "application/json")
	if h.ServeHTTP(w, r); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "SYNC_FORWARD_URL") {
		t.Errorf("who would take it is not told how the other goes on hearing: %d %s", w.Code, w.Body)
	}
}
