package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/doctor"
	"github.com/cosell-sync/cosell-sync/shared/office"
)

// app answers like the function operator, and writes down what it was asked.
type app struct {
	*httptest.Server
	asked  []string
	status int
	answer any
	first  []office.Answer // what it answers before, one each
	health string          // what it says to anybody
}

func newApp(t *testing.T) (a *app, environ []string) {
	t.Helper()
	a = &app{status: http.StatusOK, answer: office.Answer{Done: true}}
	a.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/api/health" {
			_, _ = io.WriteString(w, a.health)
			return
		}
		a.asked = append(a.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
		if r.Header.Get("X-Cosell-Key") != "the-key" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(a.status)
		if len(a.first) > 0 {
			a.answer, a.first = a.first[0], a.first[1:]
		}
		_ = json.NewEncoder(w).Encode(a.answer)
	}))
	t.Cleanup(a.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return a, []string{"SYNC_OPERATOR_URL=" + a.URL + "/", "SYNC_OPERATOR_KEY=the-key", "SYNC_CA_FILE=" + ca}
}

func ctl(t *testing.T, environ []string, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e strings.Builder
	code = run(t.Context(), args, environ, &o, &e)
	return code, o.String(), e.String()
}

func TestVerbsAskForWhatTheyMean(t *testing.T) {
	held := []office.Held{{ID: "h-1", Text: "the value is too large", Mend: "make it smaller", Class: "record"}}
	parked := []office.Parked{{ID: "m-1", Reason: "no id", Original: json.RawMessage(`{"v":1}`)}}
	none, nothing := []office.Held{}, []office.Parked{}
	for _, c := range []struct {
		args   string
		answer office.Answer
		code   int
		asked  string
		shows  string
	}{
		{"status Contoso", office.Answer{Records: []office.Record{{Name: "Contoso", Why: "in step", InStep: true}}}, fine, "GET /api/operator/status?id=Contoso", "in step"},
		{"status o-1", office.Answer{Records: []office.Record{{Why: "held: x", Held: held, Parked: parked,
			Sides: &office.Sides{Differences: []office.Difference{{Field: "name", Opportunity: "left", Referral: "right"}}}}}}, found, "GET /api/operator/status?id=o-1", "left"},
		{"resync o-1", office.Answer{Done: true}, fine, `POST /api/operator/resync {"id":"o-1"}`, "o-1"},
		{"preview o-1", office.Answer{Previews: []office.Preview{{}}}, fine, "GET /api/operator/preview?id=o-1", "1 record: 0 would create"},
		{"preview --all", office.Answer{Census: &office.Census{}, Previews: []office.Preview{{Writes: []office.Write{{To: "crm", Field: "name", Value: "new"}}}}}, found,
			"GET /api/operator/preview,GET /api/operator/adopt", "new"},
		{"preview o-1", office.Answer{Previews: []office.Preview{{OpportunityID: "o-1", Does: office.Updates, Writes: []office.Write{{To: "CRM", Field: "name", Value: "b"}},
			Differences: []office.Difference{{Field: "name", Opportunity: "a", Referral: "b", Goes: "CRM", Why: "changed in Partner Center"}}}}}, found, "GET /api/operator/preview?id=o-1", "Partner Center  changed in Partner Center"},
		{"drift", office.Answer{Previews: []office.Preview{{Does: office.Updates, Differences: []office.Difference{{Field: "notes", Opportunity: "a", Referral: "b", Why: "left"}}}, {}}}, found,
			"GET /api/operator/preview", "2 pairs, 1 of them with differences"},
		{"drift", office.Answer{Previews: []office.Preview{{Differences: []office.Difference{{Field: "notes", Unexplained: true}, {Field: "name"}}}}}, found, "GET /api/operator/preview", "1 difference unexplained"},
		{"drift", office.Answer{Previews: []office.Preview{{}}}, fine, "GET /api/operator/preview", "1 pair, 0 of them"},
		{"held list", office.Answer{Held: &none}, fine, "GET /api/operator/held", "nothing is held"},
		{"held list", office.Answer{Held: &held}, found, "GET /api/operator/held", "too large"},
		{"held show h-1", office.Answer{Held: &held}, found, "GET /api/operator/held?id=h-1", "make it smaller"},
		{"held retry h-1", office.Answer{Held: &held}, fine, `POST /api/operator/held/retry {"id":"h-1"}`, "1 held"},
		{"held drop h-1 --reason because", office.Answer{Held: &held}, fine, `POST /api/operator/held/drop {"id":"h-1","reason":"because"}`, "1 dropped"},
		{"report", office.Answer{Report: &office.Report{Day: "2026-11-26"}}, fine, "GET /api/operator/report", "2026-11-26, as of"},
		{"report --day 2026-11-25", office.Answer{Report: &office.Report{Counts: office.ReportCounts{Ignored: 1}, Ignored: []office.Reported{{Held: office.Held{Text: "another system's"}, Link: "https://x/r-1" + strings.Repeat("1", 80)}}}}, found,
			"GET /api/operator/report?day=2026-11-25", "https://x/r-1" + strings.Repeat("1", 80)},
		{"parked list", office.Answer{Parked: &nothing}, fine, "GET /api/operator/parked", "nothing is parked"},
		{"parked list", office.Answer{Parked: &parked}, found, "GET /api/operator/parked", "no id"},
		{"parked show m-1", office.Answer{Parked: &parked}, found, "GET /api/operator/parked?id=m-1", `{"v":1}`},
		{"parked replay m-1", office.Answer{Done: true}, fine, `POST /api/operator/parked/replay {"id":"m-1"}`, "1 of 1"},
		{"parked replay --all", office.Answer{Parked: &parked}, fine, `GET /api/operator/parked,POST /api/operator/parked/replay {"id":"m-1"}`, "1 of 1"},
		{"parked drop m-1 --reason because", office.Answer{Done: true}, fine, `POST /api/operator/parked/drop {"id":"m-1","reason":"because"}`, "dropped"},
		{"link o-1 r-1 --reason because", office.Answer{Done: true}, fine, `POST /api/operator/link {"id":"o-1","referral":"r-1","reason":"because"}`, "linked"},
		{"ask-again o-1 --reason because", office.Answer{Done: true}, fine, `POST /api/operator/ask-again {"id":"o-1","reason":"because"}`, "asked again"},
		{"close-test o-1 --reason because", office.Answer{Done: true}, fine, `POST /api/operator/close-test {"id":"o-1","reason":"because"}`, "closed as a test"},
		{"brake show", office.Answer{Brake: &office.Brake{Limit: 50}}, fine, "GET /api/operator/brake", "off, and nothing waits"},
		{"brake show", office.Answer{Brake: &office.Brake{Aside: 3, Limit: 50, Causes: []office.BrakeCause{{Why: "another field sheet counts", Pairs: 3, Records: []string{"o-1"}}}}}, found, "GET /api/operator/brake", "another field sheet counts"},
		{"brake show", office.Answer{Brake: &office.Brake{On: true, Since: &time.Time{}, Aside: 60, Pairs: 70, Limit: 50, Released: &office.Released{By: "ann", Reason: "as meant"}}}, found, "GET /api/operator/brake", "60 of 70 pairs"},
		{"brake release --reason because", office.Answer{Done: true, Total: 60}, fine, `POST /api/operator/brake/release {"reason":"because"}`, "60 pairs released"},
		{"unlink o-1 --reason because", office.Answer{Done: true}, fine, `POST /api/operator/unlink {"id":"o-1","reason":"because"}`, "unlinked"},
	} {
		a, environ := newApp(t)
		a.answer = c.answer
		code, out, errOut := ctl(t, environ, strings.Fields(c.args)...)
		if code != c.code || strings.Join(a.asked, ",") != c.asked || !strings.Contains(out, c.shows) || errOut != "" {
			t.Errorf("%s: code %d, asked %q, says\n%s%s", c.args, code, a.asked, out, errOut)
		}
		a.asked = nil
		code, out, _ = ctl(t, environ, append(strings.Fields(c.args), "--json")...)
		var back office.Answer
		if err := json.Unmarshal([]byte(out), &back); err != nil || code != c.code {
			t.Errorf("%s --json: code %d, %v\n%s", c.args, code, err, out)
		}
	}
}

func TestPreviewOfAllGoesOnToTheEnd(t *testing.T) {
	a, environ := newApp(t)
	pages := []office.Answer{{Previews: []office.Preview{{}, {ReferralID: "r-4"}}, Next: "o-2", Total: 3}, {Previews: []office.Preview{{}}, Total: 3},
		{Census: &office.Census{Found: []office.Found{{ID: "r-1", Fate: "comes"}, {ID: "r-2", Fate: "letgo"}, {ID: "r-3", Fate: "comes"}, {ID: "r-4", Fate: "comes"}}}},
		{Previews: []office.Preview{{Does: office.Creates}}, Next: "r-3"}, {Previews: []office.Preview{{}}}}
	n := 0
	a.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.asked = append(a.asked, r.URL.RawQuery)
		_ = json.NewEncoder(w).Encode(pages[n])
		n++
	})
	code, out, errOut := ctl(t, environ, "preview", "--all")
	if code != found || !strings.Contains(out, "5 records: 1 would create") || fmt.Sprint(a.asked) != "[ after=o-2  ids=r-1%2Cr-3 ids=r-3]" {
		t.Errorf("code %d, asked %q, says %s", code, a.asked, out)
	}
	if !strings.Contains(errOut, "2 of 3 pairs") || !strings.Contains(errOut, "3 of 3 pairs") {
		t.Errorf("no progress: %s", errOut)
	}
}

func TestR151_AdoptListsAndThenPrintsTheSettingToKeep(t *testing.T) {
	a, environ := newApp(t)
	day := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	census := office.Census{Paired: 4, Older: 2, Since: &day, Found: []office.Found{{Kind: "referral", ID: "r-1", Name: "Tailspin", Fate: "comes"},
		{Kind: "opportunity", ID: "o-1", Name: "Fabrikam", Fate: "incomplete", Problems: []office.Held{{Text: "no contact"}}}, {Kind: "referral", ID: "r-2", Fate: "foreign", Other: "SF-1"}}}
	a.answer = office.Answer{Census: &census}
	code, out, _ := ctl(t, environ, "adopt", "--plan", "--since", "2026-02-01")
	for _, says := range []string{"     1 would come in", "     1 would be shared with Partner Center, once", "     1 would be left alone", "     4 open referrals are in pairs", "     2 left out", "r-1", "no contact", "SF-1"} {
		if !strings.Contains(out, says) {
			t.Errorf("%q is missing in\n%s", says, out)
		}
	}
	if code != found || strings.Index(out, "would come in") > strings.Index(out, "r-1") || strings.Contains(out, "SYNC_STARTED") {
		t.Errorf("code %d\n%s", code, out)
	}
	census.Setting, census.Taken = "SYNC_STARTED=2026-02-01", 3
	code, out, _ = ctl(t, environ, "adopt", "--yes", "--since", "2026-02-01", "--reason", "agreed")
	if code != fine || !strings.HasSuffix(out, "\nSYNC_STARTED=2026-02-01\n") || !strings.Contains(out, "3 of 3 are looked at now") || !strings.Contains(out, "would come in") {
		t.Errorf("code %d\n%s", code, out)
	}
	if want := `[GET /api/operator/adopt?since=2026-02-01 POST /api/operator/adopt {"reason":"agreed","since":"2026-02-01"}]`; fmt.Sprint(a.asked) != want {
		t.Errorf("asked %q", a.asked)
	}
	a.answer = office.Answer{Census: &office.Census{Found: []office.Found{}}}
	if code, out, _ := ctl(t, environ, "adopt", "--plan"); code != fine || !strings.Contains(out, "0 found") {
		t.Errorf("nothing to do: code %d\n%s", code, out)
	}
	a.answer = office.Answer{}
	for _, args := range [][]string{{"adopt", "--plan"}, {"adopt", "--yes"}} {
		if code, _, errOut := ctl(t, environ, args...); code != found || !strings.Contains(errOut, "an older version") {
			t.Errorf("%v, an app that knows no adopt: code %d, %s", args, code, errOut)
		}
	}
	for _, wrong := range [][]string{{"adopt"}, {"adopt", "--plan", "--yes"}} {
		if code, _, _ := ctl(t, environ, wrong...); code != wrongUse {
			t.Errorf("%v: code %d", wrong, code)
		}
	}
}

func TestWrongUseIsTwo(t *testing.T) {
	a, environ := newApp(t)
	for _, args := range []string{"", "nothing", "held", "status", "preview", "preview x --all", "parked replay", "unlink o-1", "ask-again o-1", "close-test o-1", "link o-1 --reason x",
		"held drop x", "status x --settings /no/such/file", "status x --local /no/such/local.json"} {
		if code, _, errOut := ctl(t, environ, strings.Fields(args)...); code != wrongUse || errOut == "" {
			t.Errorf("%q: code %d, %s", args, code, errOut)
		}
	}
	for _, wrong := range [][]string{{}, {"SYNC_OPERATOR_URL=http://x", "SYNC_OPERATOR_KEY=k"}, {"SYNC_OPERATOR_URL=https://x"}} {
		if code, _, errOut := ctl(t, wrong, "held", "list"); code != wrongUse || errOut == "" {
			t.Errorf("%v: code %d, %s", wrong, code, errOut)
		}
	}
	if code, out, _ := ctl(t, environ, "--help"); code != fine || !strings.Contains(out, "parked") {
		t.Errorf("help: code %d", code)
	}
	if len(a.asked) != 0 {
		t.Errorf("asked %q", a.asked)
	}
}

func TestWhoCannotBeReachedIsThree(t *testing.T) {
	a, environ := newApp(t)
	if code, _, errOut := ctl(t, append(environ, "SYNC_OPERATOR_KEY=wrong"), "held", "list"); code != unreachable || !strings.Contains(errOut, "key") {
		t.Errorf("a wrong key: code %d, %s", code, errOut)
	}
	a.status, a.answer = http.StatusServiceUnavailable, office.Refusal{Error: "the tables are away"}
	if code, _, errOut := ctl(t, environ, "held", "list"); code != unreachable || !strings.Contains(errOut, "the tables are away") {
		t.Errorf("503: code %d, %s", code, errOut)
	}
	a.status, a.answer = http.StatusNotFound, "a front page"
	if code, _, _ := ctl(t, environ, "held", "list"); code != unreachable {
		t.Errorf("something else: code %d", code)
	}
	a.status, a.answer = http.StatusNotFound, office.Refusal{Error: "no such pair"}
	if code, _, errOut := ctl(t, environ, "status", "x"); code != found || !strings.Contains(errOut, "no such pair") {
		t.Errorf("a refusal: code %d, %s", code, errOut)
	}
	a.Close()
	if code, _, errOut := ctl(t, environ, "held", "list"); code != unreachable || strings.Contains(errOut, "the-key") {
		t.Errorf("nobody there: code %d, %s", code, errOut)
	}
}

func TestSettingsComeFromAFileOrAWorld(t *testing.T) {
	a, environ := newApp(t)
	ca := strings.TrimPrefix(environ[2], "SYNC_CA_FILE=")
	dir := t.TempDir()
	settings, windows, local := filepath.Join(dir, "settings"), filepath.Join(dir, "windows"), filepath.Join(dir, "local.json")
	write := func(file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(settings, "# of the world\n\nSYNC_PUBLIC_URL="+a.URL+"\nexport SYNC_OPERATOR_KEYS=\"ann=the-key,bob=other\"\nSYNC_CA_FILE="+ca+"\n")
	write(windows, "\ufeffSYNC_PUBLIC_URL="+a.URL+"\r\nSYNC_OPERATOR_KEY=the-key\r\nSYNC_CA_FILE="+ca+"\r\n") // with the mark of its editors
	write(local, fmt.Sprintf(`{"caFile":%q,"product":{"url":%q,"operatorKey":"the-key"}}`, ca, a.URL))
	for _, args := range [][]string{{"--settings", settings, "held", "list"}, {"--settings", windows, "held", "list"}, {"held", "list", "--local", local}, {"--local=" + local, "held", "list"}} {
		if code, _, errOut := ctl(t, nil, args...); code != fine {
			t.Errorf("%v: code %d, %s", args, code, errOut)
		}
	}
	t.Chdir(dir)
	if err := os.Mkdir(".build", 0o755); err != nil {
		t.Fatal(err)
	}
	write(localDefault, fmt.Sprintf(`{"caFile":%q,"product":{"url":%q,"operatorKey":"the-key"}}`, ca, a.URL))
	if code, _, errOut := ctl(t, nil, "--local", "held", "list"); code != fine {
		t.Errorf("the default: code %d, %s", code, errOut)
	}
}

func TestWrongUseIsToldFromTrouble(t *testing.T) {
	a, environ := newApp(t)
	a.status, a.answer = http.StatusBadRequest, office.Refusal{Error: "say which"}
	if code, _, errOut := ctl(t, environ, "status", " "); code != wrongUse || !strings.Contains(errOut, "say which") {
		t.Errorf("400: code %d, %s", code, errOut)
	}
	asked := len(a.asked)
	if code, _, errOut := ctl(t, environ, "status", strings.Repeat("x", 100_000)); code != wrongUse || len(errOut) > 100 || len(a.asked) != asked {
		t.Errorf("a huge id: code %d, %.100s", code, errOut)
	}
	if code, _, errOut := ctl(t, environ, "--local", "/no/where", "held", "list"); code != wrongUse || !strings.Contains(errOut, "does a world run") {
		t.Errorf("no world: code %d, %s", code, errOut)
	}
}

// What people type in either system must not reach the terminal as commands, and a full disk is no answer.
func TestAnswersArePrintedWholeAndTame(t *testing.T) {
	a, environ := newApp(t)
	a.answer = office.Answer{More: true, Records: []office.Record{{Name: "Deal \x1b[2J\x1b]0;x\a 🚀", Why: "in step", InStep: true, Lines: []office.Line{{Result: "a\x1bb\x9b1m"}}}}}
	code, out, _ := ctl(t, environ, "status", "deal")
	if code != fine || strings.ContainsAny(out, "\x1b\a\u009b") || !strings.Contains(out, "🚀") || !strings.Contains(out, "more than these 1") {
		t.Errorf("code %d, %q", code, out)
	}
	var errOut strings.Builder
	for _, args := range [][]string{{"status", "x"}, {"--json", "status", "x"}} {
		errOut.Reset()
		if code := run(t.Context(), args, environ, fullDisk{}, &errOut); code == fine || !strings.Contains(errOut.String(), "no space") {
			t.Errorf("%v on a full disk: code %d, %s", args, code, errOut.String())
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestDoctorShowsWhatIsWrongAndHowToMendIt(t *testing.T) {
	since := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	bad := doctor.Finding{Check: "crm.steps", State: doctor.Failed, Say: "a step is off", Mend: "enable it", Since: &since}
	unsure := doctor.Finding{Check: "pc.solution", State: doctor.Unverified, Say: "nobody can ask", Mend: "look in the portal"}
	for _, c := range []struct {
		findings []doctor.Finding
		status   int
		code     int
		shows    string
	}{
		{[]doctor.Finding{{Check: "pc.mfa", State: doctor.OK, Say: "with MFA"}, unsure}, 200, fine, "cannot tell pc.solution       nobody can ask"},
		{[]doctor.Finding{bad}, 200, found, "since 2026-11-22 12:00:00Z\n                              enable it"},
		{nil, 401, unreachable, "does not know this operator key"},
		{nil, 503, unreachable, "app.key"},
	} {
		a, environ := newApp(t)
		a.answer, a.status = office.Answer{Examined: &office.Examination{Intake: a.URL, Findings: c.findings}}, c.status
		a.health = `{"status":"ok"}`
		code, out, _ := ctl(t, environ, "doctor", "--seller", "kim@x")
		if code != c.code || !strings.Contains(out, c.shows) || !strings.Contains(strings.Join(a.asked, ","), "GET /api/operator/doctor?only=&seller=kim%40x") {
			t.Errorf("code %d, asked %q, says\n%s", code, a.asked, out)
		}
		code, out, _ = ctl(t, environ, "doctor", "--json")
		var back office.Answer
		if err := json.Unmarshal([]byte(out), &back); err != nil || code != c.code || back.Examined == nil || len(back.Examined.Findings) < 3 {
			t.Errorf("--json: code %d, %v\n%s", code, err, out)
		}
	}
	a, environ := newApp(t)
	a.health = `{"status":"ok"}`
	bad.Code = "step.off opportunity"
	a.answer, a.status = office.Answer{Examined: &office.Examination{Findings: []doctor.Finding{bad, {Check: "crm.seller", State: doctor.Skipped, Say: "s", Mend: "m", Rests: "crm.reach"}}}}, 200
	_, out, _ := ctl(t, environ, "doctor", "--only", "crm", "--json")
	var given struct {
		Examined struct {
			Findings []json.RawMessage `json:"findings"`
		} `json:"examined"`
	}
	if err := json.Unmarshal([]byte(out), &given); err != nil {
		t.Fatal(err)
	}
	var last []string
	for _, f := range given.Examined.Findings[2:] {
		var b bytes.Buffer
		if err := json.Compact(&b, f); err != nil {
			t.Fatal(err)
		}
		last = append(last, b.String())
	}
	if want := []string{`{"check":"crm.steps","state":"failed","code":"step.off opportunity","say":"a step is off","mend":"enable it","since":"2026-11-22T12:00:00Z"}`,
		`{"check":"crm.seller","state":"skipped","say":"s","mend":"m","restsOn":"crm.reach"}`}; !slices.Equal(last, want) {
		t.Errorf("programs that read docs/doctor.md find %s", last)
	}
	a, environ = newApp(t)
	if code, _, errOut := ctl(t, environ, "doctor", "--only", "nonsense"); code != wrongUse || len(a.asked) != 0 || !strings.Contains(errOut, "nonsense") {
		t.Errorf("a check that is none: %d %q %s", code, a.asked, errOut)
	}
}

func TestAdoptListsTheFlowsThatAreOn(t *testing.T) {
	since := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		census office.Census
		code   int
		shows  string
	}{
		{office.Census{Flows: []office.OldFlow{{Name: "Partner Center to Dynamics 365", Changed: since}}}, found, "one flow of Microsoft's connector is on, and would write beside this installation. Switch it off before the work begins:\n       Partner Center to Dynamics 365 (since 2026-11-22 12:00:00Z)"},
		{office.Census{Unread: "may not read cloud flows"}, fine, "cannot tell: may not read cloud flows"},
	} {
		a, environ := newApp(t)
		a.answer = office.Answer{Census: &c.census}
		if code, out, _ := ctl(t, environ, "adopt", "--plan"); code != c.code || !strings.Contains(out, c.shows) {
			t.Errorf("code %d, says\n%s", code, out)
		}
	}
}
