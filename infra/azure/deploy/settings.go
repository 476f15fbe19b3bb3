package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// settings are what the file of one environment says: names, ids, addresses. It is kept in git, so it holds no secret.
type settings map[string]string

// setting is one line that the file may have. sample is what stands in the committed sample, which is nobody's.
type setting struct {
	name, is string
	form     *regexp.Regexp
	formed   string // the form in words
	optional bool
}

const nobody = "00000000-0000-0000-0000-000000000000"

var (
	uuid    = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	ours    = regexp.MustCompile(`^(SYNC|PARTNER_CENTER|DATAVERSE)_`)
	private = regexp.MustCompile(`(SECRET|KEYS?|PASSWORD|TOKEN|FORWARD_URL)(_PREVIOUS)?$`)
)

// known are the settings in the order of the sample. Those of Azure are named as azd names them, the others as the
// product does, so that one file serves make deploy, azd and cosellctl.
func known() []setting {
	id := func(name, is string, optional bool) setting {
		return setting{name: name, is: is, form: uuid, formed: "an id such as 8f3c…, as the portal shows it", optional: optional}
	}
	return []setting{
		id("AZURE_SUBSCRIPTION_ID", "the subscription", false),
		{name: "AZURE_RESOURCE_GROUP", is: "the resource group; it is made if it is not there", form: regexp.MustCompile(`^[-\w.()]{0,89}[-\w()]$`), formed: "letters, digits, - _ . ( ), no full stop at the end"},
		{name: "AZURE_LOCATION", is: "the region, by its short name", form: regexp.MustCompile(`^[a-z0-9]+$`), formed: "a short name such as westeurope"},
		{name: "COSELL_NAME", is: "begins the name of every resource", form: regexp.MustCompile(`^[a-z][a-z0-9]{2,9}$`), formed: "3 to 10 small letters and digits, a letter first"},
		id("PARTNER_CENTER_TENANT", "the partner's tenant", false),
		id("PARTNER_CENTER_CLIENT_ID", "its app registration for Partner Center", false),
		{name: "DATAVERSE_URL", is: "the environment of Dynamics 365", form: regexp.MustCompile(`^https://[a-z0-9-]+\.crm[0-9]*\.dynamics\.com$`), formed: "an address such as https://contoso.crm4.dynamics.com, nothing behind it"},
		id("DATAVERSE_ORGANIZATION_ID", "the id of its organisation", false),
		id("DATAVERSE_TENANT", "the CRM's tenant, where DATAVERSE_CLIENT_ID is set", true),
		id("DATAVERSE_CLIENT_ID", "an application user with a secret; without it the identity of the sync app is the application user", true),
		{name: "COSELL_CATALOGUE", is: "the solutions that sellers choose from, a .csv or .xlsx file", form: regexp.MustCompile(`\.(csv|xlsx)$`), formed: "a .csv or .xlsx file", optional: true},
		{name: "COSELL_MAPPING", is: "the field sheet that is packed, where MAPPING names no other", form: regexp.MustCompile(`\.ya?ml$`), formed: "a .yaml file", optional: true},
	}
}

// secret is a value that is never written down by us. Who is asked for it: the environment, or a file.
type secret struct {
	name      string // of the variable that the parameters read
	vault     string // of the secret in the vault
	generated bool   // made here when nobody gives it and the vault has none
	while     bool   // in force only while it is given
}

// tenantSecrets begins the names of the client secrets of further tenants in the vault; the alias follows.
const tenantSecrets = "partner-center-client-secret-"

func secrets() []secret {
	return []secret{
		{"COSELL_OPERATOR_KEYS", "operator-keys", true, false},
		{"COSELL_PARTNER_CENTER_CLIENT_SECRET", "partner-center-client-secret", false, false},
		{"COSELL_DATAVERSE_WEBHOOK_SECRET", "dataverse-webhook-secret", true, false},
		{"COSELL_DATAVERSE_CLIENT_SECRET", "dataverse-client-secret", false, false},
		{"COSELL_DATAVERSE_WEBHOOK_SECRET_PREVIOUS", "dataverse-webhook-secret-previous", false, true},
		{"COSELL_FORWARD_URL", "forward-url", false, true},
		{"COSELL_TENANT_CLIENT_SECRETS", strings.TrimSuffix(tenantSecrets, "-") + "s", false, true}, // several in one: written while they are given
	}
}

// readSettings reads NAME=value lines; empty ones and those that begin with # are passed over. The error names every
// mistake at once, with its line, and no value. problem says what is wrong with the name of a line that is none of known.
func readSettings(file string, sample bool, problem func(name string) error) (settings, error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s: copy infra/azure/sample.env to it, and fill it in (docs/deploy.md)", file)
	}
	if err != nil {
		return nil, fmt.Errorf("the settings cannot be read: %w", err)
	}
	defer func() { _ = f.Close() }()
	s, problems := settings{}, []error(nil)
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, found := strings.Cut(line, "=")
		name, value = strings.TrimSpace(strings.TrimPrefix(name, "export ")), strings.Trim(strings.TrimSpace(value), `"'`)
		if err := lineProblem(s, name, value, found, problem); err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %w", file, n, err))
			continue
		}
		s[name] = value
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("the settings cannot be read: %w", err)
	}
	if !sample {
		problems = append(problems, s.check(file)...)
	}
	return s, errors.Join(problems...)
}

func lineProblem(s settings, name, value string, assigned bool, problem func(string) error) error {
	_, twice := s[name]
	bare := strings.TrimSuffix(name, "_FILE")
	own := secretOfApp(bare)
	switch {
	case !assigned || name == "":
		return errors.New("not a NAME=value line")
	case twice:
		return fmt.Errorf("%s stands here twice", name)
	case slices.ContainsFunc(secrets(), func(c secret) bool { return name == c.name+"_FILE" }):
		if value == "" {
			return fmt.Errorf("%s names no file: write its path, or take the line out", name)
		}
		return nil
	case own != "":
		return fmt.Errorf("%s is a secret of the apps, and this file is kept in git: here it is called %s; name a file that holds it (%s_FILE=…), or set it in the shell", bare, own, own)
	case slices.ContainsFunc(secrets(), func(k secret) bool { return k.name == name }):
		return fmt.Errorf("%s is a secret, and this file is kept in git: name a file that holds it (%s_FILE=…), or set it in the shell", name, name)
	case slices.Contains(lines(), name):
		return nil
	case private.MatchString(bare) && ours.MatchString(bare):
		return fmt.Errorf("%s is no secret that is read here: infra/azure/sample.env lists them", bare)
	}
	return problem(name)
}

// check names everything that is missing, malformed or still the sample's.
func (s settings) check(file string) (problems []error) {
	for _, k := range known() {
		v := s[k.name]
		switch {
		case v == "" && k.optional:
		case v == "":
			problems = append(problems, fmt.Errorf("%s: %s is missing: %s", file, k.name, k.is))
		case v == nobody || strings.Contains(v, "//ORG."):
			problems = append(problems, fmt.Errorf("%s: %s still has the sample's value: put %s there", file, k.name, k.is))
		case !k.form.MatchString(v):
			problems = append(problems, fmt.Errorf("%s: %s is not of the right form: %s", file, k.name, k.formed))
		}
	}
	if s["DATAVERSE_CLIENT_ID"] != "" && s["DATAVERSE_TENANT"] == "" {
		problems = append(problems, fmt.Errorf("%s: DATAVERSE_CLIENT_ID is set and DATAVERSE_TENANT is not: the application user belongs to a tenant", file))
	}
	return problems
}

// given collects the secrets that the environment or files hold, by the name of the variable.
func (s settings) given(environ []string, dir string) (map[string]string, error) {
	out, problems := map[string]string{}, []error(nil)
	for _, c := range secrets() {
		value, inShell := lookup(environ, c.name)
		file, _ := lookup(environ, c.name+"_FILE")
		if file == "" {
			file = s[c.name+"_FILE"]
		}
		if !inShell && file != "" {
			var err error
			if value, err = readSecret(c.name, file, dir); err != nil {
				problems = append(problems, err)
				continue
			}
		}
		if strings.ContainsAny(value, "\r\n") {
			problems = append(problems, fmt.Errorf("%s holds more than one line", c.name))
		} else if value != "" {
			out[c.name] = value
		}
	}
	if s["DATAVERSE_CLIENT_ID"] == "" && out["COSELL_DATAVERSE_CLIENT_SECRET"] != "" {
		problems = append(problems, errors.New("COSELL_DATAVERSE_CLIENT_SECRET is set and DATAVERSE_CLIENT_ID is not: whose secret is it?"))
	}
	return out, errors.Join(problems...)
}

// readSecret reads a file that nobody else on this machine may read. A line break at its end is an editor's.
func readSecret(name, file, dir string) (string, error) {
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s_FILE: others may read %s: chmod 600 it", name, file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	if v := strings.TrimRight(string(text), "\r\n"); v != "" {
		return v, nil
	}
	return "", fmt.Errorf("%s_FILE: %s is empty", name, file)
}

func lookup(environ []string, name string) (string, bool) {
	for _, e := range slices.Backward(environ) { // the last one counts, as for exec
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v, true
		}
	}
	return "", false
}
