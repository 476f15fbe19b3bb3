package template

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/app"
)

// vendorRoles are the roles by their ids.
// https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
var vendorRoles = map[string]string{
	"b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
	"0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
	"69a216fc-b8fb-44d8-bc22-1f3c2cd27a39": "Azure Service Bus Data Sender",
	"4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0": "Azure Service Bus Data Receiver",
	"3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
	"4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
	"b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
}

func TestRolesAreTheVendors(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(azure, "roles.json"))
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]string{}
	if err := json.Unmarshal(b, &roles); err != nil {
		t.Fatal(err)
	}
	for name, id := range roles {
		if vendorRoles[id] == "" {
			t.Errorf("%s is %s, which is no role that is needed here", name, id)
		}
	}
	if len(roles) != len(vendorRoles) {
		t.Errorf("%d roles, %d are needed", len(roles), len(vendorRoles))
	}
}

var (
	identityOf = regexp.MustCompile(`userAssignedIdentities/[a-z0-9]+-(intake|sync)-`)
	lastParts  = regexp.MustCompile(`providers/(?:Microsoft\.)?([A-Za-z.]+)/(.*)$`)
)

// rights are who may do what on what, one line each, as "intake: Key Vault Secrets User on vault secrets/x".
func (d deployed) rights() (out []string) {
	for _, r := range d.all(assignments) {
		who := "nobody that is known"
		if m := identityOf.FindStringSubmatch(text(at(r.Body, "properties", "principalId"))); m != nil {
			who = m[1]
		}
		id := text(at(r.Body, "properties", "roleDefinitionId"))
		role := vendorRoles[id[strings.LastIndex(id, "/")+1:]]
		out = append(out, fmt.Sprintf("%s: %s on %s", who, role, plainly(r.Scope)))
	}
	slices.Sort(out)
	return out
}

// plainly is a scope without the names that differ from installation to installation.
func plainly(scope string) string {
	m := lastParts.FindStringSubmatch(scope)
	if m == nil {
		return scope + " (a whole group or subscription)"
	}
	parts := strings.Split(m[2], "/")
	switch {
	case strings.HasPrefix(m[2], "namespaces/") && len(parts) == 4:
		return "queue " + parts[3]
	case strings.HasPrefix(m[2], "vaults/") && len(parts) == 4:
		return "secret " + parts[3]
	case strings.HasPrefix(m[2], "storageAccounts/") && len(parts) == 6:
		return "table " + parts[5]
	case strings.HasPrefix(m[2], "storageAccounts/") && len(parts) == 2:
		return map[byte]string{'t': "account of the tables", 'i': "account of the intake's host", 's': "account of the sync app's host"}[marked(parts[1])]
	}
	return m[1] + " " + strings.Join(parts[:1], "/")
}

// marked is the letter by which accounts differ: it stands before the thirteen of uniqueString.
func marked(account string) byte { return account[len(account)-14] }

// wanted are the least rights with which the product works, made from the code.
func wanted(p product, d deployed) (out []string) {
	for _, q := range p.Queues {
		out = append(out, "sync: Azure Service Bus Data Receiver on queue "+q.Name, "sync: Azure Service Bus Data Sender on queue "+q.Name)
		if q.IntakeSends {
			out = append(out, "intake: Azure Service Bus Data Sender on queue "+q.Name)
		}
	}
	out = append(out, "intake: Storage Table Data Contributor on table "+p.IntakeTable, "sync: Storage Table Data Contributor on account of the tables",
		"intake: Storage Blob Data Owner on account of the intake's host", "sync: Storage Blob Data Owner on account of the sync app's host",
		"intake: Monitoring Metrics Publisher on Insights components", "sync: Monitoring Metrics Publisher on Insights components",
		"intake: Key Vault Secrets User on secret dataverse-webhook-secret",
		"sync: Key Vault Secrets User on secret operator-keys", "sync: Key Vault Secrets User on secret partner-center-client-secret")
	for _, name := range append([]string{"partner-center-refresh-token"}, p.OwnSecrets...) {
		out = append(out, "sync: Key Vault Secrets Officer on secret "+name)
	}
	switch d.name {
	case "production, while a secret is changed":
		out = append(out, "intake: Key Vault Secrets User on secret dataverse-webhook-secret-previous")
	case "everything":
		out = append(out, "intake: Key Vault Secrets User on secret forward-url", "sync: Key Vault Secrets User on secret dataverse-client-secret",
			"sync: Key Vault Secrets Officer on secret partner-center-refresh-token-fr", "sync: Key Vault Secrets User on secret partner-center-client-secret-de-at", "sync: Key Vault Secrets Officer on secret partner-center-refresh-token-de-at")
	}
	slices.Sort(out)
	return out
}

// leastRights: exactly these, and no more.
func leastRights(t *testing.T, d deployed) (out []string) {
	have, want := d.rights(), wanted(ofTheCode(t), d)
	for _, right := range have {
		if !slices.Contains(want, right) {
			out = append(out, "a right too many: "+right)
		}
	}
	for _, right := range want {
		if !slices.Contains(have, right) {
			out = append(out, "a right too few: "+right)
		}
	}
	for _, r := range d.all(assignments) {
		if at(r.Body, "properties", "principalType") != "ServicePrincipal" {
			out = append(out, r.ID+" does not say principalType: a fresh identity is not found yet")
		}
	}
	return out
}

// readable: who refers to a secret may read it, and what nobody refers to nobody reads.
func readable(t *testing.T, d deployed) (out []string) {
	rights := d.rights()
	for _, role := range []string{app.Intake, app.Sync} {
		for name, value := range d.settingsOf(t, role) {
			m := reference.FindStringSubmatch(value)
			if m != nil && !slices.Contains(rights, role+": Key Vault Secrets User on secret "+m[1]) {
				out = append(out, fmt.Sprintf("%s refers to the secret %s with %s, and may not read it", role, m[1], name))
			}
		}
	}
	return out
}

var reference = regexp.MustCompile(`^@Microsoft\.KeyVault\((?:SecretUri=\{Microsoft\.KeyVault/vaults/[^}]+:properties\.vaultUri\}secrets/|VaultName=[a-z0-9-]+;SecretName=)([a-z-]+)/?\)$`)
