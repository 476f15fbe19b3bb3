package control

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func dataverseRules() *Rules {
	return NewRules(Refusal{Status: 400, Code: "own", Message: "own text"}, "method", "table", "url", "column", "value")
}

func TestRuleRefusesByContent(t *testing.T) {
	number := func(s string) any { return json.Number(s) }
	tests := []struct {
		name  string
		match RuleMatch
		write Write
		hit   bool
	}{
		{"everything", RuleMatch{}, Write{Method: "DELETE"}, true},
		{"method", RuleMatch{Method: "patch"}, Write{Method: "PATCH"}, true},
		{"another method", RuleMatch{Method: "PATCH"}, Write{Method: "POST"}, false},
		{"table", RuleMatch{Table: "lead"}, Write{Table: "lead"}, true},
		{"another table", RuleMatch{Table: "lead"}, Write{Table: "opportunity"}, false},
		{"url", RuleMatch{URL: `/leads\(`}, Write{URL: "https://x/leads(1)"}, true},
		{"another url", RuleMatch{URL: `/leads\(`}, Write{URL: "https://x/leads"}, false},
		{"any value of a column", RuleMatch{Column: "name"}, Write{Set: map[string]any{"name": "x"}}, true},
		{"column not set", RuleMatch{Column: "name"}, Write{Set: map[string]any{"other": "x"}}, false},
		{"column not set on a new record", RuleMatch{Column: "name"}, Write{New: true}, false},
		{"names with *", RuleMatch{Column: "cosell_*"}, Write{Set: map[string]any{"cosell_state": 1}}, true},
		{"null is empty", RuleMatch{Column: "name", Value: "empty"}, Write{Set: map[string]any{"name": nil}}, true},
		{"no text is empty", RuleMatch{Column: "name", Value: "empty"}, Write{Set: map[string]any{"name": ""}}, true},
		{"left out of a new record is empty", RuleMatch{Column: "name", Value: "empty"}, Write{New: true}, true},
		{"left out of a change is not", RuleMatch{Column: "name", Value: "empty"}, Write{}, false},
		{"given on a new record", RuleMatch{Column: "name", Value: "empty"}, Write{New: true, Set: map[string]any{"name": "x"}}, false},
		{"zero is not empty", RuleMatch{Column: "n", Value: "empty"}, Write{Set: map[string]any{"n": 0}}, false},
		{"zero", RuleMatch{Column: "n", Value: "zero"}, Write{Set: map[string]any{"n": number("-0.00e7")}}, true},
		{"nought as a text", RuleMatch{Column: "n", Value: "zero"}, Write{Set: map[string]any{"n": "0"}}, false},
		{"null is not zero", RuleMatch{Column: "n", Value: "zero"}, Write{Set: map[string]any{"n": nil}}, false},
		{"ten is not zero", RuleMatch{Column: "n", Value: "zero"}, Write{Set: map[string]any{"n": 10.0}}, false},
		{"negative", RuleMatch{Column: "n", Value: "negative"}, Write{Set: map[string]any{"n": number("-0.01")}}, true},
		{"minus zero", RuleMatch{Column: "n", Value: "negative"}, Write{Set: map[string]any{"n": number("-0")}}, false},
		{"positive", RuleMatch{Column: "n", Value: "negative"}, Write{Set: map[string]any{"n": number("1e-3")}}, false},
		{"text", RuleMatch{Column: "name", Value: "^.{41,}$"}, Write{Set: map[string]any{"name": strings.Repeat("x", 41)}}, true},
		{"another text", RuleMatch{Column: "name", Value: "^.{41,}$"}, Write{Set: map[string]any{"name": "x"}}, false},
		{"text of a number", RuleMatch{Column: "n", Value: "^12$"}, Write{Set: map[string]any{"n": int64(12)}}, true},
		{"text of a truth", RuleMatch{Column: "b", Value: "^true$"}, Write{Set: map[string]any{"b": true}}, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r := dataverseRules()
			if _, err := r.Add(Rule{Match: tc.match}); err != nil {
				t.Fatal(err)
			}
			if _, hit := r.Refuses(tc.write); hit != tc.hit {
				t.Errorf("Refuses(%+v) under %+v = %v, want %v", tc.write, tc.match, hit, tc.hit)
			}
		})
	}
}

func TestRuleSaysItsOwnAnswerAndCounts(t *testing.T) {
	r := dataverseRules()
	mustAdd(t, r, Rule{Match: RuleMatch{Column: "A*"}, Status: 403, Code: "c", Message: "m", Field: true, Times: 1})
	mustAdd(t, r, Rule{Match: RuleMatch{Column: "a"}})
	write := Write{Set: map[string]any{"a": 1}}
	if got, _ := r.Refuses(write); got != (Refusal{Status: 403, Code: "c", Message: "m", Name: "a"}) {
		t.Errorf("first answer %+v", got)
	}
	if got, _ := r.Refuses(write); got != (Refusal{Status: 400, Code: "own", Message: "own text"}) {
		t.Errorf("second answer %+v, want that of the second rule, which names nothing", got)
	}
	r.Clear()
	if got, hit := r.Refuses(write); hit {
		t.Errorf("after Clear: %+v", got)
	}
}

func TestRulePathGoesThroughLists(t *testing.T) {
	r := NewRules(Refusal{Status: 400}, "method", "url", "path", "value")
	mustAdd(t, r, Rule{Match: RuleMatch{Path: "/customerProfile/team/*/email", Value: "empty"}, Field: true})
	got, hit := r.Refuses(Write{Set: map[string]any{"customerprofile/team/0/email": "a@b.c", "customerprofile/team/1/email": ""}})
	if !hit || got.Name != "customerprofile/team/1/email" {
		t.Errorf("refused %v for %q, want the second member's email", hit, got.Name)
	}
}

func TestRulesControlCallsAreStrict(t *testing.T) {
	for body, want := range map[string]string{
		`{"match":{"colum":"x"}}`:                  "colum",
		`{"match":{"path":"x"}}`:                   "match.path means nothing here",
		`{"match":{"value":"zero"}}`:               "name it",
		`{"field":true}`:                           "name it",
		`{"match":{"column":"x","value":"("}}`:     "match.value",
		`{"match":{"url":"("}}`:                    "match.url",
		`{"match":{"column":"["}}`:                 "not a name",
		`{"match":{"method":"FETCH"}}`:             "match.method",
		`{"status":200}`:                           "400 to 599",
		`{"times":-1}`:                             "times -1",
		` null `:                                   "null says nothing", // else it would refuse everything
		`{"match":{"method":"PATCH"}} {"match":0}`: "follows",
	} {
		status, answer := callRules(dataverseRules(), http.MethodPost, body)
		if status != 400 || !strings.Contains(answer, want) {
			t.Errorf("POST /rules %s: %d %s, want 400 with %q", body, status, answer, want)
		}
	}
	r := dataverseRules()
	if status, answer := callRules(r, http.MethodPost, `{"match":{"table":"lead"},"status":400,"code":"c","message":"m"}`); status != 200 || !strings.Contains(answer, `"rules":1`) {
		t.Errorf("POST /rules: %d %s", status, answer)
	}
	if _, hit := r.Refuses(Write{Table: "lead"}); !hit {
		t.Error("the rule that was posted refuses nothing")
	}
	if status, answer := callRules(r, http.MethodDelete, ""); status != 200 || !strings.Contains(answer, `"rules":0`) {
		t.Errorf("DELETE /rules: %d %s", status, answer)
	}
	if _, hit := r.Refuses(Write{Table: "lead"}); hit {
		t.Error("after DELETE /rules the rule still refuses")
	}
}

func mustAdd(t *testing.T, r *Rules, rule Rule) {
	t.Helper()
	if _, err := r.Add(rule); err != nil {
		t.Fatal(err)
	}
}

func callRules(r *Rules, method, body string) (int, string) {
	mux := http.NewServeMux()
	r.MountControl(mux)
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, httptest.NewRequest(method, "/rules", strings.NewReader(body)))
	return rec.Code, rec.Body.String()
}
