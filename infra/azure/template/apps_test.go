package template

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/functions"
	"github.com/cosell-sync/cosell-sync/shared/app"
)

// queuesOfTheCode: those of shared/queue, and each as the product takes them for granted.
func queuesOfTheCode(t *testing.T, d deployed) (out []string) {
	want := map[string]any{"requiresSession": true, "requiresDuplicateDetection": false, "lockDuration": "PT1M", "maxDeliveryCount": 10,
		"defaultMessageTimeToLive": "P14D", "deadLetteringOnMessageExpiration": true, "enablePartitioning": false, "maxSizeInMegabytes": 1024}
	var have []string
	for _, r := range d.all(queues) {
		name := r.Name[strings.Index(r.Name, "/")+1:]
		have = append(have, name)
		got, _ := at(r.Body, "properties").(map[string]any)
		for flag, value := range want {
			if got[flag] != value {
				out = append(out, fmt.Sprintf("queue %s has %s %v, and has to have %v", name, flag, got[flag], value))
			}
		}
		for flag := range got {
			if _, known := want[flag]; !known {
				out = append(out, fmt.Sprintf("queue %s has %s, of which nobody has said what it is good for", name, flag))
			}
		}
	}
	for _, q := range ofTheCode(t).Queues {
		if !slices.Contains(have, q.Name) {
			out = append(out, "there is no queue "+q.Name)
		}
	}
	if len(have) != len(ofTheCode(t).Queues) {
		out = append(out, fmt.Sprintf("the queues are %v", have))
	}
	return out
}

// known stands for what only Azure knows.
var known = []struct {
	what *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`^@Microsoft\.KeyVault\(.*secrets/operator-keys/\)$`), "ann=b6e1d3c0a59f4e7d"},
	{regexp.MustCompile(`^@Microsoft\.KeyVault\(.*secrets/forward-url/\)$`), "https://old.example.org/hook"},
	{regexp.MustCompile(`^@Microsoft\.KeyVault\(.*\)$`), "0f1e2d3c4b5a69788796a5b4c3d2e1f0"},
	{regexp.MustCompile(`\{[^}]*:properties\.defaultHostName\}`), "cosell-intake.azurewebsites.net"},
	{regexp.MustCompile(`\{[^}]*:properties\.primaryEndpoints\.table\}`), "https://cosell.table.core.windows.net/"},
	{regexp.MustCompile(`\{[^}]*:properties\.vaultUri\}`), "https://cosell.vault.azure.net/"},
	{regexp.MustCompile(`\{[^}]*:properties\.clientId\}`), "55555555-5555-4555-8555-555555555555"},
	{regexp.MustCompile(`\{[^}]*:properties\.ConnectionString\}`), "InstrumentationKey=66666666-6666-4666-8666-666666666666"},
}

// environ are an app's settings as its process has them.
func environ(settings map[string]string) (out []string) {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		value := settings[name]
		for _, k := range known {
			value = k.what.ReplaceAllString(value, k.put)
		}
		out = append(out, name+"="+value)
	}
	return out
}

// ofTheHost are the settings that the Functions host reads, and those that have to be there; forbidden are those that
// Flex Consumption refuses or sets itself.
// https://learn.microsoft.com/azure/azure-functions/functions-app-settings
var (
	ofTheHost = []string{"AzureWebJobsStorage__accountName", "AzureWebJobsStorage__credential", "AzureWebJobsStorage__clientId", "ServiceBus__fullyQualifiedNamespace",
		"ServiceBus__credential", "ServiceBus__clientId", "APPLICATIONINSIGHTS_CONNECTION_STRING", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "AZURE_CLIENT_ID"}
	forbidden = []string{"FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
		"WEBSITE_CONTENTSHARE", "AzureWebJobsStorage", "AzureWebJobsDashboard", "APPINSIGHTS_INSTRUMENTATIONKEY", "SYNC_SIMULATED"}
)

// settingsOfTheApps: with them each app starts, none is misspelt, and none is left over.
func settingsOfTheApps(t *testing.T, d deployed) (out []string) {
	for _, role := range []string{app.Intake, app.Sync} {
		settings := d.settingsOf(t, role)
		var noted strings.Builder
		if _, err := app.New(environ(settings), io.MultiWriter(io.Discard, &noted)); err != nil {
			out = append(out, role+" does not start: "+err.Error())
		}
		for _, name := range ofTheHost {
			if settings[name] == "" {
				out = append(out, role+" lacks "+name)
			}
		}
		for name, value := range settings {
			switch {
			case slices.Contains(forbidden, name):
				out = append(out, role+" must not set "+name)
			case !slices.Contains(ofTheHost, name) && !slices.Contains(ourSettings(), untenanted(name)) && !strings.HasPrefix(name, "AzureWebJobs."):
				out = append(out, name+" is no setting of the product nor of the host")
			case strings.HasSuffix(name, "lientId") && slices.Contains(ofTheHost, name) || name == "AZURE_CLIENT_ID":
				if !strings.HasSuffix(value, ":properties.clientId}") || !strings.Contains(value, "-"+role+"-") {
					out = append(out, role+": "+name+" is not the client id of its identity, but "+value)
				}
			}
		}
	}
	return out
}

// ourSettings are the names of all members of app.Config.
func ourSettings() (out []string) {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[app.Config]()) {
		out = append(out, f.Tag.Get("env"))
	}
	return out
}

// untenanted is the name of a setting without the alias of a tenant before it.
func untenanted(name string) string {
	for _, prefix := range []string{"FR_", "DE_AT_"} {
		name = strings.TrimPrefix(name, prefix)
	}
	return name
}

// secretSettings are the settings that hold a secret.
func secretSettings() (out []string) {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[app.Config]()) {
		if f.Type == reflect.TypeFor[app.Secret]() {
			out = append(out, f.Tag.Get("env"))
		}
	}
	return out
}

// secretsInTheVault: no secret stands in a setting, each that is referred to is written when it is given, and what the
// product writes is not written over.
func secretsInTheVault(t *testing.T, d deployed) (out []string) {
	secret := secretSettings()
	for _, role := range []string{app.Intake, app.Sync} {
		for name, value := range d.settingsOf(t, role) {
			is := func(s string) bool { return name == s || strings.HasSuffix(name, "_"+s) } // a further tenant's, too
			if slices.ContainsFunc(secret, is) && value != "" && !reference.MatchString(value) {
				out = append(out, role+": "+name+" does not refer to the vault")
			}
		}
	}
	first := !strings.HasSuffix(d.name, "again") && !strings.HasSuffix(d.name, "changed")
	written := map[string]string{}
	for _, r := range d.all(vaultSecret) {
		name, value := r.Name[strings.Index(r.Name, "/")+1:], text(at(r.Body, "properties", "value"))
		written[name] = value
		ours := strings.HasPrefix(name, "partner-center-refresh-token") || slices.Contains(app.OwnSecrets(), name)
		switch {
		case ours && !r.OnlyIfAbsent:
			out = append(out, "the secret "+name+" would be written over by the next deployment")
		case ours && value != app.UnsetSecret:
			out = append(out, "the secret "+name+" does not begin as the placeholder")
		case value == "":
			out = append(out, "the secret "+name+" would be written without a value")
		}
	}
	for _, name := range []string{"operator-keys", "partner-center-client-secret", "dataverse-webhook-secret"} {
		if first && written[name] == "" {
			out = append(out, "the secret "+name+" is given, and is not written")
		}
	}
	if d.name == "everything" && (written["partner-center-client-secret-de-at"] == "" || written["partner-center-client-secret-fr"] != "") {
		out = append(out, "of the further tenants those with an app registration have a secret of their own, and no others")
	}
	return out
}

// functionsOfTheRole: each app runs its own, and the other app's are switched off.
func functionsOfTheRole(t *testing.T, d deployed) (out []string) {
	for _, role := range []string{app.Intake, app.Sync} {
		settings := d.settingsOf(t, role)
		if settings["SYNC_ROLE"] != role {
			out = append(out, "SYNC_ROLE of "+role+" is "+settings["SYNC_ROLE"])
		}
		served := functions.Of(role)
		for _, f := range functions.All() {
			its := slices.ContainsFunc(served, func(s functions.Declared) bool { return s.Name == f.Name })
			if off := settings["AzureWebJobs."+f.Name+".Disabled"] == "true"; off == its {
				out = append(out, fmt.Sprintf("%s: %s is switched off: %v", role, f.Name, off))
			}
		}
	}
	return out
}

// awake: the intake's HTTP, and the queue functions that people wait for, unless nothing shall be.
func awake(t *testing.T, d deployed) (out []string) {
	got := map[string]any{}
	for _, role := range []string{app.Intake, app.Sync} {
		for _, ready := range list(at(d.the(t, sites, "-"+role+"-").Body, "properties", "functionAppConfig", "scaleAndConcurrency", "alwaysReady")) {
			got[role+" "+text(at(ready, "name"))] = at(ready, "instanceCount")
		}
	}
	want := map[string]any{"intake http": 1}
	for _, name := range functions.Awaited() {
		want["sync function:"+name] = 1
	}
	if strings.HasPrefix(d.name, "test") || strings.HasPrefix(d.name, "staging") || strings.HasSuffix(d.name, "nothing awake") {
		want = map[string]any{}
	}
	if !maps.Equal(got, want) {
		out = append(out, fmt.Sprintf("awake are %v, and should be %v", got, want))
	}
	return out
}

// flex: both apps are custom handlers on Flex Consumption, each with a plan, an identity and a host's account of its own.
func flex(t *testing.T, d deployed) (out []string) {
	shared := map[string]string{}
	alone := func(role, what, value string) {
		if other, taken := shared[what+value]; taken || value == "" {
			out = append(out, fmt.Sprintf("%s has the same %s as %s: %s", role, what, other, value))
		}
		shared[what+value] = role
	}
	for _, plan := range d.all("Microsoft.Web/serverfarms") {
		if at(plan.Body, "sku", "name") != "FC1" || at(plan.Body, "sku", "tier") != "FlexConsumption" || at(plan.Body, "properties", "reserved") != true {
			out = append(out, plan.Name+" is no plan of Flex Consumption")
		}
	}
	for _, role := range []string{app.Intake, app.Sync} {
		body := d.the(t, sites, "-"+role+"-").Body
		config, _ := at(body, "properties", "functionAppConfig").(map[string]any)
		if at(config, "runtime", "name") != "custom" || at(config, "runtime", "version") != "1.0" {
			out = append(out, role+": the runtime is not custom 1.0")
		}
		if tag := at(body, "tags", "azd-service-name"); tag != role {
			out = append(out, fmt.Sprintf("%s: azd-service-name is %v", role, tag))
		}
		identities, _ := at(body, "identity", "userAssignedIdentities").(map[string]any)
		identity := strings.Join(slices.Collect(maps.Keys(identities)), " ")
		alone(role, "identity", identity)
		alone(role, "plan", text(at(body, "properties", "serverFarmId")))
		alone(role, "account for its package", text(at(config, "deployment", "storage", "value")))
		alone(role, "account for its host", d.settingsOf(t, role)["AzureWebJobsStorage__accountName"])
		for what, value := range map[string]any{"keyVaultReferenceIdentity": at(body, "properties", "keyVaultReferenceIdentity"),
			"the identity of the deployment": at(config, "deployment", "storage", "authentication", "userAssignedIdentityResourceId")} {
			if value != identity {
				out = append(out, fmt.Sprintf("%s: %s is %v", role, what, value))
			}
		}
		for _, never := range []string{"alwaysOn", "linuxFxVersion"} {
			if at(body, "properties", "siteConfig", never) != nil {
				out = append(out, role+": "+never+" has no meaning on Flex Consumption")
			}
		}
	}
	return out
}
