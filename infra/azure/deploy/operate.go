package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ctl is a call of the operator's command, with what the deployment gave out and the secrets it needs. With a world on
// this machine everything comes from its local.json.
func ctl(f *facts, needs map[string]string, args ...string) command {
	if f.local != "" {
		return command{tool: cosellctl, args: append([]string{"--local", f.local}, args...), env: map[string]string{}}
	}
	env := map[string]string{
		"SYNC_OPERATOR_URL":        f.get("operatorUrl"),
		"SYNC_PUBLIC_URL":          strings.TrimSuffix(f.get("partnerCenterWebhook"), "/api/partnercenterwebhook"),
		"PARTNER_CENTER_VAULT_URL": f.get("vaultUri"),
	}
	for _, name := range common() {
		if v := f.apps[name]; v != "" {
			env[name] = v
		}
	}
	if f.polls { // consent then asks nothing of the API that knows the registration
		env["SYNC_REGISTER"] = "never"
	}
	return command{tool: cosellctl, args: args, settings: true, secretEnv: needs, env: env}
}

// know reads a secret that a verb needs, unless we know it.
func know(name, as string) move {
	m := reveal(name)
	m.when = "unless it is known"
	m.so = func(f *facts) (string, bool) { return "", f.local != "" || f.secrets[as] != "" }
	m.took = func(f *facts, answer string) error {
		var v string
		if err := into(answer, &v); err != nil {
			return err
		}
		f.secrets[name] = v
		if as == "operator-key" {
			f.secrets[as] = firstKey(v)
		}
		return nil
	}
	return m
}

// firstStart is how long a new app may take to answer: it cannot read its keys before its right to the vault is in force,
// which takes up to ten minutes.
// https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
const firstStart = 12 * time.Minute

// asleep says that the command could not reach the app: after a publication it takes a moment to start.
func asleep(_ *facts, err *toolError) bool { return err.code == 3 }

func setupStep() step {
	call := func(more ...string) func(*facts) command {
		return func(f *facts) command {
			c := ctl(f, map[string]string{"DATAVERSE_WEBHOOK_SECRET": "dataverse-webhook-secret", "SYNC_OPERATOR_KEY": "operator-key"}, append([]string{"setup", "dataverse", "--json"}, more...)...)
			if f.mapping != "" { // the sheet that was packed; one that was pushed to the app lies over it
				c.env["SYNC_MAPPING_FILE"] = f.mapping
			}
			if f.local == "" && f.set["DATAVERSE_CLIENT_ID"] == "" {
				c.env["DATAVERSE_APP_USER"] = f.get("syncClientId")
			}
			return c
		}
	}
	renewed := func(f *facts) bool {
		return f.is("secretChanged", "true") && f.given["COSELL_DATAVERSE_WEBHOOK_SECRET"] != ""
	}
	return step{name: "setup", does: "gives the CRM columns, steps, views and roles", needs: "System Customizer in the CRM, and System Administrator for endpoint and steps",
		mend: "the text names what the CRM refuses, and who may do it; cosellctl setup dataverse shows each part",
		moves: []move{
			know("dataverse-webhook-secret", "dataverse-webhook-secret"),
			know("operator-keys", "operator-key"),
			{
				// Columns and filters of events follow it: without an answer those of the sheet as shipped would be set.
				does: "asking which field sheet is in force", later: asleep, patience: firstStart,
				call: func(f *facts) command {
					return ctl(f, map[string]string{"SYNC_OPERATOR_KEY": "operator-key"}, "mapping", "pull", "--list", "--json")
				},
				took: tookSheet,
			},
			{does: "asking what the CRM lacks", found: true, call: call("--plan"), took: tookSetupPlan},
			{
				does: "setting up the CRM", when: "unless it has everything", changes: true, found: true, call: call(), took: tookSetup,
				so: func(f *facts) (string, bool) { return "the CRM has everything", f.is("setup", "same") || renewed(f) },
			},
			{
				does: "setting up the CRM, with a new secret of events", when: "where that secret was changed", changes: true, found: true, call: call("--secret"), took: tookSetup,
				so: func(f *facts) (string, bool) { return "", !renewed(f) },
			},
		}}
}

// tookSheet says which field sheet columns and events follow.
func tookSheet(f *facts, answer string) error {
	var a struct {
		Mapping struct {
			Version struct {
				Number int
				File   string
			}
		}
	}
	if err := into(answer, &a); err != nil {
		return err
	}
	if v := a.Mapping.Version; v.Number > 0 {
		f.say("the field sheet is version %d, pushed from %s", v.Number, v.File)
	}
	return nil
}

// setupPlan is what cosellctl setup dataverse answers.
type setupPlan struct {
	Items   []struct{ Kind, Name, Do, Why, Mend, Result string }
	Summary string
	Differs bool
}

func tookSetupPlan(f *facts, answer string) error {
	var p setupPlan
	if err := into(answer, &p); err != nil {
		return err
	}
	f.say("%s", p.Summary)
	f.known["setup"] = "differs"
	if !p.Differs {
		f.known["setup"] = "same"
	}
	return nil
}

// tookSetup names what was not done. What stays open, such as a key that duplicates keep from becoming active, is said
// and gone on without; what was refused is a failure.
func tookSetup(f *facts, answer string) error {
	var p setupPlan
	if err := into(answer, &p); err != nil {
		return err
	}
	var refused []error
	for _, i := range p.Items {
		text := fmt.Sprintf("%s %s: %s; %s", i.Kind, i.Name, i.Why, i.Mend)
		switch {
		case i.Do == "stop" || i.Result == "denied" || i.Result == "failed":
			refused = append(refused, errors.New(text))
		case i.Do == "open" || i.Result == "skipped":
			f.say("open: %s", text)
		}
	}
	return errors.Join(refused...)
}

func consentStep() step {
	return step{name: "consent", does: "asks the partner's user for consent, where there is none yet", needs: "in Partner Center: Referrals admin, signed in with a second factor; Key Vault Secrets Officer on the vault",
		mend: "it needs a person and a browser on this machine; elsewhere run it with ONLY=consent, and leave it out here",
		moves: []move{
			{
				does: "asking whether there is a refresh token", later: notYet,
				call: func(f *facts) command { // the query is worked out here: the token itself is not shown
					return az(f, "keyvault", "secret", "show", "--vault-name", f.get("vaultName"), "--name", "partner-center-refresh-token", "--query", "value != 'none'")
				},
				took: func(f *facts, answer string) error {
					f.known["consent"] = strings.TrimSpace(answer)
					return nil
				},
			},
			know("partner-center-client-secret", "partner-center-client-secret"),
			{
				does: "asking for consent", when: "unless there is a refresh token; always where ONLY names it", changes: true,
				so: func(f *facts) (string, bool) {
					return "there is a refresh token", f.is("consent", "true") && len(f.only) == 0
				},
				call: func(f *facts) command {
					c := ctl(f, map[string]string{"PARTNER_CENTER_CLIENT_SECRET": "partner-center-client-secret"}, "consent")
					c.talks = true
					return c
				},
			},
		}}
}

func registerStep(f *facts) step {
	s := step{name: "register", does: "registers the webhook with Partner Center", needs: "an operator key",
		mend: "where another address is registered that shall hear nothing any more: OVERWRITE=1"}
	if f.polls {
		s.does = "registers nothing: SYNC_REGISTER is never in " + f.params + ", and Partner Center knows one address for events, which stays production's"
		return s
	}
	s.moves = []move{know("operator-keys", "operator-key"), {
		does: "registering", changes: true, later: asleep,
		call: func(f *facts) command {
			args := []string{"register", "--json"}
			if f.overwrite {
				args = append(args, "--overwrite")
			}
			return ctl(f, map[string]string{"SYNC_OPERATOR_KEY": "operator-key"}, args...)
		},
		took: func(f *facts, answer string) error {
			var r struct{ Result, URL string }
			if err := into(answer, &r); err != nil {
				return err
			}
			f.same = r.Result == "" || r.Result == "kept"
			f.say("%s: %s", cmp.Or(r.Result, "kept"), r.URL)
			return nil
		},
	}}
	return s
}

func catalogueStep(f *facts) step {
	s := step{name: "catalogue", does: "brings the solutions that sellers choose from into the CRM", needs: "an operator key",
		mend: "each line that is not taken is named"}
	file := f.set["COSELL_CATALOGUE"]
	if file == "" {
		s.does = "brings no solutions into the CRM: COSELL_CATALOGUE names no file, and without any solution no deal can be shared"
		return s
	}
	s.moves = []move{know("operator-keys", "operator-key"), {
		does: "importing " + file, changes: true, later: asleep,
		call: func(f *facts) command {
			return ctl(f, map[string]string{"SYNC_OPERATOR_KEY": "operator-key"}, "catalogue", "import", file, "--json")
		},
		took: func(f *facts, answer string) error {
			var a struct {
				Catalogue struct{ Created, Changed, Same int }
			}
			if err := into(answer, &a); err != nil {
				return err
			}
			f.same = a.Catalogue.Created+a.Catalogue.Changed == 0
			f.say("%d made, %d changed, %d were there already", a.Catalogue.Created, a.Catalogue.Changed, a.Catalogue.Same)
			return nil
		},
	}}
	return s
}

func doctorStep() step {
	return step{name: "doctor", does: "looks whether everything is as it should be", needs: "an operator key",
		mend: "each line of the doctor that is not green says what mends it",
		moves: []move{know("operator-keys", "operator-key"), {
			does: "asking the doctor", found: true, later: recovering, patience: 7 * time.Minute,
			call: func(f *facts) command {
				return ctl(f, map[string]string{"SYNC_OPERATOR_KEY": "operator-key"}, "doctor", "--json")
			},
			took: tookExamination,
		}}}
}

// finding is one of the doctor's.
type finding struct{ Check, State, Say, Mend string }

func findings(answer string) (all []finding, err error) {
	var a struct{ Examined struct{ Findings []finding } }
	if err := into(answer, &a); err != nil {
		return nil, err
	}
	if len(a.Examined.Findings) == 0 {
		return nil, errors.New("the doctor has looked at nothing: is the app of an older version?")
	}
	return a.Examined.Findings, nil
}

// recovering says that the app is about to be well: it starts, or what its work ran into before the CRM was set up is
// cleared by the next pass of reconcile, five minutes later at most.
func recovering(f *facts, err *toolError) bool {
	if asleep(f, err) {
		return true
	}
	all, wrong := findings(err.out)
	return wrong == nil && f.is("setup", "differs") && !slices.ContainsFunc(all, func(x finding) bool {
		return x.State == "failed" && x.Check != "work.problems" && x.Check != "work.oldest"
	})
}

// tookExamination shows what is not green; what has to be mended is a failure.
func tookExamination(f *facts, answer string) error {
	all, err := findings(answer)
	if err != nil {
		return err
	}
	count := map[string]int{}
	var failed []error
	for _, x := range all {
		count[x.State]++
		text := fmt.Sprintf("%s: %s", x.Check, x.Say)
		if x.Mend != "" {
			text += "; " + x.Mend
		}
		switch x.State {
		case "failed":
			failed = append(failed, errors.New(text))
		case "warning", "unverified":
			f.say("%s: %s", x.State, text)
		}
	}
	f.say("%d ok, %d warnings, %d that cannot be told, %d failed", count["ok"], count["warning"], count["unverified"], count["failed"])
	return errors.Join(failed...)
}
