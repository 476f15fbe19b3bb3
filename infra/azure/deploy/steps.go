package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// deployment is the name of ours among the group's deployments: a second run finds what the first has made.
const deployment = "cosell-sync"

// az is a call of the Azure CLI on the subscription of the settings, which no `az account set` elsewhere can change.
func az(f *facts, args ...string) command {
	args = append(args, "--subscription", f.set["AZURE_SUBSCRIPTION_ID"], "--only-show-errors")
	if !hasOption(args, "--output") {
		args = append(args, "--output", "json")
	}
	return command{tool: "az", args: args}
}

func hasOption(args []string, name string) bool {
	for _, a := range args {
		if a == name {
			return true
		}
	}
	return false
}

// into reads an answer in JSON.
func into(answer string, v any) error {
	if err := json.Unmarshal([]byte(answer), v); err != nil {
		return fmt.Errorf("the answer is not what this tool usually says: %w", err)
	}
	return nil
}

// steps is the whole way, in its order.
func steps(f *facts) []step {
	return []step{
		toolsStep(f), signinStep(f), lookStep(), regionStep(f), packageStep(f), groupStep(), whatIfStep(), deployStep(),
		rightsStep(), secretsStep(f), publishStep(f), setupStep(), consentStep(), registerStep(f), catalogueStep(f), doctorStep(),
	}
}

func toolsStep(f *facts) step {
	version := func(tool string, args ...string) move {
		return move{
			does: "asking " + tool + " for its version",
			call: func(*facts) command { return command{tool: tool, args: args} },
			took: func(f *facts, answer string) error { return tookVersion(f, tool, answer) },
		}
	}
	s := step{name: "tools", always: true, does: "looks whether the tools are there, and new enough", needs: "none",
		mend:  "start the tool by hand, and install it anew if it does not start",
		moves: []move{version("az", "version", "--output", "json")}}
	switch f.program {
	case "func":
		s.moves = append(s.moves, version("func", "--version"))
	case "azd":
		s.moves = append(s.moves, version("azd", "version", "--output", "json"))
	}
	return s
}

func signinStep(f *facts) step {
	s := step{name: "signin", always: true, does: "looks who is signed in, and whether the subscription is seen", needs: "Reader on the subscription or the group",
		mend: "az login --tenant TENANT"}
	s.moves = []move{
		{
			does: "asking for the account",
			call: func(f *facts) command { return az(f, "account", "show") },
			took: tookAccount,
		},
		{
			does: "asking for the object id of whoever is signed in", when: "where a person is signed in",
			so: func(f *facts) (string, bool) { return "", !f.is("callerType", "User") },
			call: func(*facts) command {
				return command{tool: "az", args: []string{"ad", "signed-in-user", "show", "--query", "id", "--only-show-errors", "--output", "json"}}
			},
			took: tookCaller,
		},
		{
			does: "asking for the object id of the service principal", when: "where a service principal is signed in",
			so: func(f *facts) (string, bool) { return "", !f.is("callerType", "ServicePrincipal") },
			call: func(f *facts) command {
				return command{tool: "az", args: []string{"ad", "sp", "show", "--id", f.get("callerName"), "--query", "id", "--only-show-errors", "--output", "json"}}
			},
			took: tookCaller,
		},
	}
	if f.program == "azd" {
		s.moves = append(s.moves, move{
			does: "asking whether azd is signed in, too",
			call: func(*facts) command {
				return command{tool: "azd", args: []string{"auth", "status", "--output", "json", "--no-prompt"}}
			},
			took: func(_ *facts, answer string) error {
				var status struct{ Status string }
				if err := into(answer, &status); err != nil {
					return err
				}
				if status.Status != "authenticated" {
					return errors.New("azd is not signed in; it does not share the sign-in of az: azd auth login")
				}
				return nil
			},
		})
	}
	return s
}

func tookAccount(f *facts, answer string) error {
	var a struct {
		ID, Name, State, TenantID string
		User                      struct{ Name, Type string }
	}
	if err := into(answer, &a); err != nil {
		return err
	}
	if a.State != "Enabled" {
		return fmt.Errorf("the subscription %s is %q and not enabled", a.Name, a.State)
	}
	f.known["callerName"], f.known["callerType"] = a.User.Name, "User"
	if a.User.Type == "servicePrincipal" {
		f.known["callerType"] = "ServicePrincipal"
	}
	f.say("%s, subscription %s, tenant %s", a.User.Name, a.Name, a.TenantID)
	return nil
}

func tookCaller(f *facts, answer string) error {
	var id string
	if err := into(answer, &id); err != nil {
		return err
	}
	f.known["callerId"] = id
	return nil
}

// noGroup says that there is nothing to look at yet.
func noGroup(f *facts) (string, bool) { return "", f.is("group", "false") }

func lookStep() step {
	return step{name: "look", always: true, does: "looks what an earlier run has made", needs: "Reader on the resource group",
		mend: "the text says what Azure refuses to show",
		moves: []move{
			{
				does: "asking whether the resource group is there",
				call: func(f *facts) command { return az(f, "group", "exists", "--name", f.set["AZURE_RESOURCE_GROUP"]) },
				took: tookGroup,
			},
			{
				does: "asking for what was deployed", when: "where the resource group is there", so: noGroup, took: tookDeployment,
				call: func(f *facts) command {
					return az(f, "deployment", "group", "list", "--resource-group", f.set["AZURE_RESOURCE_GROUP"],
						"--query", "[?name=='"+deployment+"'].{state:properties.provisioningState,outputs:properties.outputs}")
				},
			},
			{
				does: "asking for the vault", when: "where the resource group is there", so: noGroup, took: tookVault,
				call: func(f *facts) command {
					return az(f, "keyvault", "list", "--resource-group", f.set["AZURE_RESOURCE_GROUP"], "--query", "[?starts_with(name,'"+f.set["COSELL_NAME"]+"-kv-')].name")
				},
			},
			{
				does: "asking for the names of its secrets", when: "where there is a vault", took: tookNames,
				so: func(f *facts) (string, bool) { return "", f.known["vaultName"] == "" },
				call: func(f *facts) command { // by the control plane: no right on secrets is needed for names
					return az(f, "rest", "--method", "get", "--url", "https://management.azure.com"+vaultID(f)+"/secrets?api-version=2023-07-01", "--query", "value[].name")
				},
			},
			{
				does: "asking which packages were published", when: "where the resource group is there", so: noGroup, took: tookTags,
				call: func(f *facts) command { return az(f, "tag", "list", "--resource-id", groupID(f)) },
			},
		}}
}

func tookGroup(f *facts, answer string) error {
	f.known["group"] = strings.TrimSpace(answer)
	if f.known["group"] == "false" {
		f.say("there is no resource group %s yet", f.set["AZURE_RESOURCE_GROUP"])
	}
	return nil
}

func tookDeployment(f *facts, answer string) error {
	var found []struct {
		State   string
		Outputs json.RawMessage
	}
	if err := into(answer, &found); err != nil || len(found) == 0 {
		return err
	}
	switch found[0].State {
	case "Succeeded":
	case "Accepted", "Running":
		f.say("a deployment is under way: it is waited for before it is made again")
		return nil
	default:
		f.say("the last deployment is %s: it is made again", found[0].State)
		return nil
	}
	f.known["deployed"] = "true"
	return errors.Join(tookOutputs(f, string(found[0].Outputs)), f.anothers())
}

func tookVault(f *facts, answer string) error {
	var names []string
	if err := into(answer, &names); err != nil || len(names) == 0 {
		return err
	}
	f.known["vaultName"] = names[0]
	return nil
}

func tookNames(f *facts, answer string) error {
	var names []string
	if err := into(answer, &names); err != nil {
		return err
	}
	for _, n := range names {
		f.known["has "+n] = "true"
	}
	return nil
}

func tookTags(f *facts, answer string) error {
	var t struct {
		Properties struct{ Tags map[string]string }
	}
	if err := into(answer, &t); err != nil {
		return err
	}
	for _, app := range []string{"sync", "intake"} {
		f.known["published-"+app] = t.Properties.Tags[packageTag(app)]
	}
	return nil
}

// groupID is the resource group as Azure names it.
func groupID(f *facts) string {
	return "/subscriptions/" + f.set["AZURE_SUBSCRIPTION_ID"] + "/resourceGroups/" + f.set["AZURE_RESOURCE_GROUP"]
}

// packageTag is the tag of the group that says which package an app has: no deployment of the templates touches it.
func packageTag(app string) string { return "cosell-package-" + app }

// tookOutputs takes in what the templates give out, and the vault's name from its address.
func tookOutputs(f *facts, answer string) error {
	var outputs map[string]struct{ Value string }
	if err := into(answer, &outputs); err != nil {
		return err
	}
	for _, name := range []string{"intakeName", "syncName", "partnerCenterWebhook", "crmWebhook", "operatorUrl", "syncClientId", "vaultUri"} {
		if outputs[name].Value == "" {
			return fmt.Errorf("the deployment gives out no %s: it is one of another version of the templates", name)
		}
		f.known[name] = outputs[name].Value
	}
	host := strings.TrimSuffix(strings.TrimPrefix(f.known["vaultUri"], "https://"), "/")
	f.known["vaultName"], _, _ = strings.Cut(host, ".")
	f.say("apps %s and %s, vault %s", f.known["intakeName"], f.known["syncName"], f.known["vaultName"])
	return nil
}

func regionStep(f *facts) step {
	s := step{name: "region", does: "looks whether the region has what the apps need", needs: "Reader; registering a provider needs Contributor on the subscription",
		mend: "another AZURE_LOCATION, or somebody with rights on the subscription",
		before: func(f *facts) error { // before anything is made
			if !f.deploys {
				return nil
			}
			return askSecrets(f)
		}}
	s.moves = []move{{
		does: "asking whether the region has Flex Consumption with the runtime custom 1.0",
		call: func(f *facts) command {
			return az(f, "rest", "--method", "get", "--url", "https://management.azure.com/providers/Microsoft.Web/locations/"+f.set["AZURE_LOCATION"]+
				"/functionAppStacks?api-version=2020-10-01&removeHiddenStacks=true&removeDeprecatedStacks=true&stack=custom")
		},
		took: func(f *facts, answer string) error {
			var stacks any
			if err := into(answer, &stacks); err != nil {
				return err
			}
			if !hasRuntime(stacks) {
				return fmt.Errorf("the region %s does not list the runtime custom 1.0 for Flex Consumption: Azure would take the app, and it would never start", f.set["AZURE_LOCATION"])
			}
			return nil
		},
	}}
	if !f.private {
		return s
	}
	s.moves = append(s.moves, move{
		does: "asking whether Microsoft.App is registered, which the network of the apps needs",
		call: func(f *facts) command {
			return az(f, "provider", "show", "--namespace", "Microsoft.App", "--query", "registrationState")
		},
		took: func(f *facts, answer string) error { return into(answer, ptr(f, "provider")) },
	}, move{
		does: "registering Microsoft.App", when: "unless it is registered", changes: true,
		so:   func(f *facts) (string, bool) { return "Microsoft.App is registered", f.is("provider", "Registered") },
		call: func(f *facts) command { return az(f, "provider", "register", "--namespace", "Microsoft.App", "--wait") },
	})
	return s
}

// ptr lets JSON write one fact.
func ptr(f *facts, name string) *fact { return &fact{f, name} }

type fact struct {
	of   *facts
	name string
}

// UnmarshalJSON takes in a text.
func (x *fact) UnmarshalJSON(text []byte) error {
	var v string
	err := json.Unmarshal(text, &v)
	x.of.known[x.name] = v
	return err
}

// hasRuntime looks for the runtime wherever the catalogue has it: its form has changed before.
func hasRuntime(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		if v["name"] == "custom" && v["version"] == "1.0" {
			return true
		}
		for _, x := range v {
			if hasRuntime(x) {
				return true
			}
		}
	case []any:
		for _, x := range v {
			if hasRuntime(x) {
				return true
			}
		}
	}
	return false
}

func groupStep() step {
	return step{name: "group", does: "makes the resource group", needs: "Contributor on the subscription, where the group is not there yet",
		mend: "somebody with Contributor on the subscription makes the group, and gives you Contributor and Role Based Access Control Administrator on it",
		moves: []move{{
			does: "making the resource group", when: "unless it is there", changes: true,
			so: func(f *facts) (string, bool) { return "the group is there", f.is("group", "true") },
			call: func(f *facts) command {
				return az(f, "group", "create", "--name", f.set["AZURE_RESOURCE_GROUP"], "--location", f.set["AZURE_LOCATION"], "--tags", "product=cosell-sync")
			},
		}}}
}
