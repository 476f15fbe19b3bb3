package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	"github.com/cosell-sync/cosell-sync/infra/dataverse"
	"github.com/cosell-sync/cosell-sync/shared/fault"
	"github.com/cosell-sync/cosell-sync/shared/mapping"
)

type setupCmd struct {
	Dataverse setupDataverse `cmd:"" help:"Bring a Dynamics 365 environment to what the app needs: columns, tables, forms, views, roles, endpoint and event steps."`
}

type setupDataverse struct {
	Plan    bool     `help:"Only say what would be done, and why; exit code 1 if anything differs."`
	Mapping string   `type:"path" placeholder:"FILE" help:"The field sheet by which columns and steps are chosen; left out: what the app has in force, else SYNC_MAPPING_FILE, else the sheet as shipped."`
	AppUser string   `placeholder:"CLIENTID" help:"The registration, or managed identity, that gets the application's role; left out: DATAVERSE_CLIENT_ID or AZURE_CLIENT_ID."`
	Form    []string `placeholder:"NAME" help:"Only the main forms of this name get our tab; may be said several times."`
	NoForms bool     `help:"Leave the forms alone."`
	Secret  bool     `help:"Write the secret of events anew, after it was rotated: the CRM never shows it."`
}

type teardownCmd struct {
	Plan bool `help:"Only say what would be removed."`
	Yes  bool `help:"Remove it: columns and tables go with what they hold."`
}

// Run sets up, or plans it.
func (s *setupDataverse) Run(ctx context.Context, g *commands, env environment, p *printer) error {
	values, err := env.settings(g)
	if err != nil {
		return &wrongError{err.Error()}
	}
	to, err := setup.Connect(values)
	if err != nil {
		return &wrongError{err.Error()}
	}
	o := setup.Options{Web: to.Web, Rotate: s.Secret, Forms: s.Form, NoForms: s.NoForms}
	o.URL, o.Header, o.Secret = values.EventsTo()
	if o.AppUser, err = values.AppUser(s.AppUser); err != nil {
		return &wrongError{err.Error()}
	}
	to.Web.Wait = p.aside
	sources, err := s.sources(ctx, g, env, values, p)
	if err != nil {
		return &wrongError{err.Error()}
	}
	sheet, err := to.Sheet(ctx, sources...)
	if err != nil {
		return reached(err)
	}
	whole, err := dataverse.Read()
	if err != nil {
		return err
	}
	o.Want = setup.Want(whole, sheet)
	plan, err := setup.Make(ctx, o)
	if err != nil {
		return reached(err)
	}
	return p.carryOut(ctx, plan, s.Plan)
}

// sources are the texts of the sheet that counts: the one that is named, else what was pushed to the app, which may not
// be there yet, over the file of its settings.
func (s *setupDataverse) sources(ctx context.Context, g *commands, env environment, values setup.Settings, p *printer) ([]mapping.Source, error) {
	if s.Mapping != "" {
		return setup.SheetFile(s.Mapping)
	}
	sources, err := setup.SheetFile(values["SYNC_MAPPING_FILE"])
	if err != nil {
		return nil, err
	}
	c, err := connect(*g, env)
	if err != nil {
		return sources, nil // nobody said where the app is: it is set up later
	}
	a, err := c.ask(ctx, "mapping", url.Values{})
	if err != nil {
		p.aside(fmt.Sprintf("the app does not say which field sheet is in force (%v): the one in the package is taken, --mapping names another", err))
		return sources, nil
	}
	if a.Mapping != nil && a.Mapping.Version != nil && a.Mapping.Version.Number > 0 {
		sources = append(sources, mapping.Source{Name: a.Mapping.Version.File, Text: []byte(a.Mapping.Version.Text)})
	}
	return sources, nil
}

// Run removes what a setup has made.
func (t *teardownCmd) Run(ctx context.Context, g *commands, env environment, p *printer) error {
	values, err := env.settings(g)
	if err != nil {
		return &wrongError{err.Error()}
	}
	to, err := setup.Connect(values)
	if err != nil {
		return &wrongError{err.Error()}
	}
	to.Web.Wait = p.aside
	whole, err := dataverse.Read()
	if err != nil {
		return err
	}
	user, err := values.AppUser("")
	if err != nil {
		return &wrongError{err.Error()}
	}
	plan, err := setup.Teardown(ctx, setup.Options{Web: to.Web, Want: whole, AppUser: user})
	if err != nil {
		return reached(err)
	}
	err = p.carryOut(ctx, plan, t.Plan || !t.Yes)
	if !t.Plan && !t.Yes && !p.json && plan.Differs() {
		p.line("nothing was removed: say --yes once what these columns and tables hold is saved")
	}
	return err
}

// carryOut shows a plan and, unless it is only asked for, applies it, a line for each part as it ends.
func (p *printer) carryOut(ctx context.Context, plan *setup.Plan, only bool) error {
	if !p.json {
		for _, i := range plan.Items {
			p.planned(i, only)
		}
		p.line("%s", plan.Summary())
	}
	if only || len(plan.Stopped()) > 0 {
		return foundUnless(!plan.Differs(), p.whole(plan))
	}
	err := plan.Apply(ctx, func(i *setup.Item) {
		if !p.json {
			p.applied(i)
		}
	})
	if err != nil {
		return reached(err)
	}
	return foundUnless(!plan.Unfinished(), p.whole(plan))
}

// planned is a line of the plan. Of what stays only what needs a word is shown.
func (p *printer) planned(i *setup.Item, all bool) {
	if i.Do == setup.Leave && i.Why == "" && !all {
		return
	}
	p.line("%-7s %s %s%s", i.Do, i.Kind, i.Name, because(i))
}

// because is the reason, and what to do.
func because(i *setup.Item) string {
	out := ""
	if i.Lacks != "" && i.Result == "" {
		out = " (the caller lacks " + i.Lacks + ", which a System Administrator has)"
	}
	if i.Why != "" {
		out += ": " + i.Why
	}
	if i.Mend != "" {
		out += "; " + i.Mend
	}
	return out
}

// applied is a line for a part that has ended.
func (p *printer) applied(i *setup.Item) {
	if i.Result == setup.Done {
		p.line("%-7s %s %s", "done", i.Kind, i.Name)
		return
	}
	p.line("%-7s %s %s%s", i.Result, i.Kind, i.Name, because(i))
}

// whole prints a plan as JSON, where that is asked for.
func (p *printer) whole(plan *setup.Plan) error {
	if !p.json {
		return nil
	}
	e := json.NewEncoder(p.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(map[string]any{"items": plan.Items, "summary": plan.Summary(), "differs": plan.Differs(), "unfinished": plan.Unfinished()})
}

// aside says something that is no answer.
func (p *printer) aside(text string) {
	if p.beside != nil {
		fmt.Fprintln(p.beside, flat(text))
	}
}

// reached tells what cannot be reached, or lets nobody in, from what was refused.
func reached(err error) error {
	if f := fault.Of(err); f != nil && (f.Kind == fault.Broken || f.Kind == fault.Denied || f.Kind == fault.Later) {
		text := err.Error()
		if f.Mend != "" {
			text += ": " + f.Mend
		}
		return &awayError{text}
	}
	return err
}

// environment are the variables that the command was started with.
type environment []string

// settings are those of the environment under the lines of --settings, and with --local those of a world on this machine.
func (e environment) settings(g *commands) (setup.Settings, error) {
	values, err := given(*g, e)
	if err != nil || g.Local == "" {
		return values, err
	}
	own, err := worldSettings(g.Local)
	if err != nil {
		return nil, err
	}
	for name, value := range own {
		if values[name] == "" || !strings.HasPrefix(name, "DATAVERSE_ADMIN_") {
			values[name] = value
		}
	}
	return values, nil
}

// worldSettings reads from a world's local.json what the app and an administrator of its CRM have as settings. The real
// names stay, and only the dialer goes to this machine.
func worldSettings(file string) (setup.Settings, error) {
	var local struct {
		CAFile    string
		Simulated string
		Product   struct{ URL, CRMSecretHeader, CRMSecret string }
		Dataverse struct {
			URL, Tenant, ClientID string
			Administrator         struct{ ClientID, ClientSecret string }
		}
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &local)
	}
	if err != nil {
		return nil, fmt.Errorf("--local: %w: does a world run (make run)?", err)
	}
	host := ""
	for _, one := range strings.Split(local.Simulated, ",") {
		if name, at, _ := strings.Cut(one, "="); at != "" && "https://"+at == local.Dataverse.URL {
			host = name
		}
	}
	if host == "" {
		return nil, errors.New("--local: the world names no Dynamics 365 among what it simulates")
	}
	return setup.Settings{"DATAVERSE_URL": "https://" + host, "DATAVERSE_TENANT": local.Dataverse.Tenant, "SYNC_SIMULATED": local.Simulated, "SYNC_CA_FILE": local.CAFile,
		"DATAVERSE_ADMIN_CLIENT_ID": local.Dataverse.Administrator.ClientID, "DATAVERSE_ADMIN_CLIENT_SECRET": local.Dataverse.Administrator.ClientSecret,
		"SYNC_PUBLIC_URL": local.Product.URL, "DATAVERSE_WEBHOOK_HEADER": local.Product.CRMSecretHeader, "DATAVERSE_WEBHOOK_SECRET": local.Product.CRMSecret,
		"DATAVERSE_CLIENT_ID": local.Dataverse.ClientID}, nil
}
