package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// matches says whether a call that was made is a line of the plan: word for word, but for what the plan could not know
// yet. Variables with secrets count, too.
func (p planned) matches(r recorded) bool {
	line := p.line
	dir := ""
	if rest, ok := strings.CutPrefix(line, "(cd "); ok {
		dir, line, _ = strings.Cut(strings.TrimSuffix(rest, ")"), " && ")
	}
	if !strings.HasSuffix(r.Dir, dir) {
		return false
	}
	for {
		word, rest, _ := strings.Cut(line, " ")
		if word == "<settings>" {
			if r.Env["AZURE_SUBSCRIPTION_ID"] != subscription || r.Env["DATAVERSE_URL"] != "https://contoso.crm4.dynamics.com" {
				return false
			}
			line = rest
			continue
		}
		name, _, assigned := strings.Cut(word, "=")
		if !assigned || strings.HasPrefix(word, "-") {
			break
		}
		if strings.Contains(line, "=<secret ") && strings.HasPrefix(strings.TrimPrefix(line, name), "=<secret ") {
			_, rest, _ = strings.Cut(line, "> ")
		} else if r.Env[name] == "" {
			return false // what a variable without a secret holds is always there
		}
		line = rest
	}
	pattern := regexp.QuoteMeta(strings.ReplaceAll(strings.NewReplacer(`'\''`, "\x00", "'", "").Replace(line), "\x00", "'"))
	pattern = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(pattern, `[^ ]+`)
	return regexp.MustCompile("^" + strings.TrimPrefix(pattern, `\.build/`) + "$").MatchString(r.line())
}

// What PLAN=1 prints is what is run: every call that is made stands in the plan, in its order, and of the plan nothing
// is left out that has no condition.
func TestThePlanIsWhatIsRun(t *testing.T) {
	t.Parallel()
	for _, c := range [][]string{
		{"-env", "production"}, {"-env", "test"}, {"-env", "test", "-with", "func"}, {"-env", "test", "-with", "azd"},
		{"-env", "test", "-skip", "whatif,consent"}, {"-env", "test", "-only", "package,publish"}, {"-env", "test", "-last", "deploy"},
	} {
		t.Run(strings.Join(c, " "), func(t *testing.T) {
			s := newStage(t)
			if slices.Contains(c, "-only") {
				s.mustDeploy("-env", "test")
			}
			for turn := range 3 {
				plan := s.plan(c...)
				next := 0
				for _, call := range s.mustDeploy(c...) {
					for next < len(plan) && !plan[next].matches(call) {
						if plan[next].when == "" {
							t.Fatalf("turn %d: not made: %s\nbut: %s", turn, plan[next].line, call.line())
						}
						next++
					}
					if next == len(plan) {
						t.Fatalf("turn %d: not in the plan, or not there: %s", turn, call.line())
					}
					next++
				}
				for ; next < len(plan); next++ {
					if plan[next].when == "" {
						t.Fatalf("turn %d: not made: %s", turn, plan[next].line)
					}
				}
				s.environ = s.environ[:3] // the second time nobody gives a secret
			}
		})
	}
}

// The first run makes everything, so every line that changes something has been tried.
func TestTheFirstRunMakesEverything(t *testing.T) {
	t.Parallel()
	for _, env := range []string{"test", "production"} {
		s := newStage(t)
		calls := s.mustDeploy("-env", env)
		for _, p := range s.plan("-env", env) {
			made := slices.ContainsFunc(calls, p.matches)
			if p.changes && !made && !strings.Contains(p.line, "restart") && !strings.Contains(p.line, "secret set") && !strings.Contains(p.line, "--secret") {
				t.Errorf("%s: not made: %s", env, p.line)
			}
		}
		state := s.state()
		if len(state.Published) != 2 || state.Tags["cosell-package-sync"] == "" || state.Secrets["partner-center-client-secret"] != clientSecret ||
			!strings.HasPrefix(state.Secrets["operator-keys"], "operator=") || len(state.Secrets["dataverse-webhook-secret"]) < 16 {
			t.Errorf("%s: %+v", env, state)
		}
	}
}

// A second run finds everything as it is, and changes nothing.
func TestTheSecondRunChangesNothing(t *testing.T) {
	t.Parallel()
	for _, with := range []string{"az", "func", "azd"} {
		for _, env := range []string{"test", "production"} {
			s := newStage(t)
			s.mustDeploy("-env", env, "-with", with)
			before := s.state()
			s.environ = s.environ[:3]
			plan := s.plan("-env", env, "-with", with)
			for _, call := range s.mustDeploy("-env", env, "-with", with) {
				i := slices.IndexFunc(plan, func(p planned) bool { return p.matches(call) })
				if plan[i].changes && call.Tool != "cosellctl" { // which says itself what is as it should be
					t.Errorf("%s, %s: changed again: %s", env, with, call.line())
				}
			}
			if got := s.results("group", "deploy", "rights", "publish", "setup", "consent", "catalogue"); got != "group already, deploy already, rights already, publish already, setup already, consent already, catalogue already" {
				t.Errorf("%s, %s: %s", env, with, got)
			}
			if !strings.Contains(s.said, "nothing was changed; .build/reports/deploy.json") {
				t.Errorf("%s, %s: %s", env, with, s.report().changed())
			}
			if after := s.state(); after.Secrets["operator-keys"] != before.Secrets["operator-keys"] {
				t.Errorf("%s, %s: the operator's keys were made anew", env, with)
			}
		}
	}
}

// The plan needs no account, no tools and no settings of one's own.
func TestThePlanNeedsNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, env := range []string{"test", "production"} {
		plan := s.plan("-env", env, "-settings", "nowhere.env")
		if len(plan) < 20 || !strings.Contains(plan[1].line, nobody) {
			t.Errorf("%s: %v", env, plan)
		}
		registers := slices.ContainsFunc(plan, func(p planned) bool { return p.step == "register" })
		if registers != (env == "production") {
			t.Errorf("%s registers: %v", env, registers)
		}
	}
	if len(s.calls()) != 0 {
		t.Error("a tool was called")
	}
}
