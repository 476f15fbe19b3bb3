package crmwebhook

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/shared/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/queue"
)

type opener struct {
	event dataverse.Event
	err   error
}

func (o opener) Open(*http.Request, []byte) (dataverse.Event, error) { return o.event, o.err }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// judged is what the watch was told.
type judged []error

func (j *judged) Door(_ string, err error) { *j = append(*j, err) }

func TestEveryRequestIsJudgedOnceForHealth(t *testing.T) {
	forged := fault.New(fault.Denied, "the secret is wrong")
	for _, want := range []error{nil, forged} {
		var doors judged
		callWatched(opener{event: dataverse.Event{Message: "Update", Table: "invoice", ID: "1"}, err: want}, nil, &doors)
		if len(doors) != 1 || doors[0] != want {
			t.Errorf("judged %v, want %v", doors, want)
		}
	}
}

func call(o opener, trouble error) (*httptest.ResponseRecorder, []queue.Message) {
	return callWatched(o, trouble, &judged{})
}

func callWatched(o opener, trouble error, doors *judged) (*httptest.ResponseRecorder, []queue.Message) {
	sent := queue.InMemory()
	sent.Fail(trouble)
	h := &Handler{Verifier: o, Sender: sent, Tenant: "acme", Now: func() time.Time { return noon }, NewID: func() string { return "t-1" }, Log: slog.New(slog.DiscardHandler), Watch: doors}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/api/crmwebhook", strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	h.ServeHTTP(w, r)
	return w, sent.Take()
}

func TestEventsGoWhereTheirTableBelongs(t *testing.T) {
	cases := []struct {
		event   dataverse.Event
		queue   queue.Name
		kind    string
		parent  string
		session string
	}{
		{dataverse.Event{Message: "Update", Table: "opportunity", ID: "1"}, queue.OpportunityChanged, queue.Opportunity, "", "acme|1"},
		{dataverse.Event{Message: "Delete", Table: "opportunity", ID: "1"}, queue.OpportunityChanged, queue.Opportunity, "", "acme|1"},
		{dataverse.Event{Message: "Win", Table: "opportunity", ID: "1", OpportunityID: "1"}, queue.OpportunityChanged, queue.Opportunity, "", "acme|1"},
		{dataverse.Event{Message: "Update", Table: "account", ID: "2"}, queue.OpportunityChanged, queue.Account, "", "acme|2"},
		{dataverse.Event{Message: "QualifyLead", Table: "lead", ID: "5"}, queue.OpportunityChanged, queue.Lead, "", "acme|5"},
		{dataverse.Event{Message: "Delete", Table: "connection", ID: "6", OpportunityID: "1"}, queue.OpportunityChanged, queue.Connection, "1", "acme|6"},
		{dataverse.Event{Message: "Update", Table: "systemuser", ID: "7"}, queue.OpportunityChanged, queue.User, "", "acme|7"},
		{dataverse.Event{Message: "Update", Table: "contact", ID: "3"}, queue.OpportunityChanged, queue.Contact, "", "acme|3"},
		{dataverse.Event{Message: "Update", Table: "cosell_solution", ID: "4", OpportunityID: "1"}, queue.SolutionsChanged, queue.Solution, "1", "acme|1"},
		{dataverse.Event{Message: "Delete", Table: "cosell_solution", ID: "4"}, queue.SolutionsChanged, queue.Solution, "", "acme|4"},
	}
	for _, c := range cases {
		w, sent := call(opener{event: c.event}, nil)
		if w.Code != http.StatusAccepted || len(sent) != 1 {
			t.Errorf("%+v: %d, %d sent", c.event, w.Code, len(sent))
			continue
		}
		want := queue.Pointer{V: 1, Tenant: "acme", Kind: c.kind, ID: c.event.ID, Parent: c.parent, Deleted: c.event.Message == "Delete", Why: c.event.Message, Seen: noon, Trace: "t-1"}
		if diff := cmp.Diff(want, sent[0].Pointer); diff != "" || sent[0].Queue != c.queue || sent[0].SessionID() != c.session {
			t.Errorf("%+v: %s, session %s %s", c.event, sent[0].Queue, sent[0].SessionID(), diff)
		}
	}
}

func TestTableThatIsNotFollowedIsAcceptedWithoutWork(t *testing.T) {
	if w, sent := call(opener{event: dataverse.Event{Message: "Update", Table: "invoice", ID: "1"}}, nil); w.Code != http.StatusAccepted || len(sent) != 0 {
		t.Errorf("%d, %d sent", w.Code, len(sent))
	}
}

func TestEveryTroubleOfOursIs503(t *testing.T) {
	event := dataverse.Event{Message: "Update", Table: "opportunity", ID: "1"}
	cases := []struct {
		open, send error
		status     int
	}{
		{fault.New(fault.Invalid, "no id"), nil, 400},
		{fault.New(fault.Denied, "no secret").With("secret", ""), nil, 401},
		{errors.New("away"), nil, 503},
		{nil, errors.New("away"), 503},
		{nil, fault.New(fault.Denied, "no right"), 503},
		{nil, fault.New(fault.Invalid, "odd"), 503},
	}
	for _, c := range cases {
		if w, sent := call(opener{event: event, err: c.open}, c.send); w.Code != c.status || len(sent) != 0 {
			t.Errorf("%v %v: %d", c.open, c.send, w.Code)
		}
	}
}

func TestOnlyPOSTIsServed(t *testing.T) {
	h := &Handler{Verifier: opener{}}
	for _, method := range []string{"GET", "PUT", "DELETE", "OPTIONS", "TRACE"} {
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, httptest.NewRequest(method, "/", nil)); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}

// Who wrote last decides nothing: an automation of the CRM answers our own write under our own user, and a tool of
// the customer's may share it. The event of our own write finds nothing to do later, by the values alone.
func TestAnEventOfOurOwnUserIsAHintAsAnyOther(t *testing.T) {
	const applicationUser, seller = "30000000-0000-4000-8000-000000000003", "30000000-0000-4000-8000-0000000000aa"
	recorded, err := os.ReadFile("../../shared/dataverse/testdata/update-opportunity.json")
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := dataverse.NewVerifier(dataverse.VerifierOptions{Header: "x-cosell-secret", Secrets: []string{"secret"},
		OrganizationID: "50000000-0000-4000-8000-000000000005", Host: "org1.crm.dynamics.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{applicationUser, seller} {
		sent := queue.InMemory()
		h := &Handler{Verifier: verifier, Sender: sent, Tenant: "acme", Now: func() time.Time { return noon }, NewID: func() string { return "t-1" }, Log: slog.New(slog.DiscardHandler), Watch: &judged{}}
		r := httptest.NewRequest(http.MethodPost, "/api/crmwebhook", strings.NewReader(strings.ReplaceAll(string(recorded), applicationUser, user)))
		r.Header = http.Header{"Content-Type": {"application/json"}, "X-Cosell-Secret": {"secret"}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := sent.Take(); w.Code != http.StatusAccepted || len(got) != 1 {
			t.Errorf("of user %s: %d, %d hints", user, w.Code, len(got))
		}
	}
}
