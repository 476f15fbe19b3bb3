package bicep

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What the real compiler took without a warning has nothing wrong here either, but for what it does not ask for.
func TestWhatTheCompilerTakesIsFine(t *testing.T) {
	p, err := Open(t.Context(), ".", filepath.Join("testdata", "accepted.bicep"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Check(loadTypes(t)) {
		if !strings.HasSuffix(f.Say, "has no description") {
			t.Error(f)
		}
	}
}

// good are the files of testdata in which nothing is wrong.
func good(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range []string{"good.bicep", "good.bicepparam", "modules/inner.bicep", "product.json"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(b)
	}
	return out
}

// Every rule: what it says when one thing is changed in files that are fine.
var broken = []struct{ in, old, put, says string }{
	{"", "", "", ""},
	// syntax
	{"good.bicep", "properties: { disableLocalAuth: true }", "properties: { disableLocalAuth: true", "this is no Bicep"},
	{"good.bicep", "var own = { B: 'own' }", "var own = ", "this is no Bicep"},
	{"good.bicep", "{ B: 'own' }", "{ ...settings, B: 'own' }", "this is no Bicep"},
	{"good.bicep", "param settings object", "param settings resourceInput<'Microsoft.Web/sites@2025-03-01'>.tags", "this is no Bicep"},
	{"good.bicepparam", "param most = 7", "param most 7", "this is no Bicep"},
	// types
	{"good.bicep", "Microsoft.KeyVault/vaults@2026-05-15", "Microsoft.KeyVault/vaults@2026-05-16", "Microsoft.KeyVault/vaults@2026-05-16 is not among the resource types"},
	{"good.bicep", "'Microsoft.ServiceBus/namespaces/queues@", "'Microsoft.ServiceBus/namespaces/topics@", "is not among the resource types"},
	{"good.bicep", "enableRbacAuthorization: true", "enableRbacAuthorisation: true", "has no property properties.enableRbacAuthorisation"},
	{"good.bicep", "requiresSession: true", "requireSession: true", "has no property properties.requireSession"},
	{"good.bicep", "{ name: s.key, value: s.value }), [ { name: 'VAULT', value:", "{ name: s.key, value: s.value }), [ { name: 'VAULT', value:", ""},
	{"good.bicep", "tenantId: subscription().tenantId", "", "lacks properties.tenantId, which is required"},
	{"good.bicep", "family: 'A', name: 'standard'", "name: 'standard'", "lacks properties.sku.family, which is required"},
	{"good.bicep", "name: '${name}-bus'", "", "Microsoft.ServiceBus/namespaces lacks name, which is required"},
	{"good.bicep", "enableRbacAuthorization: true", "enableRbacAuthorization: 'true'", "is a string, and has to be a bool"},
	{"good.bicep", "maxDeliveryCount: most + i", "maxDeliveryCount: '10'", "maxDeliveryCount of Microsoft.ServiceBus/namespaces/queues is a string, and has to be an int"},
	{"good.bicep", "serverFarmId: plan.id", "serverFarmId: most", "is the parameter most, which is an int, and has to be a string"},
	{"good.bicep", "serverFarmId: plan.id", "serverFarmId: private ? plan.id : 7", "is an int, and has to be a string"},
	{"good.bicep", "siteConfig: {", "clientCertMode: own, siteConfig: {", "is an object, and has to be a string"},
	{"good.bicep", "private ? 'Premium' : 'Standard'", "private ? 'Premium' : 'standard'", `is "standard", which is not among Basic, Standard, Premium`},
	{"good.bicep", "name: '${name}-plan'", "name: '${name}-plan', sku: [ ]", "is an array, and has to be an object"},
	// names
	{"good.bicep", "serverFarmId: plan.id", "serverFarmId: plam.id", "nothing is named plam"},
	{"good.bicep", "contains(['none'], q.name)", "contains(['none'], r.name)", "nothing is named r"},
	{"good.bicep", "take(suffix, 4)", "tike(suffix, 4)", "the function tike is not known"},
	{"good.bicep", "var own = ", "var owns = 'x'\nvar own = ", "nothing uses the var owns"},
	{"good.bicep", "var own = ", "@description('x')\nparam spare int = 1\nvar own = ", "nothing uses the param spare"},
	{"good.bicep", "var own = ", "resource old 'Microsoft.KeyVault/vaults@2026-05-15' existing = { name: 'old' }\nvar own = ", "nothing uses the resource old"},
	{"good.bicep", "var own = ", "var bus = 'x'\nvar own = ", "bus is declared twice"},
	{"good.bicep", "outputs.principal", "outputs.principle", "the module modules/inner.bicep has no output principle"},
	// modules and files of parameters
	{"good.bicep", "modules/inner.bicep", "modules/outer.bicep", "there is no module modules/outer.bicep"},
	{"good.bicep", "busName: bus.name }", "busNames: bus.name }", "has no parameter busNames"},
	{"good.bicep", ", busName: bus.name }", " }", "is not given its parameter busName"},
	{"good.bicep", "busName: bus.name }", "busName: 7 }", "is an int, and has to be a string"},
	{"modules/inner.bicep", "param location string", "param location string = 'westeurope'", ""},
	{"good.bicepparam", "param most = 7", "param least = 7", "good.bicep has no parameter least"},
	{"good.bicep", "param name string = 'cosell'", "param name string = 'cosell'\n\n@description('x')\nparam domain string\nvar used = domain\noutput d string = used", "the parameter domain of good.bicep is not set"},
	{"good.bicepparam", "using 'good.bicep'", "using 'best.bicep'", "there is no template best.bicep"},
	// the linter's
	{"good.bicep", "@description('How many may run.')", "", "the parameter most has no description"},
	{"good.bicep", "@secure()\n", "", "the parameter doorKey looks like a secret, and is not @secure()"},
	{"good.bicep", "param doorKey string = ''", "param doorKey string = 'x'", "the secret doorKey has a default"},
	{"good.bicep", "output sealId string = seal.id", "output sealId string = '${seal.id}${doorKey}'", "the output sealId gives a secret away"},
	{"good.bicep", "output sealId string = seal.id", "output sealId object = { doorKey: seal.id }", ""},
	{"good.bicep", "output sealId string = seal.id", "output sealId object = { door: doorKey }", "the output sealId gives a secret away"},
	{"good.bicep", "var own = { B: 'own' }", "var own = { B: 'https://x.vault.azure.net' }", "a host that is another in other clouds"},
	{"good.bicep", "var own = { B: 'own' }", "var own = { B: 'https://x.table.core.windows.net' }", "a host that is another in other clouds"},
	{"good.bicep", "var own = { B: 'own' }", "var own = { B: resourceGroup().location }", "resourceGroup().location belongs into the default"},
	{"good.bicep", "inner.?outputs.principal ?? 'none'", "inner.outputs.principal", "inner may not be deployed"},
	{"good.bicep", "dependsOn: [ door ]", "dependsOn: [ door, bus ]", "inner depends on bus anyway"},
	{"good.bicep", "var own = { B: 'own' }", "var own = { 'B': 'own' }", "'B' needs no quotes"},
	{"good.bicep", "serverFarmId: plan.id", "serverFarmId: '${plan.id}'", "a text that is one value only"},
	{"good.bicep", "var own = { B: 'own' }", "var own = { B: concat('a', name) }", "concat of texts"},
	{"good.bicep", "var own = { B: 'own' }", "var own = { B: 'https://x.azuredatalakestore.net' }", "a host that is another in other clouds"},
	{"good.bicep", "var own = { B: 'own' }", "var own = { B: 'privatelink.vaultcore.azure.net' }", ""},
	{"good.bicep", "var own = { B: 'own' }", "var own = { B: product['queues'] }", "['queues'] is written .queues"},
	{"good.bicep", "var own = { B: 'own' }", "var own = { B: settings['my-name'] }", ""},
	{"good.bicep", "var own = { B: 'own' }", "var own = { B: contains(settings, 'x') ? settings.x : '' }", "is written with .?"},
	{"good.bicep", "var own = { B: 'own' }", "var own = { B: contains(settings, name) ? settings[name] : '' }", "is written with .?"},
	{"good.bicep", "var own = { B: 'own' }", "var own = { B: contains(settings, name) ? settings.x : '' }", ""},
	{"good.bicep", "var own = ", "@description('x')\nparam secretsOfMine object\nvar own2 = secretsOfMine\noutput o object = own2\nvar own = ", "the parameter secretsOfMine looks like a secret"},
	{"good.bicep", "scope: queues[i]", "scope: queues[i]\n  dependsOn: [ bus ]", "role depends on bus anyway"},
	{"good.bicep", "sku: { name: private ? 'Premium' : 'Standard' }", "sku: { name: name }", "takes Basic, Standard, Premium only, and the parameter name may be anything"},
}

func TestEveryRuleRefusesWhatBreaksIt(t *testing.T) {
	files := map[string]string{}
	for i, c := range broken {
		for name, text := range good(t) {
			if name == c.in {
				changed := strings.Replace(text, c.old, c.put, 1)
				if changed == text && c.put != c.old {
					t.Errorf("%d: %q does not stand in %s", i, c.old, name)
				}
				text = changed
			}
			files[fmt.Sprintf("%d/%s", i, name)] = text
		}
	}
	p, dir := project(t, files)
	found := map[string][]string{}
	for _, f := range p.Check(loadTypes(t)) {
		rel, _ := filepath.Rel(dir, f.File)
		of, _, _ := strings.Cut(rel, string(filepath.Separator))
		found[of] = append(found[of], f.String())
	}
	for i, c := range broken {
		got := found[fmt.Sprint(i)]
		switch {
		case c.says == "" && len(got) > 0:
			t.Errorf("%d: %s is fine, and was refused: %s", i, c.put, strings.Join(got, "\n"))
		case c.says != "" && !slices.ContainsFunc(got, func(say string) bool { return strings.Contains(say, c.says) }):
			t.Errorf("%d: %s for %s: want %q, got\n%s", i, c.put, c.old, c.says, strings.Join(got, "\n"))
		}
	}
}

// The tree says where.
func TestFindingsNameFileAndLine(t *testing.T) {
	p, dir := project(t, map[string]string{"a.bicep": "\n\nvar x = 'y'\n"})
	got := p.Check(loadTypes(t))
	if want := filepath.Join(dir, "a.bicep") + ":3: nothing uses the var x"; len(got) != 1 || got[0].String() != want {
		t.Errorf("%v, want %s", got, want)
	}
}
