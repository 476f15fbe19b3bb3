package setup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// Teardown plans the removal of what a setup has made: what is in our unmanaged solution and has our prefix or is a row
// of ours by its name. Columns hold data, which goes with them. Nothing is written.
func Teardown(ctx context.Context, o Options) (*Plan, error) {
	r := &run{Options: o, w: o.Web, d: o.Want, plan: &Plan{publish: map[string]bool{}, choices: map[string]bool{}}, found: map[string]*tableState{}, ids: map[string]string{}}
	solutions, err := list[struct {
		ID        string `json:"solutionid"`
		IsManaged bool   `json:"ismanaged"`
	}](ctx, r.w, where("solutions", "solutionid,ismanaged", "uniquename eq "+quoted(r.d.Solution.UniqueName)))
	if err != nil {
		return nil, fmt.Errorf("reading our solution: %w", err)
	}
	if len(solutions) == 0 { // what a run leaves behind that was ended between the solution and its publisher
		t := teardown{run: r}
		if err := t.publisher(ctx, dataverse.ID("publisher", r.d.Publisher.UniqueName)); err != nil {
			return nil, fmt.Errorf("reading the publisher: %w", err)
		}
		return r.plan, nil
	}
	if solutions[0].IsManaged {
		t := teardown{run: r}
		if err := t.events(ctx); err != nil {
			return nil, fmt.Errorf("reading the steps and endpoint: %w", err)
		}
		if err := t.forms(ctx); err != nil {
			return nil, fmt.Errorf("reading the forms: %w", err)
		}
		r.plan.add(&Item{Kind: "solution", Name: r.d.Solution.UniqueName, Do: Open, Why: "it was imported, and what it has brought goes with it",
			Mend: "uninstall the solution in the maker portal (Solutions, Delete); its columns and their data go too"})
		return r.plan, nil
	}
	if err := r.readMine(ctx, solutions[0].ID); err != nil {
		return nil, fmt.Errorf("reading what is in our solution: %w", err)
	}
	t := teardown{run: r}
	for _, part := range []struct {
		what string
		look func(context.Context) error
	}{{"steps and endpoint", t.events}, {"forms", t.forms}, {"views, script and roles", t.rows}, {"keys, columns and tables", t.schema}} {
		if err := part.look(ctx); err != nil {
			return nil, fmt.Errorf("reading the %s: %w", part.what, err)
		}
	}
	if err := t.solution(ctx, solutions[0].ID); err != nil {
		return nil, fmt.Errorf("reading the publisher: %w", err)
	}
	r.foresee(ctx)
	if o.AppUser != "" {
		r.plan.add(&Item{Kind: "application user", Name: o.AppUser, Do: Leave, Why: "application users cannot be deleted; disable it in the Power Platform admin center"})
	}
	return r.plan, nil
}

type teardown struct{ *run }

// remove plans the deletion of a part; what the CRM does not let go stays, with the reason.
func (t teardown) remove(kind, name, path string, why string) {
	item := &Item{Kind: kind, Name: name, Do: Remove, Why: why}
	item.apply = func(ctx context.Context) error {
		err := t.w.remove(ctx, path)
		if refusedWith(err, codeNeeded) {
			return &kept{"other parts of the CRM use it, so it stays: " + err.Error(), "take it out of them (Show dependencies in the maker portal) and run this again"}
		}
		return err
	}
	t.plan.add(item)
}

// events plans what must stop first: the steps, then the endpoint.
func (t teardown) events(ctx context.Context) error {
	e := t.d.Endpoint
	have, err := list[endpointState](ctx, t.w, where("serviceendpoints", "serviceendpointid,url,authtype", fmt.Sprintf("contract eq %d and name eq %s", contractWebhook, quoted(e.Name))))
	if err != nil {
		return err
	}
	for _, end := range have {
		steps, err := list[stepState](ctx, t.w, stepsOf(end.ID))
		if err != nil {
			return err
		}
		left := 0
		for _, s := range steps {
			if own := (dataverse.Step{Message: s.Message.Name, Table: s.Of.Table}).ID(); !strings.EqualFold(s.ID, own) && !t.made(componentStep, s.ID) {
				t.leave("step", s.Name)
				left++
				continue
			}
			t.remove("step", s.Message.Name+" of "+s.Of.Table, "sdkmessageprocessingsteps("+s.ID+")", "")
		}
		if !strings.EqualFold(end.ID, e.ID()) && !t.made(componentEndpoint, end.ID) || left > 0 {
			t.leave("endpoint", e.Name)
			continue
		}
		t.remove("endpoint", e.Name, "serviceendpoints("+end.ID+")", "no event comes any more")
	}
	return nil
}

// leave says that a part stays, because setup has not made it.
func (t teardown) leave(kind, name string) {
	t.plan.add(&Item{Kind: kind, Name: name, Do: Leave, Why: notOurs(t.d)})
}

// forms plans our tab's leaving of the forms, which stay as they were without it.
func (t teardown) forms(ctx context.Context) error {
	for _, f := range t.d.Forms {
		shown, have, err := t.formsOf(ctx, f.Table)
		if err != nil {
			return err
		}
		isWithout := func(text string) bool { return withoutTab(f, text, t.d.Script.Name) == text }
		for _, x := range have {
			without := withoutTab(f, x.FormXML, t.d.Script.Name)
			if without == x.FormXML {
				if !isShown(shown, x, isWithout) { // a teardown ended before it was published
					t.plan.publish[f.Table] = true
				}
				continue
			}
			t.plan.publish[f.Table] = true
			t.plan.add(&Item{Kind: "form", Name: f.Table + "/" + x.Name, Do: Remove, Why: "the tab " + f.Label, apply: func(ctx context.Context) error {
				return t.w.patch(ctx, "systemforms("+x.FormID+")", map[string]any{"formxml": without})
			}})
		}
	}
	return t.addPublish(ctx)
}

// rows plans views, script and roles.
func (t teardown) rows(ctx context.Context) error {
	for _, kind := range []struct {
		kind, set, id string
		component     int
		names         map[string]string // name by id
	}{
		{"view", "savedqueries", "savedqueryid", componentView, t.names(func(add func(id, name string)) {
			for _, v := range t.d.Views {
				add(v.ID(), v.Table+"/"+v.Name)
			}
		})},
		{"script", "webresourceset", "webresourceid", componentScript, t.names(func(add func(id, name string)) {
			if t.d.Script.Name != "" {
				add(t.d.Script.ID(), t.d.Script.Name)
			}
		})},
		{"role", "roles", "roleid", componentRole, t.names(func(add func(id, name string)) {
			for _, role := range t.d.Roles {
				add(role.ID(), role.Name)
			}
		})},
	} {
		for _, id := range sortedKeys(kind.names) {
			have, err := t.rowThere(ctx, kind.set, kind.id, id)
			if err != nil {
				return err
			}
			if have && t.made(kind.component, id) {
				if kind.component == componentRole {
					if err := t.take(ctx, id, kind.names[id]); err != nil {
						return err
					}
				}
				t.remove(kind.kind, kind.names[id], kind.set+"("+id+")", "")
			} else if have {
				t.leave(kind.kind, kind.names[id])
			}
		}
	}
	return nil
}

// rowThere says whether a row is there, published or not.
func (t teardown) rowThere(ctx context.Context, set, idColumn, id string) (bool, error) {
	found, err := list[map[string]any](ctx, t.w, where(set, idColumn, idColumn+" eq "+id))
	if err != nil || len(found) > 0 || set == "roles" {
		return len(found) > 0, err
	}
	found, err = list[map[string]any](ctx, t.w, where(set+"/"+crmType+"RetrieveUnpublishedMultiple()", idColumn, idColumn+" eq "+id))
	if absent(err) {
		return false, nil
	}
	return len(found) > 0, err
}

// take plans taking a role away from those who have it: the CRM does not delete a role that somebody has.
func (t teardown) take(ctx context.Context, role, name string) error {
	users, err := list[struct {
		ID   string `json:"systemuserid"`
		Name string `json:"fullname"`
	}](ctx, t.w, "roles("+role+")/systemuserroles_association?$select=systemuserid,fullname")
	if err != nil || len(users) == 0 {
		return err
	}
	said := make([]string, len(users))
	for i, u := range users {
		said[i] = u.Name
	}
	t.plan.add(&Item{Kind: "role given", Name: name, Do: Remove, Why: "from " + strings.Join(said, ", "), apply: func(ctx context.Context) error {
		for _, u := range users {
			if err := t.w.remove(ctx, "systemusers("+u.ID+")/systemuserroles_association("+role+")/$ref"); err != nil {
				return err
			}
		}
		return nil
	}})
	return nil
}

func (t teardown) names(all func(add func(id, name string))) map[string]string {
	out := map[string]string{}
	all(func(id, name string) { out[id] = name })
	return out
}

// schema plans keys, lookups, columns, tables and choices: what needs others first.
func (t teardown) schema(ctx context.Context) error {
	var tables []string
	for i := len(t.d.Tables) - 1; i >= 0; i-- {
		table := t.d.Tables[i]
		have, err := t.readTable(ctx, table.LogicalName)
		if err != nil {
			return err
		}
		switch {
		case have.columns == nil:
		case !table.Standard && t.made(componentTable, have.MetadataID):
			tables = append(tables, table.LogicalName)
		default: // of a table that setup has not made, what it has made in it
			if !table.Standard {
				t.leave("table", table.LogicalName)
			}
			if err := t.columns(ctx, table); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(tables, func(a, b string) int { return strings.Compare(a, b) }) // rows before the catalogue that they lead to
	for _, name := range tables {
		t.remove("table", name, tablePath(name), "with its rows")
	}
	for _, c := range t.d.Choices {
		var have struct {
			MetadataID string `json:"MetadataId"`
		}
		err := t.w.get(ctx, "GlobalOptionSetDefinitions(Name="+quoted(c.Name)+")", &have)
		switch {
		case absent(err):
		case err != nil:
			return err
		case !t.made(componentChoice, have.MetadataID):
			t.leave("choice", c.Name)
		default:
			t.remove("choice", c.Name, "GlobalOptionSetDefinitions(Name="+quoted(c.Name)+")", "")
		}
	}
	return nil
}

// columns plans the keys and columns that a standard table has of us.
func (t teardown) columns(ctx context.Context, table dataverse.Table) error {
	keys, err := list[struct {
		MetadataID string `json:"MetadataId"`
		SchemaName string
	}](ctx, t.w, tablePath(table.LogicalName)+"/Keys?$select=MetadataId,SchemaName")
	if err != nil {
		return err
	}
	for _, k := range keys {
		if !strings.HasPrefix(strings.ToLower(k.SchemaName), t.d.Publisher.Prefix+"_") {
			continue
		}
		if t.made(componentKey, k.MetadataID) {
			t.remove("key", table.LogicalName+"/"+k.SchemaName, tablePath(table.LogicalName)+"/Keys(LogicalName="+quoted(strings.ToLower(k.SchemaName))+")", "")
		} else {
			t.leave("key", table.LogicalName+"/"+k.SchemaName)
		}
	}
	for _, c := range table.Columns {
		if t.found[table.LogicalName].columns[c.LogicalName] == nil {
			continue
		}
		name := table.LogicalName + "/" + c.LogicalName
		path := tablePath(table.LogicalName) + "/Attributes(LogicalName=" + quoted(c.LogicalName) + ")"
		var have struct {
			MetadataID string `json:"MetadataId"`
		}
		if err := t.w.get(ctx, path+"?$select=MetadataId", &have); err != nil {
			return err
		}
		if t.made(componentColumn, have.MetadataID) {
			t.remove("column", name, path, "with its values")
		} else {
			t.leave("column", name)
		}
	}
	if table.Standard && table.ChangeTracking && t.found[table.LogicalName].ChangeTrackingEnabled {
		t.plan.add(&Item{Kind: "table", Name: table.LogicalName, Do: Leave, Why: "change tracking stays as it is: it cannot be switched off"})
	}
	return nil
}

// solution plans the end: the empty solution and, where nobody else has it, the publisher. What people have put into our
// solution beside ours stays in the CRM.
func (t teardown) solution(ctx context.Context, id string) error {
	t.remove("solution", t.d.Solution.UniqueName, "solutions("+id+")", "")
	return t.publisher(ctx, "")
}

// publisher plans the removal of our publisher, unless other solutions are of it. With an id only that one is ours: the
// name alone does not tell who made it.
func (t teardown) publisher(ctx context.Context, made string) error {
	name := t.d.Publisher.UniqueName
	publishers, err := list[struct {
		ID string `json:"publisherid"`
	}](ctx, t.w, where("publishers", "publisherid", "uniquename eq "+quoted(name)))
	if err != nil || len(publishers) == 0 {
		return err
	}
	id := publishers[0].ID
	if made != "" && !strings.EqualFold(id, made) {
		t.plan.add(&Item{Kind: "publisher", Name: name, Do: Leave, Why: "setup has not made it", Mend: "delete it in the maker portal if no solution is to have it"})
		return nil
	}
	item := &Item{Kind: "publisher", Name: name, Do: Remove}
	item.apply = func(ctx context.Context) error {
		others, err := list[component](ctx, t.w, where("solutions", "solutionid", "_publisherid_value eq "+id))
		if err == nil && len(others) > 0 {
			return &kept{fmt.Sprintf("%d other solutions are of this publisher, so it stays", len(others)), ""}
		}
		return t.w.remove(ctx, "publishers("+id+")")
	}
	t.plan.add(item)
	return nil
}

func sortedKeys(m map[string]string) []string {
	set := map[string]bool{}
	for k := range m {
		set[k] = true
	}
	return sorted(set)
}
