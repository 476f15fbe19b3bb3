package main

import (
	"archive/zip"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// With such a secret the apps would refuse to start, after everything was published.
func TestASecretThatTheAppsRefuseIsNamedBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	for given, says := range map[string]string{
		"COSELL_OPERATOR_KEYS=hush-hush-hush-hush-hush":       "COSELL_OPERATOR_KEYS must be name=key",
		"COSELL_OPERATOR_KEYS=ann=hush-hush-hush-hush,b=hush": "entry 2 is not",
		"COSELL_DATAVERSE_WEBHOOK_SECRET=hush":                "COSELL_DATAVERSE_WEBHOOK_SECRET is too short: at least 16 characters",
		"COSELL_DATAVERSE_WEBHOOK_SECRET_PREVIOUS=hush":       "COSELL_DATAVERSE_WEBHOOK_SECRET_PREVIOUS is too short",
		"COSELL_TENANT_CLIENT_SECRETS=hush":                   "COSELL_TENANT_CLIENT_SECRETS must be JSON",
		`COSELL_TENANT_CLIENT_SECRETS={"Fr":"hush"}`:          "COSELL_TENANT_CLIENT_SECRETS must be JSON",
		`COSELL_TENANT_CLIENT_SECRETS={"fr":""}`:              "COSELL_TENANT_CLIENT_SECRETS must be JSON",
		"COSELL_FORWARD_URL=http://hush.example.org":          "COSELL_FORWARD_URL is not an https address",
		"COSELL_FORWARD_URL=https://hush.example.org":         "COSELL_FORWARD_URL is only taken in shadow mode",
	} {
		s := newStage(t)
		s.environ = append(s.environ, given)
		err := s.deploy("-env", "test")
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", given, err)
		}
		if len(s.calls()) > 0 {
			t.Errorf("%s: something was done", given)
		}
	}
}

func TestAListOfSolutionsThatIsNotThereIsNamedBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write("infra/azure/test.env", strings.Replace(s.read("infra/azure/test.env"), "\nCOSELL_CATALOGUE=solutions.csv", "\nCOSELL_CATALOGUE=elsewhere.csv", 1))
	if err := s.deploy("-env", "test"); err == nil || !strings.Contains(err.Error(), "COSELL_CATALOGUE: ") || !strings.Contains(err.Error(), "elsewhere.csv") {
		t.Error(err)
	}
	if len(s.calls()) > 0 {
		t.Error("something was done")
	}
}

// Azure takes any zip, and the apps would not start.
func TestAZipThatIsNoPackageIsNotPublished(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.mustDeploy("-env", "test")
	s.write("text.zip", "not a zip")
	s.zip("lambda.zip", "bootstrap")
	for name, says := range map[string]string{"text.zip": "not a valid zip file", "lambda.zip": "it has no host.json"} {
		err := s.deploy("-env", "test", "-only", "publish", "-package", filepath.Join(s.top, name))
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "PACKAGE=") {
			t.Errorf("%s: %v", name, err)
		}
		if len(s.calls()) > 0 {
			t.Errorf("%s: something was done", name)
		}
	}
}

// zip writes a zip with empty files.
func (s *stage) zip(name string, files ...string) {
	s.t.Helper()
	out, err := os.Create(filepath.Join(s.top, name))
	if err != nil {
		s.t.Fatal(err)
	}
	w := zip.NewWriter(out)
	for _, f := range files {
		if _, err := w.Create(f); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), out.Close()); err != nil {
		s.t.Fatal(err)
	}
}

// The command to go on with is the one that failed: what was left out stays left out. The steps that always run cannot be.
func TestGoingOnLeavesOutWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for call, says := range map[string][]string{
		"az deployment group create": {"make deploy ENV=test SKIP=consent,whatif LAST=publish\n", "leave this step out: SKIP=consent,whatif,deploy"},
		"az group exists":            {"make deploy ENV=test SKIP=consent,whatif LAST=publish\n", "What is done is found as done."},
	} {
		s.set("fail.json", []map[string]any{{"call": call, "code": 1, "stderr": "ERROR: no"}})
		err := s.deploy("-env", "test", "-skip", "consent,whatif", "-last", "publish")
		for _, part := range says {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q is not said: %v", call, part, err)
			}
		}
		if call == "az group exists" && err != nil && strings.Contains(err.Error(), "leave this step out") {
			t.Errorf("a step that always runs: %v", err)
		}
	}
}

// The tags of the group outlive an app that somebody has deleted; the one that is made in its place has no package.
func TestAnAppThatIsMadeAnewGetsThePackage(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.mustDeploy("-env", "test")
	before := s.state()
	s.set("state.json", map[string]any{"groups": map[string]bool{"cosell": true}, "secrets": before.Secrets, "tags": before.Tags, "assignments": 1})
	s.mustDeploy("-env", "test")
	if got := s.state().Published; len(got) != 2 {
		t.Errorf("published: %v", got)
	}
}

// Whoever writes the name that the apps have for a secret is told the one that is read here, and not sent to a line that
// nobody reads.
func TestTheAppsNameOfASecretIsNotTaken(t *testing.T) {
	t.Parallel()
	for line, says := range map[string]string{
		"PARTNER_CENTER_CLIENT_SECRET=hush":      "COSELL_PARTNER_CENTER_CLIENT_SECRET_FILE=…",
		"PARTNER_CENTER_CLIENT_SECRET_FILE=file": "COSELL_PARTNER_CENTER_CLIENT_SECRET_FILE=…",
		"SYNC_OPERATOR_KEYS_FILE=file":           "COSELL_OPERATOR_KEYS_FILE=…",
		"SYNC_OPERATOR_KEY_FILE=file":            "SYNC_OPERATOR_KEY is no secret that is read here",
		"SYNC_FORWARD_URL=https://hush":          "COSELL_FORWARD_URL_FILE=…",
	} {
		s := newStage(t)
		s.write("infra/azure/test.env", s.read("infra/azure/test.env")+line+"\n")
		if err := s.deploy("-env", "test"); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// The vault of production is closed: nobody can see whether a secret that was given differs, so it goes along each time.
func TestASecretForAClosedVaultIsDeployedAlthoughNothingElseChanges(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.mustDeploy("-env", "production")
	s.environ = append(s.environ, "COSELL_PARTNER_CENTER_CLIENT_SECRET=the-next-one")
	restarts := restarted(s.mustDeploy("-env", "production", "-last", "secrets"))
	if got := s.state().Secrets["partner-center-client-secret"]; got != "the-next-one" || restarts != 2 {
		t.Errorf("the vault has %q, %d apps were started again", got, restarts)
	}
}

// Two environments in one group would share the deployment's name, and one would publish to the other's apps.
func TestTheGroupOfAnotherEnvironmentIsRefused(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.mustDeploy("-env", "production")
	s.write("infra/azure/test.env", strings.Replace(s.read("infra/azure/test.env"), "COSELL_NAME=cosell", "COSELL_NAME=coselltest", 1))
	for _, args := range [][]string{{"-env", "test"}, {"-env", "test", "-only", "publish"}} {
		err := s.deploy(args...)
		if err == nil || !strings.Contains(err.Error(), "holds the deployment of another COSELL_NAME, cosell: give each environment a group of its own") {
			t.Errorf("%v: %v", args, err)
		}
		if slices.ContainsFunc(s.calls(), func(c recorded) bool { return strings.Contains(c.line(), "config-zip") }) {
			t.Errorf("%v: published to the other's apps", args)
		}
	}
}

// A run may end after azd's environment was made and before it was told the group; and the settings may name another
// group later.
func TestAzdIsToldTheGroupOfTheSettings(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.set("fail.json", []map[string]any{{"call": "azd env set", "code": 1, "stderr": "ERROR: disk full"}})
	if err := s.deploy("-env", "test", "-with", "azd"); err == nil {
		t.Fatal("it did not fail")
	}
	s.set("fail.json", []map[string]any{})
	s.mustDeploy("-env", "test", "-with", "azd")
	s.write("infra/azure/test.env", strings.Replace(s.read("infra/azure/test.env"), "AZURE_RESOURCE_GROUP=cosell", "AZURE_RESOURCE_GROUP=elsewhere", 1))
	told := ""
	for _, c := range s.mustDeploy("-env", "test", "-with", "azd", "-only", "group,deploy,publish") {
		if strings.HasPrefix(c.line(), "azd env set ") {
			told = c.line()
		}
	}
	if !strings.Contains(told, " AZURE_RESOURCE_GROUP=elsewhere ") || !strings.Contains(told, " AZURE_SUBSCRIPTION_ID="+subscription+" ") {
		t.Errorf("azd was told %q", told)
	}
}

// The secrets of further tenants go along together, none is shown, and the apps start again where one was there before.
func TestTheSecretsOfFurtherTenantsGoAlong(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.environ = append(s.environ, `COSELL_TENANT_CLIENT_SECRETS={"fr":"the-secret-of-fr"}`)
	s.mustDeploy("-env", "test")
	restarts := restarted(s.mustDeploy("-env", "test", "-last", "secrets"))
	if got := s.state().Secrets["partner-center-client-secret-fr"]; got != "the-secret-of-fr" || restarts != 2 {
		t.Errorf("the vault has %q, %d apps were started again", got, restarts)
	}
	s.set("fail.json", []map[string]any{{"call": "az deployment group what-if", "code": 1, "stderr": "ERROR: the-secret-of-fr is not taken"}})
	if err := s.deploy("-env", "test"); err == nil || strings.Contains(err.Error(), "the-secret") || strings.Contains(s.said, "the-secret") {
		t.Error(err)
	}
}

// The sample's address for alerts is nobody's: a deployment with it goes through, and says so.
func TestAlertsThatNobodyHearsAreSaid(t *testing.T) {
	t.Parallel()
	for address, said := range map[string]bool{"operations@example.org": true, "ann@contoso.com": false} {
		s := newStage(t)
		s.write("infra/azure/main.production.bicepparam", strings.Replace(s.read("infra/azure/main.production.bicepparam"), "operations@example.org", address, 1))
		s.mustDeploy("-env", "production")
		if got := strings.Contains(s.said, "nobody is told of alerts: alertEmails of infra/azure/main.production.bicepparam is still the sample's"); got != said {
			t.Errorf("%s: %v", address, got)
		}
	}
}
