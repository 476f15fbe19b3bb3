package chaos

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/control"
)

// paper is a world that answers what stands on it, and {} to everything else: judges ask it what they cannot see in a history.
type paper struct {
	answers map[string]string // by method and path
	late    []control.Entry   // what the history of Partner Center has once it was asked for
	asked   *heard
}

// neverAtRest is the answer of a world that something still waits in.
const neverAtRest = "408"

func TestAWorldThatDoesNotComeToRestTellsWhatWaits(t *testing.T) {
	p := &paper{answers: map[string]string{"GET /host/idle": neverAtRest, "GET /servicebus/queues": `{"referral-wanted":{"active":2}}`, "GET /host/status": `{"state":"down"}`}}
	err := p.on(t).rest(t.Context())
	if err == nil || !strings.Contains(err.Error(), `servicebus/queues: {"referral-wanted":{"active":2}}`) || !strings.Contains(err.Error(), `host/status: {"state":"down"}`) {
		t.Errorf("%v", err)
	}
}

// heard are the calls that came.
type heard struct {
	mu  sync.Mutex
	all []string
}

// times notes a call, and says the how manieth it is.
func (h *heard) times(call string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, call)
	for _, one := range h.all {
		if one == call {
			n++
		}
	}
	return n
}

func (p *paper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := r.Method + " " + r.URL.Path
	n := p.asked.times(call)
	switch answer, there := p.answers[call]; {
	case answer == neverAtRest:
		w.WriteHeader(http.StatusRequestTimeout)
	case there:
		_, _ = io.WriteString(w, answer)
	case strings.HasSuffix(call, "/history"):
		late := []control.Entry{}
		if strings.Contains(call, "partnercenter") && n > 1 {
			late = append(late, p.late...)
		}
		_ = json.NewEncoder(w).Encode(late)
	default:
		_, _ = io.WriteString(w, "{}")
	}
}

// on gives a client of a world of paper.
func (p *paper) on(t *testing.T) *client {
	t.Helper()
	p.asked = &heard{}
	server := httptest.NewTLSServer(p)
	t.Cleanup(server.Close)
	plain := httptest.NewServer(p)
	t.Cleanup(plain.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	local := control.Local{CAFile: ca, Product: control.Product{URL: server.URL}, Host: control.Part{Control: plain.URL + "/host"}}
	local.PartnerCenter.Control, local.Dataverse.Control = plain.URL+"/partnercenter", plain.URL+"/dataverse"
	local.ServiceBus.Control, local.Tables.Control, local.Vault.Control = plain.URL+"/servicebus", plain.URL+"/tables", plain.URL+"/vault"
	c, err := newClient(local)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// asks is what a judge found who asked a world.
func asks(t *testing.T, p paper, judge func(c *court) error) []Violation {
	t.Helper()
	c := trial()
	c.s.ctx, c.s.c = t.Context(), p.on(t)
	if err := judge(c); err != nil {
		t.Fatal(err)
	}
	return c.found
}

// worldly are pleas about what a judge asks the world for.
func worldly() map[string]struct {
	world paper
	judge func(c *court) error
	rules []string
} {
	whole := func(judge func(*court, bool) error) func(*court) error {
		return func(c *court) error { return judge(c, true) }
	}
	aside, drifts, silence := whole((*court).aside), whole((*court).drifts), whole((*court).silence)
	about := `"opportunity":"` + anOpportunity + `"`
	previews := func(of string) map[string]string {
		return map[string]string{"GET /api/operator/preview": `{"previews":[{` + about + of + `}]}`}
	}
	holds := func(h held) func(*court) error {
		return func(c *court) error {
			c.held = []held{h}
			return aside(c)
		}
	}
	return map[string]struct {
		world paper
		judge func(c *court) error
		rules []string
	}{
		"nothing lies aside":        {paper{answers: map[string]string{"GET /servicebus/queues": `{"referral-changed":{"deadLettered":0}}`}}, aside, nil},
		"a dead letter":             {paper{answers: map[string]string{"GET /servicebus/queues": `{"referral-changed":{"deadLettered":1}}`}}, aside, []string{"dead letters"}},
		"a parked message":          {paper{answers: map[string]string{"GET /api/operator/parked": `{"parked":[{"id":"p"}]}`}}, aside, []string{"parked"}},
		"held by a rule":            {paper{}, holds(held{Opportunity: anOpportunity, Class: "rule", Code: "c", Text: "t"}), nil},
		"held by our own fault":     {paper{}, holds(held{Opportunity: anOpportunity, Class: "ours", Code: "c", Text: "t"}), []string{"held"}},
		"held without words":        {paper{}, holds(held{Opportunity: anOpportunity, Class: "rule", Code: "c"}), []string{"held"}},
		"of another play":           {paper{}, holds(held{Opportunity: "other", Class: "ours"}), nil},
		"a difference that is told": {paper{answers: previews(`,"differences":[{"unexplained":false}]`)}, drifts, nil},
		"one that nothing explains": {paper{answers: previews(`,"differences":[{"unexplained":true}]`)}, drifts, []string{"drift"}},
		"something left to write":   {paper{answers: previews(`,"writes":[{"field":"x"}]`)}, drifts, []string{"drift"}},
		"a pair that fails":         {paper{answers: previews(`,"failed":"it cannot be read"`)}, drifts, []string{"drift"}},
		"nothing moves":             {paper{}, silence, nil},
		"a write at rest":           {paper{late: []control.Entry{patch(9, "1", "/name", `"n"`)}}, asksTwice(silence), []string{"silence"}},
		"a read at rest":            {paper{late: []control.Entry{calledAgain(9)}}, asksTwice(silence), nil},
	}
}

// asksTwice has the history asked for once before: what came late is in the second answer.
func asksTwice(judge func(*court) error) func(*court) error {
	return func(c *court) error {
		if _, err := c.s.c.history(c.s.ctx, "partnercenter", 0); err != nil {
			return err
		}
		return judge(c)
	}
}

func TestJudgesWhoAskTheWorldSayNo(t *testing.T) {
	for name, p := range worldly() {
		var got []string
		for _, v := range asks(t, p.world, p.judge) {
			got = append(got, v.Rule)
		}
		if !slices.Equal(got, p.rules) {
			t.Errorf("%s: %v, want %v", name, got, p.rules)
		}
	}
}

// uncrossed are values typed last that are not on both sides.
func uncrossed(side string) []Violation {
	c := trial()
	if side == inCRM {
		c.row()["estimatedvalue"] = "8"
	} else {
		c.referral()["details"].(fields)["dealValue"] = "8"
	}
	c.crossed()
	return c.found
}

// A value that crossed is no matter, one that stands on one side alone is, whatever Audit says of it.
func TestWhatWasTypedLastMustCross(t *testing.T) {
	c := trial()
	c.crossed()
	if len(c.found) > 0 {
		t.Errorf("%+v", c.found)
	}
	for _, side := range []string{inCRM, inPortal} {
		if found := uncrossed(side); len(found) != 1 || found[0].Rule != "crossed" {
			t.Errorf("%s: %+v", side, found)
		}
	}
}

// playsOnPaper is a scenario of one step, in a world where nothing happens.
func playsOnPaper(t *testing.T, do step) (Outcome, string) {
	t.Helper()
	var told bytes.Buffer
	world := &paper{answers: map[string]string{"GET /host/clock": `{"now":"2026-03-02T12:00:00Z"}`}}
	o, err := Scenario{Name: "on paper", steps: []step{do}}.play(t.Context(), world.on(t), 1, &told)
	if err != nil {
		t.Fatal(err)
	}
	return o, told.String()
}

// A world that has lost a part for good shows nothing of the product.
func TestARestartThatFailedIsNoTroubleOfTheProduct(t *testing.T) {
	p := &paper{answers: map[string]string{"GET /host/restart": `{"restarts":1,"failed":"starting the tables again: no answer"}`}}
	s := &stage{ctx: t.Context(), c: p.on(t)}
	if _, err := s.restarted(); err == nil || !strings.Contains(err.Error(), "starting the tables again") {
		t.Errorf("%v", err)
	}
}

func TestAScenarioWhoseTroubleNeverComesShowsNothing(t *testing.T) {
	if o, told := playsOnPaper(t, func(*stage) error { return nil }); !o.OK || len(o.Violations) > 0 {
		t.Errorf("%+v %s", o, told)
	}
	o, told := playsOnPaper(t, func(*stage) error { return fmt.Errorf("kill: %w", errNever) })
	if o.OK || len(o.Violations) != 1 || o.Violations[0].Rule != "trouble" || !strings.Contains(told, "VIOLATED trouble") {
		t.Errorf("%+v %s", o, told)
	}
}

// A judge who never says no is none: each line that can say no has said it in a test.
func TestEveryJudgeHasSaidNo(t *testing.T) {
	said := map[string]bool{}
	hear := func(found []Violation) {
		for _, v := range found {
			said[v.at] = true
		}
	}
	for _, c := range pleas() {
		court := trial()
		c.spoil(court)
		court.verdict()
		hear(court.found)
	}
	for _, p := range worldly() {
		hear(asks(t, p.world, p.judge))
	}
	hear(uncrossed(inCRM))
	o, _ := playsOnPaper(t, func(*stage) error { return errNever })
	hear(o.Violations)
	can := saysNo(t)
	for _, at := range can {
		if !said[at] {
			t.Errorf("%s says no to nothing that a test shows it: add a plea to judge_test.go", at)
		}
	}
	if len(can) < 20 {
		t.Errorf("only %d lines say no: %v", len(can), can)
	}
}

// saysNo are the lines of this package that call violates.
func saysNo(t *testing.T) (at []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "violates" {
					at = append(at, fmt.Sprintf("%s:%d", name, set.Position(call.Pos()).Line))
				}
			}
			return true
		})
	}
	return at
}
