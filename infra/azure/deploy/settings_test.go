package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The sample has every setting, and asks for each that has to be filled in.
func TestTheSampleHasEverySetting(t *testing.T) {
	t.Parallel()
	sample, err := os.ReadFile(filepath.Join("..", "sample.env"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range known() {
		if !strings.Contains(string(sample), "\n"+k.name+"=") && !(k.optional && strings.Contains(string(sample), "\n#"+k.name+"=")) {
			t.Errorf("%s is missing in the sample", k.name)
		}
	}
	s, err := readSettings(filepath.Join("..", "sample.env"), true, func(name string) error { return errors.New(name) })
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.check("sample")); n != 5 {
		t.Errorf("%d values are the sample's: %v", n, s.check("sample"))
	}
}

// What the parameters read is what the settings have.
func TestTheParametersReadTheSettings(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "main.*.bicepparam"))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range known() {
			if slices.Contains([]string{"AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP"}, k.name) || k.name == "COSELL_CATALOGUE" || k.name == "COSELL_MAPPING" { // not of the templates
				continue
			}
			if !strings.Contains(string(text), "readEnvironmentVariable('"+k.name+"'") {
				t.Errorf("%s does not read %s", file, k.name)
			}
		}
		for _, k := range secrets() {
			if !strings.Contains(string(text), "readEnvironmentVariable('"+k.name+"', '')") {
				t.Errorf("%s does not read %s", file, k.name)
			}
		}
	}
}

func TestEveryMistakeOfTheSettingsIsNamed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write("infra/azure/test.env", strings.Join([]string{
		"AZURE_SUBSCRIPTION_ID=the first one", "AZURE_RESOURCE_GROUP=group.", "AZURE_LOCATION=West Europe", "COSELL_NAME=x", "COSELL_NAME=y",
		"PARTNER_CENTER_TENANT=" + nobody, "DATAVERSE_URL=https://contoso.crm4.dynamics.com/main.aspx", "DATAVERSE_CLIENT_ID=33333333-3333-4333-8333-333333333333",
		"COSELL_OPERATOR_KEYS=ann=hush", "DATAVERSE_WEBHOOK_SECRET=hush", "REGION=eu", "a line", "=eu", "COSELL_FORWARD_URL_FILE=",
	}, "\n"))
	err := s.deploy("-env", "test")
	for _, says := range []string{
		"AZURE_SUBSCRIPTION_ID is not of the right form", "AZURE_RESOURCE_GROUP is not", "AZURE_LOCATION is not", "COSELL_NAME is not", "test.env:5: COSELL_NAME stands here twice",
		"PARTNER_CENTER_TENANT still has the sample's value", "PARTNER_CENTER_CLIENT_ID is missing", "DATAVERSE_URL is not", "DATAVERSE_ORGANIZATION_ID is missing",
		"DATAVERSE_CLIENT_ID is set and DATAVERSE_TENANT is not", "test.env:9: COSELL_OPERATOR_KEYS is a secret", "test.env:10: DATAVERSE_WEBHOOK_SECRET is a secret", "test.env:11: REGION is unknown", "test.env:12: not a NAME=value line",
		"test.env:13: not a NAME=value line", "test.env:14: COSELL_FORWARD_URL_FILE names no file", "nothing was done:",
	} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q is not said: %v", says, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "hush") {
		t.Error("a value is shown")
	}
	if len(s.calls()) > 0 {
		t.Error("something was done")
	}
	if err := s.deploy("-env", "test", "-settings", "other.env"); err == nil || !strings.Contains(err.Error(), "copy infra/azure/sample.env") {
		t.Error(err)
	}
}

func TestSecretsComeFromFilesOfOnesOwn(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.environ = s.environ[:3]
	if err := s.deploy("-env", "test"); err == nil || !strings.Contains(err.Error(), "COSELL_PARTNER_CENTER_CLIENT_SECRET is not given, and the vault has none yet") {
		t.Error(err)
	}
	for _, c := range s.calls() {
		if strings.HasPrefix(c.line(), "az deployment group create") {
			t.Error("it was deployed without")
		}
	}
	s.write("infra/azure/test.env", s.read("infra/azure/test.env")+"\nCOSELL_PARTNER_CENTER_CLIENT_SECRET_FILE=partner\n")
	for mode, says := range map[os.FileMode]string{0o640: "others may read", 0o600: ""} {
		s.write("partner", "from a file\n")
		if err := os.Chmod(filepath.Join(s.top, "partner"), mode); err != nil {
			t.Fatal(err)
		}
		err := s.deploy("-env", "test")
		if (says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if got := s.state().Secrets["partner-center-client-secret"]; got != "from a file" {
		t.Errorf("the vault has %q", got)
	}
	s.environ = append(s.environ, "COSELL_DATAVERSE_CLIENT_SECRET=whose")
	if err := s.deploy("-env", "test"); err == nil || !strings.Contains(err.Error(), "whose secret is it") {
		t.Error(err)
	}
}
