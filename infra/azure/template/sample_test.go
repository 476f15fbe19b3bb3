package template

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/azure/bicep"
)

// deployed is what one set of parameters comes to.
type deployed struct {
	name string
	bicep.Deployment
}

// variant is a file of parameters, and what is set beside it.
type variant struct {
	name, file string
	environ    map[string]string
	set        map[string]any
}

// secrets are what people set in the shell.
var secrets = map[string]string{"COSELL_OPERATOR_KEYS": "ann=b6e1d3c0a59f4e7d", "COSELL_PARTNER_CENTER_CLIENT_SECRET": "7fd8Q~abcdef", "COSELL_DATAVERSE_WEBHOOK_SECRET": "0f1e2d3c4b5a6978"}

// variants go through every branch of the templates.
var variants = []variant{
	{"test, first time", "main.test.bicepparam", secrets, nil},
	{"test, again", "main.test.bicepparam", nil, nil},
	{"staging, first time", "main.staging.bicepparam", secrets, nil},
	{"production, first time", "main.production.bicepparam", secrets, nil},
	{"production, while a secret is changed", "main.production.bicepparam", map[string]string{"COSELL_DATAVERSE_WEBHOOK_SECRET": "1f1e2d3c4b5a6978", "COSELL_DATAVERSE_WEBHOOK_SECRET_PREVIOUS": "0f1e2d3c4b5a6978"}, nil},
	{"everything", "main.production.bicepparam", secrets, map[string]any{
		"serviceBusSku": "Premium", "dataverseClientId": "11111111-1111-4111-8111-111111111111", "dataverseTenant": "22222222-2222-4222-8222-222222222222",
		"dataverseClientSecret": "8ge9R~bcdefg", "forwardUrl": "https://old.example.org/hook?code=0f1e2d3c",
		"settings":            map[string]any{"SYNC_MODE": "shadow", "SYNC_RECONCILE_SCHEDULE": "0 */15 * * * *", "FR_SYNC_STARTED": "2026-03-01"},
		"tenants":             []any{map[string]any{"alias": "fr", "partnerCenterTenant": "33333333-3333-4333-8333-333333333333"}, map[string]any{"alias": "de-at", "partnerCenterTenant": "44444444-4444-4444-8444-444444444444", "partnerCenterClientId": "77777777-7777-4777-8777-777777777777"}},
		"tenantClientSecrets": `{"de-at": "9hf0S~cdefgh", "fr": "which has none of its own"}`,
	}},
	{"no network, nothing awake", "main.production.bicepparam", secrets, map[string]any{"privateNetwork": false, "alwaysReadyHttp": 0, "alwaysReadyQueues": 0}},
}

// deploy works out all variants of the templates in a folder.
func deploy(p *bicep.Project, dir string) (out []deployed, err error) {
	for _, v := range variants {
		template, params, err := p.Parameters(filepath.Join(dir, v.file), v.environ)
		if err != nil {
			return out, fmt.Errorf("%s: %w", v.name, err)
		}
		maps.Copy(params, v.set)
		d, err := p.Deploy(template, params)
		if err != nil {
			return out, fmt.Errorf("%s: %w", v.name, err)
		}
		out = append(out, deployed{v.name, d})
	}
	return out, nil
}

// all are the resources of a type.
func (d deployed) all(kind string) (out []bicep.Resource) {
	for _, r := range d.Resources {
		if r.Type == kind {
			out = append(out, r)
		}
	}
	return out
}

// the one resource of a type whose name contains a text.
func (d deployed) the(t *testing.T, kind, part string) bicep.Resource {
	t.Helper()
	found := slices.DeleteFunc(d.all(kind), func(r bicep.Resource) bool { return !strings.Contains(r.Name, part) })
	if len(found) != 1 {
		t.Fatalf("%s: %d resources %s like %s", d.name, len(found), kind, part)
	}
	return found[0]
}

// at finds a member of a body by its path; nil where there is none.
func at(v any, path ...string) any {
	for _, name := range path {
		of, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = of[name]
	}
	return v
}

func list(v any) []any { out, _ := v.([]any); return out }

func text(v any) string { s, _ := v.(string); return s }

// settingsOf are the settings of the app of a role.
func (d deployed) settingsOf(t *testing.T, role string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, s := range list(at(d.the(t, sites, "-"+role+"-").Body, "properties", "siteConfig", "appSettings")) {
		name := text(at(s, "name"))
		if _, twice := out[name]; twice {
			t.Errorf("%s: %s sets %s twice", d.name, role, name)
		}
		out[name] = text(at(s, "value"))
	}
	return out
}

// The types that are asked for here.
const (
	sites       = "Microsoft.Web/sites"
	queues      = "Microsoft.ServiceBus/namespaces/queues"
	namespaces  = "Microsoft.ServiceBus/namespaces"
	accounts    = "Microsoft.Storage/storageAccounts"
	vaults      = "Microsoft.KeyVault/vaults"
	vaultSecret = "Microsoft.KeyVault/vaults/secrets"
	assignments = "Microsoft.Authorization/roleAssignments"
	endpoints   = "Microsoft.Network/privateEndpoints"
)
