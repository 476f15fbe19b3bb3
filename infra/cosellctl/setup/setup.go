package setup

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// Options say what an environment is brought to.
type Options struct {
	Web     *Web
	Want    dataverse.Definition
	URL     string   // that events go to; empty: no endpoint and no steps yet
	Header  string   // in which the events' secret comes
	Secret  string   // of the events
	Rotate  bool     // writes the secret anew, which the CRM never shows
	AppUser string   // client id of the application user; empty: none is made
	Forms   []string // names of the main forms that get our section; none: all of them
	NoForms bool
}

// run is one look at an environment, and the plan that comes of it.
type run struct {
	Options
	w    *Web
	d    dataverse.Definition
	plan *Plan

	base      int   // the base language
	languages []int // those of our texts that the organisation has, the base language first
	solution  string
	publisher string
	managed   bool // our solution was imported, and belongs to its zip
	mine      []component
	found     map[string]*tableState
	endpoint  string // id
	ids       map[string]string
}

// Make reads what stands and makes the plan. Nothing is written.
func Make(ctx context.Context, o Options) (*Plan, error) {
	r := &run{Options: o, w: o.Web, d: o.Want, plan: &Plan{publish: map[string]bool{}, choices: map[string]bool{}, unreadable: map[string]string{}}, found: map[string]*tableState{}, ids: map[string]string{}}
	for n, part := range []struct {
		what  string
		kinds []string // that others may wait for
		look  func(context.Context) error
	}{
		{"languages", nil, r.lookLanguages}, {"publisher and solution", nil, r.lookSolution}, {"choices", []string{"choice"}, r.lookChoices}, {"tables and columns", []string{"table", "column"}, r.lookTables},
		{"keys", []string{"key"}, r.lookKeys}, {"script", []string{"script"}, r.lookScript}, {"views", []string{"view"}, r.lookViews}, {"forms", nil, r.lookForms},
		{"publishing", nil, r.addPublish}, {"keys becoming active", nil, r.addKeysActive}, {"security roles", []string{"role"}, r.lookRoles}, {"application user", nil, r.lookUser},
		{"endpoint and steps", nil, r.lookEvents},
	} {
		err := part.look(ctx)
		what, no := denied(err)
		if no && n < 2 { // without its languages and our solution nothing can be made right
			return nil, fmt.Errorf("the caller is no user of this environment, or has no role there that may change it (%w): add its application "+
				"under Application users in the Power Platform admin center and give it System Administrator", err)
		}
		if no {
			for _, kind := range part.kinds {
				r.plan.unreadable[kind] = part.what
			}
			r.plan.add(&Item{Kind: part.what, Name: "(all)", Do: Open, Why: strings.TrimSpace("the caller may not read them " + what), Mend: mendRights})
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the %s: %w", part.what, err)
		}
	}
	r.foresee(ctx)
	return r.plan, nil
}

// lookLanguages finds out in which languages texts may be given: one that is not installed is refused.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/retrieveprovisionedlanguages
func (r *run) lookLanguages(ctx context.Context) error {
	orgs, err := list[struct{ LanguageCode int }](ctx, r.w, "organizations?$select=languagecode")
	if err != nil {
		return err
	}
	if len(orgs) == 0 || orgs[0].LanguageCode == 0 {
		return fmt.Errorf("the organisation says no base language: is the caller a user of this environment?")
	}
	r.base = orgs[0].LanguageCode
	r.languages = []int{r.base}
	var answer struct{ RetrieveProvisionedLanguages []int }
	if err := r.w.get(ctx, "RetrieveProvisionedLanguages()", &answer); err != nil && !absent(err) {
		return err
	}
	for _, l := range []int{dataverse.English, dataverse.French} {
		switch {
		case l == r.base:
		case slices.Contains(answer.RetrieveProvisionedLanguages, l):
			r.languages = append(r.languages, l)
		default:
			r.plan.add(&Item{Kind: "language", Name: strconv.Itoa(l), Do: Leave, Why: "it is not installed here, and our texts in it are left out: once it is (Power Platform admin center, Settings, Languages), a run adds them"})
		}
	}
	return nil
}

// lookSolution plans publisher and solution.
// https://learn.microsoft.com/power-apps/developer/data-platform/org-service/create-solution
func (r *run) lookSolution(ctx context.Context) error {
	p, s := r.d.Publisher, r.d.Solution
	publishers, err := list[struct {
		PublisherID         string
		UniqueName          string
		CustomizationPrefix string
		Options             int `json:"customizationoptionvalueprefix"`
	}](ctx, r.w, where("publishers", "publisherid,uniquename,customizationprefix,customizationoptionvalueprefix", "uniquename eq "+quoted(p.UniqueName)))
	if err != nil {
		return err
	}
	item := &Item{Kind: "publisher", Name: p.UniqueName, Do: Leave}
	switch {
	case len(publishers) == 0:
		item.Do, item.Why = Create, "owns the prefix "+p.Prefix
		item.apply = func(ctx context.Context) (err error) {
			_, err = r.w.post(ctx, "publishers", map[string]any{"publisherid": dataverse.ID("publisher", p.UniqueName), "uniquename": p.UniqueName, "friendlyname": p.FriendlyName,
				"customizationprefix": p.Prefix, "customizationoptionvalueprefix": p.OptionValuePrefix})
			r.publisher = dataverse.ID("publisher", p.UniqueName)
			return err
		}
	case publishers[0].CustomizationPrefix != p.Prefix:
		item.Do = Stop
		item.Why = fmt.Sprintf("publisher %s has the prefix %s, and %s is needed", p.UniqueName, publishers[0].CustomizationPrefix, p.Prefix)
		item.Mend = "give that publisher another unique name"
	default:
		r.publisher = publishers[0].PublisherID
	}
	r.plan.add(item)
	return r.lookOwnSolution(ctx, s, item.id())
}

func (r *run) lookOwnSolution(ctx context.Context, s dataverse.Solution, publisher string) error {
	solutions, err := list[struct {
		SolutionID, Version string
		IsManaged           bool
	}](ctx, r.w, where("solutions", "solutionid,version,ismanaged", "uniquename eq "+quoted(s.UniqueName)))
	if err != nil {
		return err
	}
	if len(solutions) > 0 {
		if err := r.readMine(ctx, solutions[0].SolutionID); err != nil {
			return err
		}
	}
	item := &Item{Kind: "solution", Name: s.UniqueName, Do: Leave, needs: []string{publisher}}
	switch {
	case len(solutions) == 0:
		item.Do, item.Why = Create, "holds everything that is ours"
		item.apply = func(ctx context.Context) error {
			id := dataverse.ID("solution", s.UniqueName)
			_, err := r.w.post(ctx, "solutions", map[string]any{"solutionid": id, "uniquename": s.UniqueName, "friendlyname": s.FriendlyName, "version": s.Version,
				"publisherid@odata.bind": "/publishers(" + r.publisher + ")"})
			if err == nil {
				r.solution, r.w.solution = id, s.UniqueName
			}
			return err
		}
	case solutions[0].IsManaged:
		r.managed, r.solution = true, solutions[0].SolutionID
		item.Why = "it was imported, version " + solutions[0].Version + ": what it brings is changed by a newer zip, the rest is set up here"
	default:
		r.solution, r.w.solution = solutions[0].SolutionID, s.UniqueName
		r.raiseVersion(item, solutions[0].Version)
	}
	r.plan.add(item)
	return nil
}

// raiseVersion lets the solution say of which release it is.
func (r *run) raiseVersion(item *Item, version string) {
	if older(version, r.d.Solution.Version) {
		item.Do, item.Why = Change, "it is of version "+version
		item.apply = func(ctx context.Context) error {
			return r.w.patch(ctx, "solutions("+r.solution+")", map[string]any{"version": r.d.Solution.Version})
		}
	}
}

// older compares versions of four numbers.
func older(a, b string) bool {
	var x, y [4]int
	_, _ = fmt.Sscanf(strings.ReplaceAll(a, ".", " "), "%d %d %d %d", &x[0], &x[1], &x[2], &x[3])
	_, _ = fmt.Sscanf(strings.ReplaceAll(b, ".", " "), "%d %d %d %d", &y[0], &y[1], &y[2], &y[3])
	return slices.Compare(x[:], y[:]) < 0
}

// solutionItem is what everything that joins the solution needs.
func (r *run) solutionItem() string { return "solution " + r.d.Solution.UniqueName }

// lookChoices plans the global choices.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/create-update-optionsets
func (r *run) lookChoices(ctx context.Context) error {
	for _, c := range r.d.Choices {
		var have struct {
			MetadataID    string `json:"MetadataId"`
			OptionSetType string
			Options       []struct {
				Value int
				Label wireLabel
			}
		}
		err := r.w.get(ctx, "GlobalOptionSetDefinitions(Name="+quoted(c.Name)+")", &have)
		switch {
		case absent(err):
			r.createChoice(c)
			continue
		case err != nil:
			return err
		case have.OptionSetType != "" && have.OptionSetType != "Picklist":
			r.plan.add(&Item{Kind: "choice", Name: c.Name, Do: Stop, Why: fmt.Sprintf("choice %s is a %s, and a Picklist is needed", c.Name, have.OptionSetType), Mend: "delete or rename it"})
			continue
		}
		r.ids["choice "+c.Name] = have.MetadataID
		labels := map[int]wireLabel{}
		for _, o := range have.Options {
			labels[o.Value] = o.Label
		}
		r.plan.add(&Item{Kind: "choice", Name: c.Name, Do: Leave})
		for _, o := range c.Options {
			r.option(c, o, labels, r.made(componentChoice, have.MetadataID))
		}
	}
	return nil
}

func (r *run) createChoice(c dataverse.Choice) {
	item := &Item{Kind: "choice", Name: c.Name, Do: Create, Why: fmt.Sprintf("%d options in %d languages", len(c.Options), len(r.languages)), needs: []string{r.solutionItem()}}
	item.apply = func(ctx context.Context) error {
		options := make([]any, 0, len(c.Options))
		for _, o := range c.Options {
			options = append(options, map[string]any{"Value": o.Value, "Label": label(o.Text, r.languages)})
		}
		id, err := r.w.post(ctx, "GlobalOptionSetDefinitions", map[string]any{"@odata.type": crmType + "OptionSetMetadata", "Name": c.Name, "DisplayName": label(c.Text, r.languages),
			"IsGlobal": true, "OptionSetType": "Picklist", "Options": options})
		r.ids["choice "+c.Name] = id
		return err
	}
	r.plan.add(item)
}

// option plans one option of a choice that is there: a missing one, or one that lacks a language. What people call an
// option is theirs to change.
func (r *run) option(c dataverse.Choice, o dataverse.Option, have map[int]wireLabel, ours bool) {
	name := fmt.Sprintf("%s/%s", c.Name, o.Code)
	body := map[string]any{"OptionSetName": c.Name, "Value": o.Value}
	l, there := have[o.Value]
	switch lacks := l.lacks(r.languages); {
	case !there && r.managed:
		item := &Item{Kind: "option", Name: name}
		r.imported(item)
		r.plan.add(item)
	case !there && !ours:
		r.plan.add(&Item{Kind: "option", Name: name, Do: Stop, Why: fmt.Sprintf("choice %s lacks the option %d (%s), and %s", c.Name, o.Value, o.Label, notOurs(r.d)), Mend: mendNotOurs(r.d)})
	case !there:
		body["Label"] = label(o.Text, r.languages)
		r.plan.choices[c.Name] = true
		r.plan.add(&Item{Kind: "option", Name: name, Do: Create, Why: "the choice does not have it", apply: r.posts("InsertOptionValue", body)})
	case len(lacks) > 0 && ours && !r.managed:
		body["Label"], body["MergeLabels"] = l.completed(o.Text, r.languages), true
		r.plan.choices[c.Name] = true
		r.plan.add(&Item{Kind: "option", Name: name, Do: Change, Why: fmt.Sprintf("it says nothing in %v", lacks), apply: r.posts("UpdateOptionValue", body)})
	}
}

// posts is an action that is called. What it changes joins no solution.
func (r *run) posts(action string, body map[string]any) func(context.Context) error {
	return func(ctx context.Context) error { return r.w.act(ctx, action, body) }
}
