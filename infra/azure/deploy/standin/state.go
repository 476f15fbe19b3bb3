package standin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// state is what would be in the cloud.
type state struct {
	User        string            `json:"user"` // user (default) or servicePrincipal
	Runtime     string            `json:"runtime"`
	Provider    string            `json:"provider"`
	Groups      map[string]bool   `json:"groups"`
	Tags        map[string]string `json:"tags"`
	Deployed    string            `json:"deployed"` // what it was made of
	Failed      bool              `json:"failed"`   // the last deployment
	Active      bool              `json:"active"`   // it is under way
	Secrets     map[string]string `json:"secrets"`
	Assignments int               `json:"assignments"`
	Published   map[string]string `json:"published"`
	Azd         []string          `json:"azd"`
	AzdGroups   map[string]string `json:"azdGroups"` // by environment: the group where it looks for apps
	AzdSignedIn bool              `json:"azdSignedIn"`
	AzVersion   string            `json:"azVersion"`
	Sheet       int               `json:"sheet"` // the version of the field sheet that was pushed
	Registered  bool              `json:"registered"`
	Imported    bool              `json:"imported"`
	Ill         int               `json:"ill"`  // how many times the doctor finds what the next pass clears
	Sick        string            `json:"sick"` // a check that fails
	SetUp       bool              `json:"setUp"`
	SetupOpen   []string          `json:"setupOpen"`
	SetupDenied bool              `json:"setupDenied"`

	asked Call // what is answered now
}

// refusal is an answer that a tool gives with an exit code.
type refusal struct {
	code int
	text string
	out  string // what is answered all the same
	done bool   // what was asked for was done
}

func (r *refusal) Error() string { return r.text }

func loadState(dir string, asked Call) (*state, error) {
	s := &state{asked: asked, User: "user", Runtime: "1.0", Provider: "NotRegistered", AzdSignedIn: true, AzVersion: "2.77.0",
		Groups: map[string]bool{}, Tags: map[string]string{}, Secrets: map[string]string{}, Published: map[string]string{}, AzdGroups: map[string]string{}}
	text, err := os.ReadFile(filepath.Join(dir, "state.json"))
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(text, s)
	}
	return s, err
}

func (s *state) save(dir string) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "state.json"), text, 0o600)
}

func asJSON(v any) (string, error) {
	text, err := json.MarshalIndent(v, "", "  ")
	return string(text) + "\n", err
}

// answer answers a call in the form of its tool.
func (s *state) answer(tool string, c call) (string, error) {
	switch tool {
	case "func":
		return s.function(c)
	case "azd":
		return s.azd(c)
	case "make":
		return s.make(c)
	case "cosellctl":
		return s.cosellctl(c)
	case "xdg-open", "open":
		return "", s.browse(c.arguments[0])
	}
	if strings.HasPrefix(c.verb, "keyvault") || strings.HasPrefix(c.verb, "role") {
		return s.vault(c)
	}
	return s.az(c)
}

func (s *state) az(c call) (string, error) {
	switch c.verb {
	case "version":
		return asJSON(map[string]any{"azure-cli": s.AzVersion, "azure-cli-core": s.AzVersion, "azure-cli-telemetry": "1.1.0", "extensions": map[string]any{}})
	case "account show":
		name := "ann@contoso.com"
		if s.User != "user" {
			name = "99999999-9999-4999-8999-999999999999"
		}
		return asJSON(map[string]any{"environmentName": "AzureCloud", "id": c.options["--subscription"], "isDefault": true, "name": "Contoso", "state": "Enabled",
			"tenantId": "22222222-2222-4222-8222-222222222222", "user": map[string]string{"name": name, "type": s.User}})
	case "ad signed-in-user show", "ad sp show":
		return asJSON("88888888-8888-4888-8888-888888888888")
	case "rest":
		return s.rest(c)
	case "provider show":
		return asJSON(s.Provider)
	case "provider register":
		s.Provider = "Registered"
		return "", nil
	case "group exists":
		return fmt.Sprintln(s.Groups[c.options["--name"]]), nil
	case "group create":
		s.Groups[c.options["--name"]] = true
		return asJSON(map[string]any{"name": c.options["--name"], "properties": map[string]string{"provisioningState": "Succeeded"}})
	case "tag list":
		return asJSON(map[string]any{"properties": map[string]any{"tags": s.Tags}})
	case "tag update":
		name, value, _ := strings.Cut(c.options["--tags"], "=")
		s.Tags[name] = value
		return "", nil
	case "functionapp restart":
		return "", nil
	case "functionapp deployment source config-zip":
		return s.publish(c.options["--name"], c.options["--src"])
	}
	return s.deployment(c)
}

// rest answers the two addresses that are asked for.
func (s *state) rest(c call) (string, error) {
	if strings.Contains(c.options["--url"], "/functionAppStacks?") {
		runtime := map[string]string{"name": "custom", "version": s.Runtime}
		sku := []any{map[string]any{"skuCode": "FC1", "functionAppConfigProperties": map[string]any{"runtime": runtime}}}
		return asJSON(map[string]any{"value": []any{map[string]any{"name": "custom", "properties": map[string]any{"majorVersions": []any{map[string]any{
			"minorVersions": []any{map[string]any{"stackSettings": map[string]any{"linuxRuntimeSettings": map[string]any{"Sku": sku}}}}}}}}}})
	}
	names := []string{}
	for n := range s.Secrets {
		names = append(names, n)
	}
	sort.Strings(names)
	return asJSON(names)
}

const (
	suffix  = "ab12cd34ef56g"
	vaulted = "cosell-kv-ab12cd34"
)

func (s *state) outputs() map[string]any {
	out := map[string]any{}
	for name, v := range map[string]string{
		"intakeName": "cosell-intake-" + suffix, "syncName": "cosell-sync-" + suffix,
		"partnerCenterWebhook": "https://cosell-intake-" + suffix + ".azurewebsites.net/api/partnercenterwebhook",
		"crmWebhook":           "https://cosell-intake-" + suffix + ".azurewebsites.net/api/crmwebhook",
		"operatorUrl":          "https://cosell-sync-" + suffix + ".azurewebsites.net", "syncClientId": "77777777-7777-4777-8777-777777777777",
		"vaultUri": "https://" + vaulted + ".vault.azure.net/",
	} {
		out[name] = map[string]string{"type": "String", "value": v}
	}
	return out
}

// deployment is the deployment of the templates: what it is made of decides whether anything changes.
func (s *state) deployment(c call) (string, error) {
	if !s.Groups[c.options["--resource-group"]] {
		return "", &refusal{code: 3, text: "ERROR: (ResourceGroupNotFound) Resource group '" + c.options["--resource-group"] + "' could not be found.\nCode: ResourceGroupNotFound"}
	}
	switch c.verb {
	case "deployment group list":
		if s.Active {
			return asJSON([]any{map[string]any{"state": "Running", "outputs": nil}})
		}
		if s.Deployed == "" && !s.Failed {
			return "[]\n", nil
		}
		if s.Failed {
			return asJSON([]any{map[string]any{"state": "Failed", "outputs": nil}})
		}
		return asJSON([]any{map[string]any{"state": "Succeeded", "outputs": s.outputs()}})
	case "deployment group what-if":
		return s.whatIf(c)
	}
	if s.Deployed == "" {
		for _, name := range []string{"COSELL_OPERATOR_KEYS", "COSELL_PARTNER_CENTER_CLIENT_SECRET", "COSELL_DATAVERSE_WEBHOOK_SECRET"} {
			if s.asked.env(name) == "" && s.Secrets[secretNames[name]] == "" {
				return "", &refusal{code: 1, text: "ERROR: the right to a secret that is not there cannot be given: " + secretNames[name]}
			}
		}
	}
	var ofTenants map[string]string
	_ = json.Unmarshal([]byte(s.asked.env("COSELL_TENANT_CLIENT_SECRETS")), &ofTenants)
	for alias, v := range ofTenants {
		s.Secrets["partner-center-client-secret-"+alias] = v
	}
	for name, secret := range secretNames {
		if v := s.asked.env(name); v != "" {
			s.Secrets[secret] = v
		}
	}
	if s.Secrets["partner-center-refresh-token"] == "" {
		s.Secrets["partner-center-refresh-token"], s.Secrets["cosell-seal"] = "none", "none"
	}
	s.Deployed, s.Failed, s.Active = s.made(c), false, false
	return asJSON(s.outputs())
}

var secretNames = map[string]string{
	"COSELL_OPERATOR_KEYS": "operator-keys", "COSELL_PARTNER_CENTER_CLIENT_SECRET": "partner-center-client-secret",
	"COSELL_DATAVERSE_WEBHOOK_SECRET": "dataverse-webhook-secret", "COSELL_DATAVERSE_WEBHOOK_SECRET_PREVIOUS": "dataverse-webhook-secret-previous",
	"COSELL_DATAVERSE_CLIENT_SECRET": "dataverse-client-secret", "COSELL_FORWARD_URL": "forward-url",
}

// made is what a deployment is made of: the parameters, and the settings that they read.
func (s *state) made(c call) string {
	digest := sha256.New()
	text, _ := os.ReadFile(s.asked.path(c.options["--parameters"]))
	digest.Write(text)
	for _, name := range []string{"AZURE_LOCATION", "COSELL_NAME", "PARTNER_CENTER_TENANT", "PARTNER_CENTER_CLIENT_ID", "DATAVERSE_URL", "DATAVERSE_ORGANIZATION_ID",
		"COSELL_DATAVERSE_WEBHOOK_SECRET_PREVIOUS", "COSELL_FORWARD_URL"} {
		fmt.Fprintln(digest, name, s.asked.env(name))
	}
	return hex.EncodeToString(digest.Sum(nil))
}

func (s *state) whatIf(c call) (string, error) {
	kind := "NoChange"
	switch {
	case s.Deployed == "":
		kind = "Create"
	case s.Deployed != s.made(c):
		kind = "Modify"
	}
	var changes []any
	for _, id := range []string{"Microsoft.Web/sites/cosell-sync-" + suffix, "Microsoft.Web/sites/cosell-intake-" + suffix, "Microsoft.KeyVault/vaults/" + vaulted} {
		changes = append(changes, map[string]any{"resourceId": "/subscriptions/s/resourceGroups/g/providers/" + id, "changeType": kind, "after": map[string]string{"secret": "never shown"}})
	}
	changes = append(changes, map[string]any{"resourceId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/other", "changeType": "Ignore"})
	return asJSON(map[string]any{"status": "Succeeded", "error": nil, "changes": changes})
}

func (s *state) vault(c call) (string, error) {
	switch c.verb {
	case "role assignment list":
		return fmt.Sprintln(s.Assignments), nil
	case "role assignment create":
		s.Assignments = 1
		return "{}\n", nil
	case "keyvault list":
		if len(s.Secrets) == 0 {
			return "[]\n", nil
		}
		return asJSON([]string{vaulted})
	}
	name := c.options["--name"]
	if s.Assignments == 0 {
		return "", &refusal{code: 1, text: "ERROR: (Forbidden) Caller is not authorized to perform action on resource.\nInner error: { \"code\": \"ForbiddenByRbac\" }"}
	}
	if c.verb == "keyvault secret set" {
		text, err := os.ReadFile(s.asked.path(c.options["--file"]))
		s.Secrets[name] = string(text)
		return "", err
	}
	v, ok := s.Secrets[name]
	if !ok {
		return "", &refusal{code: 3, text: "ERROR: (SecretNotFound) A secret with (name/id) " + name + " was not found in this key vault."}
	}
	if c.options["--query"] != "value" {
		return fmt.Sprintln(v != "none"), nil
	}
	return asJSON(v)
}

// publish takes a package: a zip, or a folder.
func (s *state) publish(app, src string) (string, error) {
	info, err := os.Stat(s.asked.path(src))
	if err != nil {
		return "", &refusal{code: 1, text: "ERROR: " + err.Error()}
	}
	s.Published[app] = src
	if world := s.asked.env("STANDIN_WORLD"); world != "" {
		dir := src
		if !info.IsDir() {
			dir = strings.TrimSuffix(src, ".zip")
		}
		return "", publishTo(world, s.asked.path(dir))
	}
	return asJSON(map[string]any{"complete": true, "status": 4})
}

// publishTo publishes a packaged folder to a world on this machine.
func publishTo(world, dir string) error {
	var local struct {
		Host struct{ Control string }
	}
	text, err := os.ReadFile(world)
	if err == nil {
		err = json.Unmarshal(text, &local)
	}
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"app": dir})
	if err != nil {
		return err
	}
	resp, err := http.Post(local.Host.Control+"/publish", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return &refusal{code: 1, text: "ERROR: the world answers " + resp.Status}
	}
	return nil
}
