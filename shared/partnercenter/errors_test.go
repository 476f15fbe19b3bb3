package partnercenter

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/httpclient/httpclienttest"
)

func wantMeaning(t *testing.T, err error, meaning, code string) {
	t.Helper()
	got := fault.KindOf(err).String()
	if class := fault.ClassOf(err); class != "" {
		got += "/" + string(class)
	}
	e := fault.Of(err)
	if err == nil || got != meaning || code != "" && e.Code != code {
		t.Errorf("%v is %s with %q, want %s with %q", err, got, e.Code, meaning, code)
		return
	}
	if (e.Kind == fault.Refused || e.Kind == fault.Denied) && (e.Say == "" || e.Mend == "") {
		t.Errorf("%v says %q and advises %q", err, e.Say, e.Mend)
	}
}

func TestTheTargetIsAPointer(t *testing.T) {
	t.Parallel()
	ops := []Operation{{"replace", "/details/dealValue", 0}, {"replace", "/details/notes", "x"}}
	for target, want := range map[string]string{
		"referral": "", "": "", "/details/dealValue": "/details/dealValue", "details.dealValue": "/details/dealValue", "Details/DealValue": "/details/dealValue",
		"referral.customerProfile.team[0].email": "/customerProfile/team/0/email", "Name": "/name", "what somebody typed": "", "Referral": "",
	} {
		text, _ := json.Marshal(map[string]any{"error": map[string]any{"code": "invalidRequest", "target": "referral",
			"innerError": map[string]any{"code": "x", "target": target}}})
		_, c := serve(t, httpclienttest.Answer(400, string(text)))
		_, err := c.Patch(ctx, oneID, etag1, ops)
		if e := fault.Of(err); e.Target != want || !strings.Contains(e.Say, e.Target) {
			t.Errorf("%q became %q: %s", target, e.Target, e.Say)
		}
		_, err = c.Create(ctx, struct{}{}, oneID)
		if e := fault.Of(err); e.Target != want || fault.ClassOf(err) != fault.Record {
			t.Errorf("creating: %q became %q", target, e.Target)
		}
	}
	_, c := serve(t, httpclienttest.Answer(400, `{"error":{"code":"x"}}`))
	if _, err := c.Patch(ctx, oneID, etag1, ops[:1]); fault.Of(err).Target != "/details/dealValue" {
		t.Errorf("what was alone is what was refused: %+v", fault.Of(err))
	}
}

// TestARoleIsOursADealIsTheRecords: a 403 on a change may be for this deal alone, and so may one on a read
// while the list is answered; all others are about what the integration user may do.
func TestARoleIsOursADealIsTheRecords(t *testing.T) {
	t.Parallel()
	_, c := serve(t, httpclienttest.Answer(403, `{"error":{"code":"accessDenied"}}`))
	_, err := c.Get(ctx, oneID)
	wantMeaning(t, err, "refused/ours", CodeRole)
	_, err = c.Create(ctx, struct{}{}, oneID)
	wantMeaning(t, err, "refused/ours", CodeRole)
	_, _, err = c.Registration(ctx)
	wantMeaning(t, err, "refused/ours", CodeRole)
	_, err = c.Patch(ctx, oneID, etag1, []Operation{{"replace", "/name", "x"}})
	wantMeaning(t, err, "refused/record", "accessDenied")
	w, c := serve(t, httpclienttest.Answer(403, ""), httpclienttest.Answer(200, `{"value":[]}`))
	_, err = c.Get(ctx, oneID)
	if wantMeaning(t, err, "refused/record", CodeAccess); len(w.Calls()) != 2 || !strings.HasSuffix(w.Calls()[1].URI, "?$top=1") {
		t.Errorf("%+v", w.Calls())
	}
	_, c = serve(t, httpclienttest.Answer(404, ""))
	_, err = c.Create(ctx, struct{}{}, oneID)
	wantMeaning(t, err, "refused/record", "engagement.unknown")
}

// TestTheirWordsAreForAuditAlone: they may quote names and addresses of people.
func TestTheirWordsAreForAuditAlone(t *testing.T) {
	t.Parallel()
	const canary = "CANARY Jane Doe jane@example.com"
	text, _ := json.Marshal(map[string]any{"error": map[string]any{"code": canary, "message": canary, "target": canary,
		"innerError": map[string]any{"code": "x", "message": "the cause\r\n" + strings.Repeat("é", 2000)}}})
	for _, status := range []int{400, 401, 403, 404, 409, 412, 415, 422, 500} {
		_, c := serve(t, httpclienttest.Answer(status, string(text)))
		_, get := c.Get(ctx, oneID)
		_, patch := c.Patch(ctx, oneID, etag1, []Operation{{"replace", "/name", "x"}})
		_, create := c.Create(ctx, struct{}{}, oneID)
		for _, err := range []error{get, patch, create} {
			e := fault.Of(err)
			if strings.Contains(err.Error()+e.Code+e.Say+e.Mend+e.Target, "CANARY") || strings.Contains(err.Error(), "é") {
				t.Errorf("%d: %v %+v", status, err, e)
			}
			if e.Code != "outcome.unknown" && (!strings.HasPrefix(e.Theirs, canary+"; the cause") || len([]rune(e.Theirs)) != 200) {
				t.Errorf("%d: quotes %q", status, e.Theirs)
			}
		}
	}
}

// TestWhatIsUnprovenGoesApartAndFirst: its refusal must hold nothing else.
func TestWhatIsUnprovenGoesApartAndFirst(t *testing.T) {
	t.Parallel()
	paths := func(ops []Operation) string {
		var parts []string
		for _, part := range apart(ops) {
			var paths []string
			for _, op := range part {
				paths = append(paths, op.Path)
			}
			parts = append(parts, strings.Join(paths, " "))
		}
		return strings.Join(parts, ", ")
	}
	ops := []Operation{{"replace", "/details/dealValue", 1}, {"replace", "/name", "x"}, {"replace", "/customerProfile/address/city", "x"},
		{"replace", "/customerProfile/address/country", "DE"}, {"add", "/team/-", nil}, {"replace", "/salesStage", "Close"}}
	if got := paths(ops); got != "/name, /customerProfile/address/city /customerProfile/address/country, /details/dealValue /team/- /salesStage" {
		t.Errorf("got %s", got)
	}
	if got := paths(append(slices.Clone(ops), Operation{"replace", "/status", "Active"})); strings.Contains(got, ",") {
		t.Errorf("a step of the life cycle is divided: %s", got)
	}
	made := append(ops, Operation{"add", "/details/requirements", struct{}{}}, Operation{"add", "/details/requirements/solutions", nil})
	if got := paths(made); !strings.HasPrefix(got, "/name, /details/dealValue /customerProfile/address/city") || !strings.HasSuffix(got, "/details/requirements /details/requirements/solutions") {
		t.Errorf("got %s", got)
	}

	w, c := serve(t, httpclienttest.Answer(200, referral(oneID, etag2), "ETag", etag2), httpclienttest.Answer(200, referral(oneID, etag1), "ETag", etag1))
	d, err := c.Patch(ctx, oneID, etag1, ops[:2])
	if err != nil || d.ETag() != etag1 || len(w.Calls()) != 2 || w.Calls()[0].Header.Get("If-Match") != etag1 || w.Calls()[1].Header.Get("If-Match") != etag2 ||
		!strings.Contains(w.Calls()[0].Body, "/name") || strings.Contains(w.Calls()[1].Body, "/name") {
		t.Errorf("%v, %v: %+v", d.ETag(), err, w.Calls())
	}

	w, c = serve(t, httpclienttest.Answer(400, `{"error":{"code":"invalidRequest","target":"referral"}}`))
	_, err = c.Patch(ctx, oneID, etag1, ops[:2])
	if e := fault.Of(err); e.Target != "/name" || len(w.Calls()) != 1 {
		t.Errorf("%+v after %d calls", e, len(w.Calls()))
	}
	if _, err = c.Patch(ctx, oneID, etag1, []Operation{ops[1], {"remove", "/status", nil}}); !fault.Is(err, fault.Invalid) || len(w.Calls()) != 1 {
		t.Errorf("%v: nothing may be sent when a part cannot be", err)
	}
}

// The third deal in a row that may not be changed shows that none may: that is ours, until one is changed.
func TestR143_ANoToEveryChangeIsOurs(t *testing.T) {
	const thirdID = "c1d2c3e4-5f60-4711-8a22-9c3d4e5f6a70"
	no, yes := httpclienttest.Answer(403, `{"error":{"code":"accessDenied"}}`), httpclienttest.Answer(200, referral(oneID, etag2), "ETag", etag2)
	_, c := serve(t, no, no, no, no, yes, no)
	for i, step := range []struct {
		id    string
		class fault.Class
		code  string
	}{{oneID, fault.Record, "accessDenied"}, {oneID, fault.Record, ""}, {otherID, fault.Record, ""}, {thirdID, fault.Ours, CodeRole}, {oneID, "", ""}, {thirdID, fault.Record, ""}} {
		_, err := c.Patch(t.Context(), step.id, etag1, []Operation{{Op: "replace", Path: "/details/dealValue", Value: 1}})
		if fault.ClassOf(err) != step.class || step.code != "" && fault.Of(err).Code != step.code {
			t.Errorf("step %d: %v of class %s", i, err, fault.ClassOf(err))
		}
	}
}

// TestAnAnswerToASecondTrySaysNothingOfTheFirst, whatever it is: the change may have been made.
func TestAnAnswerToASecondTrySaysNothingOfTheFirst(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403, 404, 412} {
		for before, maybe := range map[int]bool{0: false, 429: false, 503: true} {
			answers := []http.HandlerFunc{httpclienttest.Answer(before, "{}", "Retry-After", "1"), httpclienttest.Answer(status, `{"error":{"code":"x"}}`)}
			if before == 0 {
				answers = answers[1:]
			}
			w, c := serve(t, answers...)
			_, err := c.Patch(ctx, oneID, etag1, []Operation{{"replace", "/details/dealValue", 1}})
			if e := fault.Of(err); e == nil || e.Maybe != maybe || e.Status != status || len(w.Calls()) != len(answers) {
				t.Errorf("%d after %d: %+v, %d calls", status, before, e, len(w.Calls()))
			}
		}
	}
}

// TestARefusalOfALaterPartLeavesTheEarlierOnesWritten: the first part's refusal does not.
func TestARefusalOfALaterPartLeavesTheEarlierOnesWritten(t *testing.T) {
	t.Parallel()
	ops := []Operation{{"replace", "/name", "x"}, {"replace", "/details/dealValue", 1}}
	for part, maybe := range []bool{false, true} {
		answers := []http.HandlerFunc{httpclienttest.Answer(200, referral(oneID, etag2), "ETag", etag2), httpclienttest.Answer(400, `{"error":{"code":"x"}}`)}
		w, c := serve(t, answers[1-part:]...)
		_, err := c.Patch(ctx, oneID, etag1, ops)
		if e := fault.Of(err); e == nil || e.Maybe != maybe || len(w.Calls()) != part+1 {
			t.Errorf("part %d: %+v, %d calls", part, e, len(w.Calls()))
		}
	}
}
