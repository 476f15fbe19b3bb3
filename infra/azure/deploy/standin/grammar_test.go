package standin

import (
	"slices"
	"strings"
	"testing"
)

// A stand-in that takes everything would prove nothing.
func TestWhatTheToolsDoNotTakeIsRefused(t *testing.T) {
	all, err := grammars()
	if err != nil {
		t.Fatal(err)
	}
	for line, refused := range map[string]string{
		"az group create --name g --location l":                                       "",
		"az group create --name g":                                                    "--location",
		"az group create --name g --location l --force":                               "--force",
		"az group make --name g":                                                      "misspelled",
		"az group create --name g --location l more":                                  "more",
		"az group create --name":                                                      "expected one",
		"az keyvault secret set --vault-name v --name n --value v":                    "--value",
		"az account show --no-wait":                                                   "--no-wait",
		"func azure functionapp publish app --custom":                                 "",
		"func azure functionapp publish --custom":                                     "missing",
		"func azure functionapp publish app --runtime custom":                         "--runtime",
		"azd deploy sync --from-package p --no-prompt":                                "",
		"azd deploy sync intake":                                                      "intake",
		"azd up":                                                                      "misspelled",
		"make package MAPPING=f":                                                      "",
		"make package FILE=f":                                                         "FILE",
		"cosellctl --local x.json setup dataverse":                                    "",
		"cosellctl setup crm":                                                         "misspelled",
		"az deployment group create --resource-group g --parameters a.bicepparam b=c": "",
	} {
		words := strings.Fields(line)
		_, err := all[words[0]].parse(words[1:])
		if (refused == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), refused) {
			t.Errorf("%s: %v", line, err)
		}
	}
	for name, g := range all {
		if g.Source == "" || len(g.Commands) == 0 {
			t.Errorf("%s: where is it from?", name)
		}
		for verb, c := range g.Commands {
			if c.Source == "" && slices.Contains([]string{"az", "func", "azd"}, name) {
				t.Errorf("%s %s: where were its arguments read?", name, verb)
			}
		}
	}
}
