package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// No secret is ever an argument, on the screen or in the report; a file with one is nobody else's to read, and gone
// afterwards.
func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	for _, with := range []string{"az", "func", "azd"} {
		s := newStage(t)
		s.processes = true
		s.environ = append(s.environ, "COSELL_OPERATOR_KEYS=ann=the-key-of-ann-hers,bob=the-key-of-bob-his1", "COSELL_FORWARD_URL=https://old.example.org/hook?code=forwarded", "TMPDIR="+t.TempDir())
		s.write("infra/azure/main.test.bicepparam", strings.Replace(s.read("infra/azure/main.test.bicepparam"), "param settings = {", "param settings = {\n  SYNC_MODE: 'shadow'", 1))
		shown := func(secrets ...string) {
			t.Helper()
			everything := s.said + s.read(".build/reports/deploy.json")
			for _, c := range s.calls() {
				everything += c.line()
				if c.Mode != "" && c.Mode != "-rw-------" {
					t.Errorf("a secret's file has mode %s", c.Mode)
				}
			}
			for _, secret := range append(secrets, "never shown", "the-key-of", "forwarded", clientSecret) {
				if strings.Contains(everything, secret) {
					t.Errorf("%s: %s is shown", with, secret)
				}
			}
		}
		s.mustDeploy("-env", "test", "-with", with)
		shown(s.state().Secrets["dataverse-webhook-secret"])
		s.environ = append(s.environ, "COSELL_PARTNER_CENTER_CLIENT_SECRET=another-secret", "COSELL_DATAVERSE_WEBHOOK_SECRET=another-webhook-secret")
		s.mustDeploy("-env", "test", "-with", with)
		shown("another-")
		s.set("fail.json", []map[string]any{{"call": "az deployment group what-if", "code": 1, "stderr": "ERROR: the value another-webhook-secret is not taken, nor is the-key-of-ann-hers"}})
		if err := s.deploy("-env", "test", "-with", with); err == nil || strings.Contains(err.Error(), "another-") || strings.Contains(err.Error(), "the-key-of") || !strings.Contains(err.Error(), "***") {
			t.Errorf("%s: %v", with, err)
		}
		shown("another-")
		if left, _ := filepath.Glob(filepath.Join(s.environ[len(s.environ)-3][len("TMPDIR="):], "cosell-*")); len(left) > 0 {
			t.Errorf("%s is left", left)
		}
	}
}

// Each call of each step may fail. The run stops there, says which step it was, what the tool said and how to go on, and the next
// run goes on to the end.
func TestAFailureOfAnyStepStopsThereAndIsGoneOnFrom(t *testing.T) {
	t.Parallel()
	first := newStage(t)
	calls := first.mustDeploy("-env", "production")
	var stepOf []string
	steps := 0
	for _, l := range first.report().Steps {
		if len(l.Calls) > 0 {
			steps++
		}
		for range l.Calls {
			stepOf = append(stepOf, l.Step)
		}
	}
	if steps != 15 || len(stepOf) != len(calls) { // the vault of production is left alone
		t.Fatalf("%d steps call something: %v", steps, stepOf)
	}
	for i, call := range calls {
		line := call.line()
		t.Run(stepOf[i], func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			nth := 1
			for _, before := range calls[:i] {
				if before.line() == line {
					nth++
				}
			}
			s.set("fail.json", []map[string]any{{"call": line, "whole": true, "nth": nth, "code": 1, "stderr": "ERROR: (SomethingElse) the tool's own words"}})
			err := s.deploy("-env", "production")
			if err == nil {
				t.Fatal("it did not fail")
			}
			lines := s.report().Steps
			failed := slices.IndexFunc(lines, func(l reportStep) bool { return l.Result == resultFailed })
			if failed < 0 || lines[failed].Step != stepOf[i] || len(lines) != 16 || !strings.Contains(lines[failed].Error, "the tool's own words") {
				t.Fatalf("%+v", lines)
			}
			for _, l := range lines[failed+1:] {
				if l.Result != resultNot {
					t.Errorf("%s after the failure: %s", l.Step, l.Result)
				}
			}
			for _, part := range []string{"the step " + lines[failed].Step + " failed", "the tool's own words", "What to do: ", "make deploy ENV=production\n", "SKIP=" + lines[failed].Step} {
				if strings.HasPrefix(part, "SKIP=") && failed < 3 { // tools, signin and look always run
					continue
				}
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is missing in: %v", part, err)
				}
			}
			if got := s.calls(); len(got) != i+1 {
				t.Errorf("%d calls, want %d", len(got), i+1)
			}
			s.set("fail.json", []map[string]any{})
			s.mustDeploy("-env", "production")
			if got := s.results("doctor"); got != "doctor done" || len(s.state().Published) != 2 {
				t.Errorf("after going on: %s", got)
			}
		})
	}
}

// A deployment that failed half-way leaves the secrets that are in the vault.
func TestAfterAFailedDeploymentTheSecretsStay(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.mustDeploy("-env", "test")
	before := s.state().Secrets
	s.set("state.json", map[string]any{"groups": map[string]bool{"cosell": true}, "failed": true, "secrets": before, "assignments": 1})
	s.environ = s.environ[:3] // nobody gives one
	s.mustDeploy("-env", "test")
	for name, v := range s.state().Secrets {
		if before[name] != v {
			t.Errorf("%s was made anew", name)
		}
	}
}

func TestASecretThatDiffersIsWrittenAndTheAppsStartAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.mustDeploy("-env", "test")
	s.environ = append(s.environ, "COSELL_PARTNER_CENTER_CLIENT_SECRET=the-next-one")
	restarts := restarted(s.mustDeploy("-env", "test", "-last", "secrets"))
	if got := s.state().Secrets["partner-center-client-secret"]; got != "the-next-one" || restarts != 2 {
		t.Errorf("%s, %d apps were started again", got, restarts)
	}
	if got := s.results("secrets", "publish"); got != "secrets done, publish skipped" {
		t.Error(got)
	}
}

// What the CRM keeps open, such as a key over duplicates, is said and gone on without; what it refuses is a failure.
func TestWhatSetupLeavesOpenIsSaid(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.set("state.json", map[string]any{"setupOpen": []string{"cosell_solution/identifier"}})
	s.mustDeploy("-env", "production")
	if got := s.report().Steps[11]; got.Step != "setup" || got.Result != resultDone || !strings.Contains(strings.Join(got.Says, "\n"), "open: key cosell_solution/identifier: two rows have the same value; make them differ") {
		t.Errorf("%+v", got)
	}
	s.set("state.json", map[string]any{"setupDenied": true})
	if err := s.deploy("-env", "production"); err == nil || !strings.Contains(err.Error(), "the step setup failed") || !strings.Contains(err.Error(), "ask a System Customizer") {
		t.Error(err)
	}
}

func TestANewSecretOfEventsGoesToTheCRM(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.mustDeploy("-env", "test")
	s.environ = append(s.environ, "COSELL_DATAVERSE_WEBHOOK_SECRET=the-next-one-of-events")
	told := ""
	for _, c := range s.mustDeploy("-env", "test") {
		if c.line() == "cosellctl setup dataverse --json --secret" {
			told = c.Env["DATAVERSE_WEBHOOK_SECRET"]
		}
	}
	if told != "the-next-one-of-events" {
		t.Errorf("the CRM was told %q", told)
	}
}

// A right that was given a moment ago is waited for; one that is missing otherwise is not.
func TestANewRightIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.set("fail.json", []map[string]any{{"call": "az keyvault secret show", "nth": 1, "code": 1, "stderr": `ERROR: (Forbidden) Inner error: { "code": "ForbiddenByRbac" }`}})
	s.mustDeploy("-env", "test")
	if s.waited != pause {
		t.Errorf("waited %s", s.waited)
	}
	s.waited = 0
	s.set("fail.json", []map[string]any{{"call": "az keyvault secret show", "code": 1, "stderr": `ERROR: (Forbidden) Inner error: { "code": "ForbiddenByRbac" }`}})
	if err := s.deploy("-env", "test"); err == nil || !strings.Contains(err.Error(), "Key Vault Secrets Officer") || s.waited != 0 {
		t.Errorf("%v after %s", err, s.waited)
	}
}

func TestAnAppThatStartsIsWaitedForButNotForEver(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.set("fail.json", []map[string]any{{"call": "cosellctl register", "nth": 1, "code": 3, "stderr": "cosellctl: cannot reach"}, {"call": "cosellctl doctor", "code": 3, "stderr": "cosellctl: cannot reach"}})
	err := s.deploy("-env", "production")
	if err == nil || s.results("register", "doctor") != "register done, doctor failed" || s.waited < patience || s.waited > 8*time.Minute {
		t.Errorf("%v after %s", err, s.waited)
	}
	s.waited = 0
	s.set("fail.json", []map[string]any{{"call": "cosellctl doctor", "code": 1, "stderr": "2 checks are not green"}})
	if err := s.deploy("-env", "production"); err == nil || s.waited != 0 {
		t.Errorf("something found: %v after %s", err, s.waited)
	}
}

// What the app ran into before the CRM was set up is cleared by the next pass of reconcile. Everything else that the
// doctor finds is a failure at once, with its mend.
func TestTheDoctorIsAskedAgainAfterASetup(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.set("state.json", map[string]any{"ill": 2})
	s.mustDeploy("-env", "production")
	if got := s.results("doctor"); got != "doctor done" || s.waited != 2*pause {
		t.Errorf("%s after %s", got, s.waited)
	}
	for name, state := range map[string]map[string]any{
		"crm.columns: it is not well; take two":                          {"sick": "crm.columns", "ill": 9},
		"work.problems: the application user lacks a right; compare the": {"ill": 1, "setUp": true},
	} {
		s := newStage(t)
		s.set("state.json", state)
		err := s.deploy("-env", "production")
		if err == nil || !strings.Contains(err.Error(), name) || s.waited != 0 || s.results("doctor") != "doctor failed" {
			t.Errorf("%v after %s", err, s.waited)
		}
	}
}

func TestStepsAreChosen(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for args, want := range map[string]string{
		"-skip consent,doctor": "tools done, signin done, look done, region done, package done, group done, whatif done, deploy done, rights done, secrets done, publish done, setup done, consent skipped, register done, catalogue done, doctor skipped",
		"-last group":          "tools done, signin done, look done, region done, package done, group done, whatif skipped, deploy skipped, rights skipped, secrets skipped, publish skipped, setup skipped, consent skipped, register skipped, catalogue skipped, doctor skipped",
	} {
		s.set("state.json", map[string]any{})
		s.mustDeploy(append([]string{"-env", "production"}, strings.Fields(args)...)...)
		if got := strings.ReplaceAll(s.results(), "already", "done"); got != want {
			t.Errorf("%s: %s", args, got)
		}
	}
	for args, says := range map[string]string{
		"-skip nothing":              "SKIP=nothing: there is no such step; the steps are tools, signin, ",
		"-only publsh":               "ONLY=publsh: there is no such step",
		"-last end":                  "LAST=end: there is no such step",
		"-with npm":                  "WITH=npm: use az, func or azd",
		"-env live":                  "ENV=live: there is no infra/azure/main.live.bicepparam; there are production, test",
		"-with func -package x.zip":  "PACKAGE with WITH=func",
		"-package /nowhere/else.zip": "no such file",
	} {
		if err := s.deploy(strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// A step alone needs what others have found; where nobody has, it says so.
func TestAStepAlone(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if err := s.deploy("-env", "production", "-only", "register"); err == nil || !strings.Contains(err.Error(), "vaultName is not known") {
		t.Error(err)
	}
	s.mustDeploy("-env", "production")
	s.environ = s.environ[:3]
	for _, step := range []string{"register", "doctor", "setup", "consent", "publish"} {
		s.mustDeploy("-env", "production", "-only", step)
		if got := strings.Replace(s.results(step), "already", "done", 1); got != step+" done" {
			t.Errorf("alone: %s", got)
		}
	}
}

// An earlier package is published as it is.
func TestAnEarlierPackageIsPublished(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.mustDeploy("-env", "production")
	now := s.state().Tags["cosell-package-sync"]
	s.zip("earlier.zip", "host.json", "handler")
	for range 2 { // the second time, too: whoever names a package means it
		s.mustDeploy("-env", "production", "-package", filepath.Join(s.top, "earlier.zip"), "-only", "publish")
	}
	state := s.state()
	for app, src := range state.Published {
		if filepath.Base(src) != "earlier.zip" {
			t.Errorf("%s has %s", app, src)
		}
	}
	if tag := state.Tags["cosell-package-intake"]; tag == now || len(tag) != 64 {
		t.Errorf("noted as %s", tag)
	}
}

func TestWhatIsMissingIsNamedBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.environ[0] = "PATH=" + t.TempDir()
	for with, tools := range map[string][]string{"az": {"az", "make", "go"}, "func": {"az", "make", "go", "func"}, "azd": {"az", "make", "go", "azd"}} {
		err := s.deploy("-env", "test", "-with", with)
		if err == nil || !strings.HasPrefix(err.Error(), "nothing was done:") || strings.Count(err.Error(), "http")+strings.Count(err.Error(), "npm install")+1 < len(tools) {
			t.Errorf("%s: %v", with, err)
		}
		for _, tool := range tools {
			if err != nil && !strings.Contains(err.Error(), tool+" was not found on PATH; it is ") {
				t.Errorf("%s: %s is not named: %v", with, tool, err)
			}
		}
	}
	if err := s.deploy("-env", "test", "-with", "func", "-only", "register"); err == nil || strings.Contains(err.Error(), "func was not") {
		t.Errorf("a tool of a step that is left out: %v", err)
	}
	if _, err := os.Stat(filepath.Join(s.top, ".build", "reports", "deploy.json")); err == nil {
		t.Error("there is a report")
	}
}

// What Azure and the tools say, and what is said of it.
func TestCausesHaveTheirMend(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state  map[string]any
		fail   string // a call
		stderr string
		step   string
		says   string
	}{
		{map[string]any{"azVersion": "2.59.1"}, "", "", "tools", "az 2.59.1 is too old, 2.60.0 or newer is needed"},
		{map[string]any{"runtime": "0.9"}, "", "", "region", "westeurope does not list the runtime custom 1.0"},
		{map[string]any{"azdSignedIn": false}, "", "", "signin", "azd is not signed in"},
		{nil, "az account show", "ERROR: Please run 'az login' to setup account.", "signin", "sign in: az login"},
		{nil, "az account show", "ERROR: Subscription '11111111-1111-4111-8111-111111111111' not found. Check the spelling and casing and try again.", "signin", "does not see the subscription"},
		{nil, "az group create", "ERROR: (AuthorizationFailed) The client does not have authorization", "group", "Contributor and Role Based Access Control Administrator"},
		{nil, "az deployment group create", "ERROR: (FlagMustBeSetForRestore) a vault of the same name was deleted", "deploy", "az keyvault recover"},
		{nil, "az role assignment create", "ERROR: (AuthorizationFailed) 'Microsoft.Authorization/roleAssignments/write'", "rights", "somebody who has it"},
		{nil, "cosellctl doctor", "cosellctl: https://x does not know this operator key", "doctor", "az functionapp restart of the app sync"},
		{nil, "az deployment group what-if", "ERROR: main.bicep(3,1) : Error BCP057: no such name", "whatif", "az bicep upgrade"},
		{nil, "azd deploy", "ERROR: (Forbidden) an IP restriction", "publish", "another one may get through"},
	} {
		s := newStage(t)
		if c.state != nil {
			s.set("state.json", c.state)
		}
		if c.fail != "" {
			s.set("fail.json", []map[string]any{{"call": c.fail, "code": 1, "stderr": c.stderr}})
		}
		err := s.deploy("-env", "test", "-with", "azd")
		if err == nil || !strings.Contains(err.Error(), "the step "+c.step+" failed") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.says, err)
		}
	}
}

func TestAServicePrincipalMayDeploy(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.set("state.json", map[string]any{"user": "servicePrincipal"})
	given := false
	for _, c := range s.mustDeploy("-env", "test") {
		given = given || strings.Contains(c.line(), "--assignee-principal-type ServicePrincipal")
	}
	if !given {
		t.Error("the right was not given to it")
	}
}
