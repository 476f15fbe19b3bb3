package template

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/shared/app"
)

// stores: nobody gets in with a key.
func stores(_ *testing.T, d deployed) (out []string) {
	demand := func(kind, path string, want any) {
		found := d.all(kind)
		if len(found) == 0 {
			out = append(out, "there is no "+kind)
		}
		for _, r := range found {
			if got := at(r.Body, strings.Split(path, ".")...); got != want {
				out = append(out, fmt.Sprintf("%s: %s is %v, and has to be %v", r.Name, path, got, want))
			}
		}
	}
	demand(accounts, "properties.allowSharedKeyAccess", false)
	demand(namespaces, "properties.disableLocalAuth", true)
	demand(vaults, "properties.enableRbacAuthorization", true)
	demand(vaults, "properties.enablePurgeProtection", true)
	demand("Microsoft.OperationalInsights/workspaces", "properties.features.disableLocalAuth", true)
	demand("Microsoft.Insights/components", "properties.DisableLocalAuth", true)
	for _, r := range d.all(namespaces) {
		if sku := at(r.Body, "sku", "name"); sku == "Basic" || sku == nil {
			out = append(out, "Service Bus has to be Standard at least: Basic has no sessions")
		}
	}
	if n := len(d.all(accounts)); n != 3 {
		out = append(out, fmt.Sprintf("%d storage accounts: one for the tables, one for each host", n))
	}
	return out
}

// network: where there is one, storage and vault are reached from inside only, and both apps are inside.
func network(t *testing.T, d deployed) (out []string) {
	private := len(d.all("Microsoft.Network/virtualNetworks")) > 0
	premium := at(d.the(t, namespaces, "-bus-").Body, "sku", "name") == "Premium"
	doors := map[string]string{}
	for _, r := range d.all(endpoints) {
		for _, c := range list(at(r.Body, "properties", "privateLinkServiceConnections")) {
			doors[text(at(c, "properties", "privateLinkServiceId"))] = r.Name
		}
	}
	for _, r := range slices.Concat(d.all(accounts), d.all(vaults), d.all(namespaces)) {
		inside := private && (r.Type != namespaces || premium)
		if open := at(r.Body, "properties", "publicNetworkAccess") == "Enabled"; open == inside {
			out = append(out, fmt.Sprintf("%s is open to the internet: %v", r.Name, open))
		}
		if _, has := doors[r.ID]; has != inside {
			out = append(out, fmt.Sprintf("%s has a private endpoint: %v (it has no private endpoint where it is false)", r.Name, has))
		}
	}
	parts := map[string]string{}
	for _, role := range []string{app.Intake, app.Sync} {
		subnet := text(at(d.the(t, sites, "-"+role+"-").Body, "properties", "virtualNetworkSubnetId"))
		if (subnet != "") != private {
			out = append(out, role+" is not in the network, or there is none: "+subnet)
		}
		if private && !strings.HasSuffix(subnet, "/"+role) {
			out = append(out, role+" has to have a part of the network of its own, not "+subnet)
		}
		parts[subnet] = role
	}
	return append(out, insideOf(d)...)
}

// insideOf checks the network itself: its parts, and that every door is found by the name of what is behind it.
// https://learn.microsoft.com/azure/private-link/private-endpoint-dns
func insideOf(d deployed) (out []string) {
	for _, r := range d.all("Microsoft.Network/virtualNetworks") {
		seen := map[string]bool{}
		for _, s := range list(at(r.Body, "properties", "subnets")) {
			name, prefix := text(at(s, "name")), text(at(s, "properties", "addressPrefix"))
			if seen[prefix] || prefix == "" {
				out = append(out, name+" has the addresses of another part: "+prefix)
			}
			seen[prefix] = true
			delegations := list(at(s, "properties", "delegations"))
			if name != "endpoints" && (len(delegations) != 1 || at(delegations[0], "properties", "serviceName") != "Microsoft.App/environments") {
				out = append(out, name+" is not delegated to Microsoft.App/environments, as Flex Consumption needs it")
			}
		}
	}
	zones := map[string]string{"blob": "privatelink.blob.core.windows.net", "table": "privatelink.table.core.windows.net",
		"vault": "privatelink.vaultcore.azure.net", "namespace": "privatelink.servicebus.windows.net"}
	for _, r := range d.all(endpoints) {
		group := ""
		for _, c := range list(at(r.Body, "properties", "privateLinkServiceConnections")) {
			for _, g := range list(at(c, "properties", "groupIds")) {
				group = text(g)
			}
		}
		found := ""
		for _, g := range d.all(endpoints + "/privateDnsZoneGroups") {
			if strings.HasPrefix(g.Name, r.Name+"/") {
				for _, c := range list(at(g.Body, "properties", "privateDnsZoneConfigs")) {
					found = text(at(c, "properties", "privateDnsZoneId"))
				}
			}
		}
		if zones[group] == "" || !strings.HasSuffix(found, "/"+zones[group]) {
			out = append(out, fmt.Sprintf("%s of %s is looked up in the zone %s", r.Name, group, found))
		}
	}
	if n := len(d.all("Microsoft.Network/privateDnsZones")); n != len(d.all("Microsoft.Network/privateDnsZones/virtualNetworkLinks")) {
		out = append(out, fmt.Sprintf("%d zones, and not each is linked to the network", n))
	}
	return out
}

// demand is a row of checklist.json: what Azure Verified Modules set when nobody says otherwise.
type demand struct {
	Type   string `json:"type"`
	Path   string `json:"path"`
	AVM    any    `json:"avm"`    // their default
	Ours   any    `json:"ours"`   // left out: the same
	Why    string `json:"why"`    // ours is another
	Source string `json:"source"` // the module and its version
}

func demands(t *testing.T) (out []demand) {
	t.Helper()
	b, err := os.ReadFile("checklist.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// checklist holds every resource against the defaults of Azure Verified Modules.
func checklist(t *testing.T, d deployed) (out []string) {
	for _, c := range demands(t) {
		want := c.AVM
		if c.Ours != nil {
			want = c.Ours
		}
		found := d.all(c.Type)
		if len(found) == 0 && !strings.HasPrefix(c.Type, "Microsoft.Network/") {
			out = append(out, "there is no "+c.Type)
		}
		for _, r := range found {
			got := at(r.Body, strings.Split(c.Path, ".")...)
			if want == "(left out)" {
				want = nil
			}
			if fmt.Sprint(got) != fmt.Sprint(want) && !oneOf(got, want) {
				out = append(out, fmt.Sprintf("%s: %s is %v, and should be %v (%s)", r.Name, c.Path, got, want, c.Source))
			}
		}
	}
	return out
}

// oneOf: a wish may be a list of values.
func oneOf(got, want any) bool {
	return slices.ContainsFunc(list(want), func(v any) bool { return fmt.Sprint(v) == fmt.Sprint(got) })
}

func TestTheChecklistSaysWhereItIsFromAndWhyWeDiffer(t *testing.T) {
	all := demands(t)
	if len(all) < 30 {
		t.Errorf("the checklist has %d rows", len(all))
	}
	for _, c := range all {
		if c.Type == "" || c.Path == "" || !strings.HasPrefix(c.Source, "avm/res/") || (c.Ours != nil) != (c.Why != "") {
			t.Errorf("%+v", c)
		}
	}
}

func TestTheFilesOfParametersAreInTheRepository(t *testing.T) {
	for _, name := range []string{"main.test.bicepparam", "main.production.bicepparam", "bicepconfig.json"} {
		if _, err := os.Stat(filepath.Join(azure, name)); err != nil {
			t.Error(err)
		}
	}
}
