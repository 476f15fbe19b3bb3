package main

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// template is a call of az on the templates, with the settings and the secrets in its environment, where the file of
// parameters reads them.
func template(f *facts, verb string, args ...string) command {
	c := az(f, append([]string{"deployment", "group", verb, "--resource-group", f.set["AZURE_RESOURCE_GROUP"], "--parameters", f.params}, args...)...)
	c.settings = true
	c.secretEnv = map[string]string{}
	for _, k := range secrets() {
		if f.plan() || f.given[k.name] != "" && (k.while || f.private || !f.has(k)) {
			c.secretEnv[k.name] = k.vault
		}
	}
	return c
}

// plan says that nothing is run: then every secret is shown that could go along.
func (f *facts) plan() bool { return f.secrets == nil }

// has says that the vault had a secret when we began.
func (f *facts) has(k secret) bool {
	for alias := range ofTenants(f.given[k.name]) {
		if k.name == "COSELL_TENANT_CLIENT_SECRETS" && f.is("has "+tenantSecrets+alias, "true") {
			return true
		}
	}
	return f.is("has "+k.vault, "true")
}

// lacks says that a secret is needed that nobody gave, and that the vault has not.
func (f *facts) lacks(k secret) bool {
	unused := k.vault == "dataverse-client-secret" && f.set["DATAVERSE_CLIENT_ID"] == ""
	return f.given[k.name] == "" && !k.while && !f.has(k) && !unused
}

// askSecrets names those that somebody has to give.
func askSecrets(f *facts) error {
	var problems []error
	for _, k := range secrets() {
		if f.lacks(k) && !k.generated {
			problems = append(problems, fmt.Errorf("%s is not given, and the vault has none yet: set it in the shell, or %s_FILE to a file of mode 600", k.name, k.name))
		}
	}
	return errors.Join(problems...)
}

// makeSecrets makes those that are ours to make.
func makeSecrets(f *facts) error {
	if err := askSecrets(f); err != nil {
		return err
	}
	for _, k := range secrets() {
		if !f.lacks(k) {
			continue
		}
		value := random()
		if k.vault == "operator-keys" {
			value = "operator=" + value
		}
		f.give(k, value)
		f.say("%s is made here and goes into the vault: az keyvault secret show shows it to whoever may see it", k.vault)
	}
	return nil
}

// give takes in a secret.
func (f *facts) give(k secret, value string) {
	f.given[k.name], f.secrets[k.vault] = value, value
	if k.vault == "operator-keys" {
		f.secrets["operator-key"] = firstKey(value)
	}
	if k.name == "COSELL_TENANT_CLIENT_SECRETS" {
		for alias, v := range ofTenants(value) { // so that none is shown
			f.secrets[tenantSecrets+alias] = v
		}
	}
}

// ofTenants are the secrets of further tenants by their aliases; none where the text is not of that form.
func ofTenants(text string) (out map[string]string) {
	_ = json.Unmarshal([]byte(text), &out) // what is wrong with it is said by wrongSecrets
	return out
}

// firstKey is the key of the first operator in name=key,name=key.
func firstKey(keys string) string {
	first, _, _ := strings.Cut(keys, ",")
	_, key, named := strings.Cut(strings.TrimSpace(first), "=")
	if !named {
		return strings.TrimSpace(first)
	}
	return key
}

func random() string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func whatIfStep() step {
	return step{name: "whatif", before: makeSecrets, does: "asks Azure what the templates would change", needs: "Contributor on the resource group",
		mend: "the text names the resource and the reason; docs/azure.md has the parameters",
		moves: []move{{
			does: "asking what would change",
			call: func(f *facts) command {
				return template(f, "what-if", "--result-format", "FullResourcePayloads", "--no-pretty-print")
			},
			took: tookWhatIf,
		}}}
}

// tookWhatIf counts what would change and names it. Values are never shown: some are secret.
func tookWhatIf(f *facts, answer string) error {
	type change struct{ ResourceID, ChangeType string }
	var w struct {
		Changes    []change
		Properties struct{ Changes []change }
	}
	if err := into(answer, &w); err != nil {
		return err
	}
	count := map[string]int{}
	for _, c := range append(w.Changes, w.Properties.Changes...) {
		count[c.ChangeType]++
		if c.ChangeType == "Create" && strings.HasSuffix(path.Dir(c.ResourceID), "/Microsoft.Web/sites") {
			f.known["published-sync"], f.known["published-intake"] = "", "" // a new app has no package, whatever the group's tags say
		}
		if !slices.Contains([]string{"NoChange", "Ignore", "NoEffect"}, c.ChangeType) {
			_, name, _ := strings.Cut(c.ResourceID, "/providers/")
			f.say("%s %s", strings.ToLower(c.ChangeType), cmp.Or(name, c.ResourceID))
		}
	}
	if len(f.said) == 0 {
		f.known["whatif"] = "nothing"
		f.say("nothing: %d resources are as they should be", count["NoChange"])
	}
	if n := count["Delete"]; n > 0 {
		return fmt.Errorf("%d resources would be deleted, which no template of ours asks for", n)
	}
	return nil
}

func deployStep() step {
	return step{name: "deploy", before: func(f *facts) error {
		if f.untold {
			f.say("nobody is told of alerts: alertEmails of %s is still the sample's", f.params)
		}
		return makeSecrets(f)
	}, does: "deploys the templates", needs: "Contributor and Role Based Access Control Administrator on the resource group",
		mend: "the text names the resource and the reason; what is made already stays, and a second run goes on from there",
		moves: []move{{
			does: "deploying", when: "unless nothing would change, and no secret goes along", changes: true, later: underWay, patience: 30 * time.Minute,
			so: func(f *facts) (string, bool) {
				return "nothing to change", f.is("whatif", "nothing") && f.is("deployed", "true") && len(template(f, "create").secretEnv) == 0
			},
			call: func(f *facts) command {
				return template(f, "create", "--name", deployment, "--query", "properties.outputs")
			},
			took: func(f *facts, answer string) error {
				if err := tookOutputs(f, answer); err != nil {
					return err
				}
				f.known["fresh"] = "true"
				for _, k := range secrets() { // whether it differs nobody can see from outside
					if (f.private || k.while) && f.has(k) && f.given[k.name] != "" {
						f.known["secretChanged"] = "true"
					}
				}
				return nil
			},
		}}}
}

// underWay says that Azure is still at a deployment that an earlier run has begun, and that ended without it.
// https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
func underWay(_ *facts, err *toolError) bool { return strings.Contains(err.said, "DeploymentActive") }

// vaultID is the vault as Azure names it.
func vaultID(f *facts) string {
	return groupID(f) + "/providers/Microsoft.KeyVault/vaults/" + f.get("vaultName")
}

// secretsOfficer is the right to read and write secrets: infra/azure/roles.json.
const secretsOfficer = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"

func rightsStep() step {
	return step{name: "rights", does: "lets whoever deploys read and write the secrets of this vault, and of no other", needs: "Role Based Access Control Administrator on the resource group",
		mend: "somebody who may give rights gives you Key Vault Secrets Officer on the vault",
		moves: []move{
			{
				does: "asking for the rights on the vault",
				call: func(f *facts) command {
					return az(f, "role", "assignment", "list", "--assignee", f.get("callerId"), "--scope", vaultID(f), "--role", secretsOfficer, "--include-inherited", "--include-groups", "--query", "length(@)")
				},
				took: func(f *facts, answer string) error {
					f.known["rights"] = strings.TrimSpace(answer)
					return nil
				},
			},
			{
				does: "giving the right", when: "unless it is there", changes: true,
				so: func(f *facts) (string, bool) { return "the right is there", f.known["rights"] != "0" },
				call: func(f *facts) command {
					return az(f, "role", "assignment", "create", "--assignee-object-id", f.get("callerId"), "--assignee-principal-type", f.get("callerType"), "--role", secretsOfficer, "--scope", vaultID(f))
				},
				took: func(f *facts, _ string) error {
					f.known["rightIsNew"] = "true"
					return nil
				},
			},
		}}
}

// notYet says that a right that was given a moment ago is not in force yet, which takes up to ten minutes.
func notYet(f *facts, err *toolError) bool {
	return f.is("rightIsNew", "true") && (strings.Contains(err.said, "ForbiddenByRbac") || strings.Contains(err.said, "Caller is not authorized"))
}

// reveal reads a secret of the vault into our memory.
func reveal(name string) move {
	return move{
		does:  "reading " + name,
		later: notYet,
		call: func(f *facts) command {
			return az(f, "keyvault", "secret", "show", "--vault-name", f.get("vaultName"), "--name", name, "--query", "value")
		},
	}
}

func secretsStep(f *facts) step {
	s := step{name: "secrets", does: "puts secrets that were given and differ into the vault", needs: "Key Vault Secrets Officer on the vault",
		mend: "the text says what the vault refuses"}
	if f.private {
		s.does, s.needs = "leaves the vault alone, which is closed to the internet: the deployment has written what was given", "Website Contributor on both apps"
	}
	for _, k := range secrets() {
		_, given := f.given[k.name]
		if k.while || f.private || !given && !f.plan() {
			continue
		}
		s.moves = append(s.moves, keep(k)...)
	}
	for _, app := range []string{"sync", "intake"} {
		s.moves = append(s.moves, move{
			does: "starting the app " + app + " again, so that it reads the new secret", when: "where a secret was changed", changes: true,
			so: func(f *facts) (string, bool) { return "", !f.is("secretChanged", "true") || !f.is("deployed", "true") },
			call: func(f *facts) command {
				return az(f, "functionapp", "restart", "--resource-group", f.set["AZURE_RESOURCE_GROUP"], "--name", f.get(app+"Name"))
			},
		})
	}
	return s
}

// keep compares a given secret with the vault's, and writes it where they differ.
func keep(k secret) []move {
	same := "same-" + k.vault
	made := func(f *facts) bool { return f.is("fresh", "true") && !f.has(k) } // by the deployment of this run
	look := reveal(k.vault)
	look.when = "where it was given, and the vault has one"
	look.so = func(f *facts) (string, bool) { return "", !f.has(k) }
	look.took = func(f *facts, answer string) error {
		var has string
		if err := into(answer, &has); err != nil {
			return err
		}
		if has == f.given[k.name] {
			f.known[same] = "true"
		}
		return nil
	}
	return []move{look, {
		does: "writing " + k.vault, when: "where it differs", changes: true, later: notYet,
		so: func(f *facts) (string, bool) {
			if made(f) {
				return k.vault + " was written by the deployment", true
			}
			return k.vault + " is the vault's", f.is(same, "true")
		},
		call: func(f *facts) command {
			c := az(f, "keyvault", "secret", "set", "--vault-name", f.get("vaultName"), "--name", k.vault, "--file", secretFile, "--encoding", "utf-8", "--output", "none")
			c.secret = k.vault
			return c
		},
		took: func(f *facts, _ string) error {
			f.known["secretChanged"] = "true"
			return nil
		},
	}}
}
