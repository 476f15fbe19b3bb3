package bicep

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func opened(t *testing.T) *Project {
	t.Helper()
	p, err := Open(t.Context(), ".", "testdata/good.bicep", "testdata/modules/inner.bicep", "testdata/good.bicepparam")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// deployed works out the template of testdata with its file of parameters, and others.
func deployed(t *testing.T, environ map[string]string, others map[string]any) (Deployment, error) {
	t.Helper()
	p := opened(t)
	template, params, err := p.Parameters("testdata/good.bicepparam", environ)
	if err != nil || template != filepath.Join("testdata", "good.bicep") {
		t.Fatalf("%s %v", template, err)
	}
	maps.Copy(params, others)
	return p.Deploy(template, params)
}

func ids(d Deployment) (out []string) {
	for _, r := range d.Resources {
		out = append(out, strings.TrimPrefix(r.ID, resourceGroup+"/providers/"))
	}
	return out
}

func TestWhatIsDeployedIsWorkedOut(t *testing.T) {
	d, err := deployed(t, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := ids(d)
	for _, want := range []string{"Microsoft.ServiceBus/namespaces/acme-bus", "Microsoft.ServiceBus/namespaces/acme-bus/queues/one", "Microsoft.ServiceBus/namespaces/acme-bus/queues/two"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %v", want, got)
		}
	}
	for _, never := range []string{"queues/none", "queues/three", "secrets/door", "userAssignedIdentities"} {
		if strings.Contains(strings.Join(got, " "), never) {
			t.Errorf("%s is deployed: %v", never, got)
		}
	}
	for _, r := range d.Resources {
		switch {
		case strings.HasSuffix(r.Name, "/two"):
			if diff := cmp.Diff(map[string]any{"requiresSession": true, "maxDeliveryCount": 8}, r.Body["properties"]); diff != "" {
				t.Error(diff)
			}
		case r.Type == "Microsoft.Authorization/roleAssignments" && (!strings.Contains(r.Scope, "/queues/") || !strings.HasPrefix(r.ID, r.Scope)):
			t.Errorf("the role is on %s as %s", r.Scope, r.ID)
		case strings.HasSuffix(r.Name, "/seal") != r.OnlyIfAbsent:
			t.Errorf("%s: only if absent: %v", r.Name, r.OnlyIfAbsent)
		}
	}
	if d.Outputs["host"] != later("{Microsoft.Web/sites/acme-app:properties.defaultHostName}") || !strings.HasSuffix(d.Outputs["sealId"].(string), "/secrets/seal") {
		t.Errorf("%v", d.Outputs)
	}
}

// Settings are merged in the order that union gives them, and what only Azure knows is told apart.
func TestSettingsAreMergedAndSorted(t *testing.T) {
	d, err := deployed(t, nil, map[string]any{"settings": map[string]any{"B": "theirs", "C": "c"}})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(d.Resources, func(r Resource) bool { return r.Type == "Microsoft.Web/sites" })
	config := d.Resources[i].Body["properties"].(map[string]any)["siteConfig"].(map[string]any)
	want := []any{map[string]any{"name": "B", "value": "own"}, map[string]any{"name": "C", "value": "c"}, map[string]any{"name": "VAULT", "value": config["appSettings"].([]any)[2].(map[string]any)["value"]}}
	if diff := cmp.Diff(want, config["appSettings"]); diff != "" {
		t.Error(diff)
	}
	if v := config["appSettings"].([]any)[2].(map[string]any)["value"].(string); !strings.HasPrefix(v, "{Microsoft.KeyVault/vaults/acme-") || !strings.HasSuffix(v, ":properties.vaultUri}") {
		t.Error(v)
	}
}

func TestConditionsDecide(t *testing.T) {
	d, err := deployed(t, map[string]string{"DOOR_KEY": "sesame"}, map[string]any{"private": true})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(ids(d), " ")
	for _, want := range []string{"/secrets/door", "userAssignedIdentities/of-acme-bus-2"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
	for _, r := range d.Resources {
		if r.Type != "Microsoft.Authorization/roleAssignments" {
			continue
		}
		if who := r.Body["properties"].(map[string]any)["principalId"]; who != "{Microsoft.ManagedIdentity/userAssignedIdentities/of-acme-bus-2:properties.principalId}" {
			t.Errorf("%v", who)
		}
	}
}

func TestParametersAreHeldAgainstTheirLimits(t *testing.T) {
	for say, params := range map[string]map[string]any{
		"outside its minLength":     {"name": "ab"},
		"outside its maxLength":     {"name": "a-name-too-long"},
		"outside its minValue":      {"most": 0},
		"has to be int":             {"most": "7"},
		"has to be bool":            {"private": "yes"},
		"has no parameter elephant": {"elephant": 1},
	} {
		if _, err := deployed(t, nil, params); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%v: %v", params, err)
		}
	}
}

// What binds tighter is worked out first, also where the grammar has it otherwise.
func TestExpressionsBindAsTheLanguageSays(t *testing.T) {
	p, dir := project(t, map[string]string{"a.bicep": `
var o = { yes: true, no: false, n: 7, list: [ 1, 2 ], inner: { word: 'w' } }
output a string = o.no ? 'x' : o.inner.word
output b string = o.yes ? o.inner.word : 'x'
output c bool = !o.no
output d bool = o.n == 7 && o.inner.word != 'v' || o.no
output e array = map(o.list, i => { v: i, w: o.n })
output f array = filter([ o ], q => q.yes && q.n > 6)
output g int = o.no ? 1 : o.yes ? o.list[1] : 3
output h string = o.?gone.further ?? o.inner.word
output i array = map([ o ], q => q.inner.word)
output j int = 1 + o.n * 2
output k string = o.no ? 'x' : 'pre-${o.inner.word}'
output l array = map([ o ], q => q.no ? 1 : q.list[0])
output m string = '''
one
two'''
`})
	d, err := p.Deploy(filepath.Join(dir, "a.bicep"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"a": "w", "b": "w", "c": true, "d": true, "e": []any{map[string]any{"v": 1, "w": 7}, map[string]any{"v": 2, "w": 7}}, "g": 2, "h": "w",
		"i": []any{"w"}, "j": 15, "k": "pre-w", "l": []any{1}, "m": "one\ntwo"}
	if n := len(d.Outputs["f"].([]any)); n != 1 {
		t.Errorf("f has %d", n)
	}
	delete(d.Outputs, "f")
	if diff := cmp.Diff(want, d.Outputs); diff != "" {
		t.Error(diff)
	}
}
