package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/doctor"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/funchost"
	"github.com/cosell-sync/cosell-sync/shared/office"
)

// fake writes down what it was asked, and answers one of everything or its error.
type fake struct {
	asked string
	err   error
}

func (f *fake) note(args ...any) error {
	f.asked = strings.TrimSpace(fmt.Sprintln(args...))
	return f.err
}

func (f *fake) Status(_ context.Context, id string) ([]office.Record, bool, error) {
	return []office.Record{{OpportunityID: id}}, id == "many", f.note("status", id)
}

func (f *fake) Resync(_ context.Context, a office.Act, id string) error {
	return f.note("resync", id, a.By, a.Reason)
}

func (f *fake) PreviewOne(_ context.Context, id string) (office.Preview, error) {
	return office.Preview{}, f.note("preview", id)
}

func (f *fake) PreviewSome(_ context.Context, ids string) ([]office.Preview, string, error) {
	return []office.Preview{{}}, "c", f.note("preview some", ids)
}

func (f *fake) PreviewAll(_ context.Context, after string, limit int) ([]office.Preview, string, int, error) {
	return []office.Preview{{}}, "next-id", 7, f.note("preview all", after, limit)
}

func (f *fake) AdoptPlan(_ context.Context, since string) (office.Census, error) {
	return office.Census{Found: []office.Found{}}, f.note("adopt plan", since)
}

func (f *fake) Adopt(_ context.Context, a office.Act, since string) (office.Census, error) {
	return office.Census{Setting: "SYNC_STARTED=" + since}, f.note("adopt", since, a.By, a.Reason)
}

func (f *fake) MappingCheck(_ context.Context, t office.SheetText) (office.Mapping, error) {
	return office.Mapping{}, f.note("mapping check", t.File, t.Text)
}

func (f *fake) MappingDiff(_ context.Context, t office.SheetText) (office.Mapping, error) {
	return office.Mapping{}, f.note("mapping diff", t.File, t.Text)
}

func (f *fake) MappingPull(_ context.Context, number int) (office.Mapping, error) {
	return office.Mapping{}, f.note("mapping pull", number)
}

func (f *fake) MappingPush(_ context.Context, a office.Act, t office.SheetText) (office.Mapping, error) {
	return office.Mapping{Pushed: true}, f.note("mapping push", t.File, t.Text, t.Yes, a.By, a.Reason)
}

func (f *fake) CatalogueImport(_ context.Context, a office.Act, rows office.CatalogueRows) (office.CatalogueImport, error) {
	return office.CatalogueImport{Same: len(rows.Entries)}, f.note("catalogue import", rows.Entries[0].Identifier, rows.Entries[0].Line, a.By)
}

func (f *fake) HeldList(context.Context) ([]office.Held, error) {
	return []office.Held{}, f.note("held")
}

func (f *fake) HeldShow(_ context.Context, id string) ([]office.Held, error) {
	return []office.Held{{}}, f.note("held", id)
}

func (f *fake) HeldRetry(_ context.Context, a office.Act, id string) ([]office.Held, error) {
	return []office.Held{{}}, f.note("held retry", id, a.By)
}

func (f *fake) HeldDrop(_ context.Context, a office.Act, id string) ([]office.Held, error) {
	return []office.Held{{}}, f.note("held drop", id, a.By, a.Reason)
}

func (f *fake) Report(_ context.Context, day string) (office.Report, error) {
	return office.Report{Day: "2026-11-26"}, f.note("report", day)
}

func (f *fake) ParkedList(context.Context) ([]office.Parked, error) {
	return []office.Parked{}, f.note("parked")
}

func (f *fake) ParkedShow(_ context.Context, id string) (office.Parked, error) {
	return office.Parked{ID: id}, f.note("parked", id)
}

func (f *fake) ParkedReplay(_ context.Context, a office.Act, id string) error {
	return f.note("parked replay", id, a.By)
}

func (f *fake) ParkedDrop(_ context.Context, a office.Act, id string) error {
	return f.note("parked drop", id, a.By, a.Reason)
}

func (f *fake) BrakeShow(context.Context) (office.Brake, error) {
	return office.Brake{On: true, Aside: 60, Limit: 50}, f.note("brake")
}

func (f *fake) BrakeRelease(_ context.Context, a office.Act) (int, error) {
	return 60, f.note("release", a.By, a.Reason)
}

func (f *fake) Link(_ context.Context, a office.Act, o, r string) error {
	return f.note("link", o, r, a.By, a.Reason)
}

func (f *fake) AskAgain(_ context.Context, a office.Act, id string) error {
	return f.note("ask-again", id, a.By, a.Reason)
}

func (f *fake) Examine(_ context.Context, only, seller string) (office.Examination, error) {
	return office.Examination{Findings: []doctor.Finding{{Check: only}}}, f.note("doctor", only, seller)
}

func (f *fake) CloseTest(_ context.Context, a office.Act, id string) error {
	return f.note("close-test", id, a.By, a.Reason)
}

func (f *fake) Unlink(_ context.Context, a office.Act, id string) error {
	return f.note("unlink", id, a.By, a.Reason)
}

// call goes through the guard and the host's protocol, as an operator's call does.
func call(f *fake, method, path, body string) *httptest.ResponseRecorder {
	guard := funchost.Operators{Keys: []funchost.Key{{Name: "ann", Text: "the-key"}}, Log: slog.New(slog.DiscardHandler)}
	h := funchost.NewServer([]funchost.Function{{Name: "operator", Route: "operator/{*path}", HTTP: guard.Guard("operator", &Handler{Office: f})}}, nil, funchost.Options{})
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, office.Route+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("x-cosell-key", "the-key")
	h.ServeHTTP(w, r)
	return w
}

func TestEveryRouteReachesItsPartOfTheOffice(t *testing.T) {
	for _, c := range []struct{ method, path, body, asked, has string }{
		{"GET", "status?id=a%20b", "", "status a b", `"records":[{"opportunity":"a b"`},
		{"GET", "status?id=many", "", "status many", `}],"more":true`},
		{"GET", "preview?id=x", "", "preview x", `"previews":[`},
		{"GET", "preview?after=y", "", "preview all y 50", `"next":"next-id","total":7,"counts":{"records":1,`},
		{"GET", "preview?ids=a,b,c", "", "preview some a,b,c", `"next":"c"`},
		{"GET", "adopt?since=2026-03-01", "", "adopt plan 2026-03-01", `"census":{"paired":0,"older":0,"found":[]}`},
		{"POST", "adopt", `{"since":"2026-03-01","reason":"y"}`, "adopt 2026-03-01 ann y", `"setting":"SYNC_STARTED=2026-03-01"`},
		{"GET", "held", "", "held", `"held":[]`},
		{"GET", "held?id=o/crm/name/x", "", "held o/crm/name/x", `"held":[{`},
		{"GET", "doctor?only=pc&seller=kim@x", "", "doctor pc kim@x", `"examined":{"findings":[{"check":"pc"`},
		{"GET", "report", "", "report", `"report":{"day":"2026-11-26"`},
		{"GET", "report?day=2026-11-25", "", "report 2026-11-25", `"report":{`},
		{"GET", "parked", "", "parked", `"parked":[]`},
		{"GET", "parked?id=m", "", "parked m", `"parked":[{"id":"m"`},
		{"POST", "resync", `{"id":"x"}`, "resync x ann", `"done":true`},
		{"POST", "held/retry", `{"id":"x"}`, "held retry x ann", `"done":true`},
		{"POST", "held/drop", `{"id":"x","reason":"y z"}`, "held drop x ann y z", `"done":true`},
		{"POST", "parked/replay", `{"id":"x"}`, "parked replay x ann", `"done":true`},
		{"POST", "parked/drop", `{"id":"x","reason":"y"}`, "parked drop x ann y", `"done":true`},
		{"POST", "link", `{"id":"o","referral":"r","reason":"y"}`, "link o r ann y", `"done":true`},
		{"POST", "ask-again", `{"id":"o","reason":"y"}`, "ask-again o ann y", `"done":true`},
		{"POST", "close-test", `{"id":"o","reason":"y"}`, "close-test o ann y", `"done":true`},
		{"POST", "unlink", `{"id":"o","reason":"y"}`, "unlink o ann y", `"done":true`},
		{"GET", "brake", "", "brake", `"brake":{"on":true,"aside":60,"limit":50`},
		{"POST", "brake/release", `{"reason":"y z"}`, "release ann y z", `"total":60`},
		{"GET", "mapping", "", "mapping pull 0", `"mapping":{`},
		{"GET", "mapping?id=3", "", "mapping pull 3", `"mapping":{`},
		{"POST", "catalogue/import", `{"entries":[{"line":2,"identifier":"SOL-1","name":"x"}]}`, "catalogue import SOL-1 2 ann", `"same":1`},
		{"POST", "mapping/check", `{"file":"m.yaml","text":"- x"}`, "mapping check m.yaml - x", `"mapping":{`},
		{"POST", "mapping/diff", `{"file":"m.yaml","text":"- x"}`, "mapping diff m.yaml - x", `"mapping":{`},
		{"POST", "mapping/push", `{"file":"m.yaml","text":"- x","yes":true,"reason":"y"}`, "mapping push m.yaml - x true ann y", `"done":true`},
	} {
		f := &fake{}
		w := call(f, c.method, c.path, c.body)
		if w.Code != http.StatusOK || f.asked != c.asked || !strings.Contains(w.Body.String(), c.has) || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s: %d %s, asked %q", c.method, c.path, w.Code, w.Body, f.asked)
		}
	}
}

func TestWhatIsAskedWronglyReachesNobody(t *testing.T) {
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "", "", 404}, {"GET", "nothing", "", 404}, {"GET", "held/nothing", "", 404}, {"GET", "brake/release", "", 405}, {"POST", "brake/release", "", 400}, {"POST", "brake", "{}", 405}, {"GET", "mapping?id=x", "", 400}, {"GET", "mapping/push", "", 405},
		{"POST", "status", "{}", 405}, {"GET", "resync", "", 405}, {"DELETE", "parked", "", 405}, {"POST", "report", "{}", 405},
		{"POST", "resync", "", 400}, {"POST", "resync", "[]", 400}, {"POST", "resync", `{"id":"x","more":1}`, 400},
	} {
		f := &fake{}
		if w := call(f, c.method, c.path, c.body); w.Code != c.status || f.asked != "" {
			t.Errorf("%s %s %s: %d, asked %q", c.method, c.path, c.body, w.Code, f.asked)
		}
	}
}

func TestRefusalSaysWhyAndWhatToDo(t *testing.T) {
	for want, err := range map[int]error{
		400: fault.New(fault.Invalid, "no reason given"),
		404: fault.New(fault.Gone, "not there"),
		409: fault.New(fault.Refused, "linked elsewhere").With("link.taken", "unlink it there first"),
		429: fault.Wait(0, "asked to wait"),
		502: fault.New(fault.Denied, "no access"),
		503: fault.New(fault.Broken, "away"),
	} {
		w := call(&fake{err: err}, "POST", "unlink", `{"id":"x"}`)
		if w.Code != want || !strings.Contains(w.Body.String(), err.Error()) || !strings.Contains(w.Body.String(), fault.Of(err).Mend) {
			t.Errorf("%v: %d %s", err, w.Code, w.Body)
		}
	}
}
