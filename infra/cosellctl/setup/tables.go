package setup

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// tableState is a table as it stands; nil columns: it is not there.
type tableState struct {
	MetadataID                               string `json:"MetadataId"`
	SchemaName, EntitySetName, OwnershipType string
	PrimaryIDAttribute                       string `json:"PrimaryIdAttribute"`
	PrimaryNameAttribute                     string
	ChangeTrackingEnabled                    bool
	CanChangeTrackingBeEnabled               struct{ Value bool }
	DisplayName, DisplayCollectionName       wireLabel
	columns                                  map[string]*columnState
	made                                     bool // by this plan
}

// columnState is a column as it stands.
type columnState struct {
	MetadataID                 string `json:"MetadataId"`
	LogicalName, AttributeType string
	DisplayName                wireLabel
	MaxLength                  int
	Targets                    []string
	GlobalOptionSet            struct{ Name string }
	OptionSet                  struct {
		Name     string
		IsGlobal bool
	}
}

func tablePath(name string) string { return "EntityDefinitions(LogicalName=" + quoted(name) + ")" }

// kindDetails are the types whose details are compared, and what is asked for.
var kindDetails = []struct{ kind, query string }{
	{"String", "?$select=LogicalName,MaxLength"},
	{"Memo", "?$select=LogicalName,MaxLength"},
	{"Picklist", "?$select=LogicalName&$expand=OptionSet($select=Name,IsGlobal),GlobalOptionSet($select=Name)"},
	{"Lookup", "?$select=LogicalName,Targets"},
}

// readTable reads a table with the columns that we compare.
func (r *run) readTable(ctx context.Context, name string) (*tableState, error) {
	if t := r.found[name]; t != nil {
		return t, nil
	}
	t := &tableState{}
	err := r.w.get(ctx, tablePath(name)+"?$select=MetadataId,SchemaName,EntitySetName,OwnershipType,PrimaryIdAttribute,PrimaryNameAttribute,"+
		"ChangeTrackingEnabled,CanChangeTrackingBeEnabled,DisplayName,DisplayCollectionName", t)
	if err != nil && !absent(err) {
		return nil, err
	}
	r.found[name] = t
	if err != nil {
		return t, nil
	}
	t.columns = map[string]*columnState{}
	all, err := list[*columnState](ctx, r.w, tablePath(name)+"/Attributes?$select=MetadataId,LogicalName,AttributeType,DisplayName")
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		t.columns[c.LogicalName] = c
	}
	for _, k := range kindDetails {
		details, err := list[columnState](ctx, r.w, tablePath(name)+"/Attributes/"+crmType+k.kind+"AttributeMetadata"+k.query)
		if err != nil {
			return nil, err
		}
		for _, d := range details {
			if c := t.columns[d.LogicalName]; c != nil {
				c.MaxLength, c.Targets, c.GlobalOptionSet, c.OptionSet = d.MaxLength, d.Targets, d.GlobalOptionSet, d.OptionSet
			}
		}
	}
	return t, nil
}

// lookTables plans tables, then their columns, then the lookups between them.
func (r *run) lookTables(ctx context.Context) error {
	for _, t := range r.d.Tables {
		have, err := r.readTable(ctx, t.LogicalName)
		if err != nil {
			return err
		}
		if have.columns == nil && t.Standard {
			r.plan.add(&Item{Kind: "table", Name: t.LogicalName, Do: Stop, Why: "the environment has no table " + t.LogicalName,
				Mend: "install Dynamics 365 Sales in it, or choose another environment"})
			continue
		}
		r.table(t, have)
	}
	for _, lookups := range []bool{false, true} {
		for _, t := range r.d.Tables {
			for _, c := range t.Columns {
				if (c.Type == "Lookup") == lookups && !(c.PrimaryName && r.found[t.LogicalName].made) {
					r.column(t, c)
				}
			}
		}
	}
	return nil
}

func (r *run) table(t dataverse.Table, have *tableState) {
	item := &Item{Kind: "table", Name: t.LogicalName, Do: Leave}
	switch {
	case have.columns == nil:
		r.createTable(t, have, item)
	case !t.Standard && have.OwnershipType != t.Ownership:
		item.Do, item.Why = Stop, fmt.Sprintf("table %s is %s, and %s is needed, which cannot be changed", t.LogicalName, have.OwnershipType, t.Ownership)
		item.Mend = "delete the table after saving its rows, or lay the solutions on a table of your own by the field sheet"
	case !t.Standard && have.EntitySetName != t.EntitySet:
		item.Do, item.Why = Stop, fmt.Sprintf("table %s has the set %s, and %s is needed", t.LogicalName, have.EntitySetName, t.EntitySet)
	default:
		r.changeTable(t, have, item)
	}
	r.plan.add(item)
}

// changeTable brings a table that is there to what is needed, in one change.
func (r *run) changeTable(t dataverse.Table, have *tableState, item *Item) {
	members, why := map[string]any{}, []string(nil)
	switch {
	case !t.ChangeTracking || have.ChangeTrackingEnabled:
	case !have.CanChangeTrackingBeEnabled.Value:
		item.Why = "change tracking cannot be enabled: reconcile finds changes by their time"
	default:
		members["ChangeTrackingEnabled"] = true
		why = append(why, "change tracking is off: reconcile reads changes by it (it cannot be switched off again)")
	}
	if lacks := have.DisplayName.lacks(r.languages); !t.Standard && r.made(componentTable, have.MetadataID) && !r.managed && len(lacks) > 0 {
		members["DisplayName"], members["DisplayCollectionName"] = have.DisplayName.completed(t.Text, r.languages), have.DisplayCollectionName.completed(t.Plural(), r.languages)
		why = append(why, fmt.Sprintf("it says nothing in %v", lacks))
	}
	if len(members) == 0 {
		return
	}
	item.Do, item.Why = Change, strings.Join(why, "; ")
	item.apply = func(ctx context.Context) error {
		return r.edit(ctx, tablePath(t.LogicalName), "EntityDefinitions("+have.MetadataID+")", "EntityMetadata", members)
	}
	r.plan.publish[t.LogicalName] = true
}

// createTable makes one of our tables with its name column.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/create-update-entity-definitions-using-web-api
func (r *run) createTable(t dataverse.Table, have *tableState, item *Item) {
	have.columns, have.made = map[string]*columnState{}, true
	item.Do, item.Why, item.needs = Create, t.Label, []string{r.solutionItem()}
	if r.managed {
		r.imported(item)
		return
	}
	name, _ := t.Column(t.PrimaryName)
	first := r.columnBody(name)
	first["IsPrimaryName"] = true
	item.apply = func(ctx context.Context) error {
		_, err := r.w.post(ctx, "EntityDefinitions", map[string]any{"@odata.type": crmType + "EntityMetadata", "SchemaName": t.SchemaName,
			"DisplayName": label(t.Text, r.languages), "DisplayCollectionName": label(t.Plural(), r.languages), "Description": label(t.Text, r.languages),
			"OwnershipType": t.Ownership, "HasActivities": false, "HasNotes": false, "IsActivity": false, "ChangeTrackingEnabled": t.ChangeTracking,
			"PrimaryNameAttribute": t.PrimaryName, "Attributes": []any{first}})
		return err
	}
}

// imported says that a part has to come with the zip.
func (r *run) imported(item *Item) {
	item.Do, item.apply = Open, nil
	item.Why, item.Mend = "the imported solution does not have it", "import the zip of this release, CosellSync_managed.zip, and run this again"
}

// edit reads a whole definition, changes members of it and puts it back: there is no PATCH for definitions.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/create-update-column-definitions-using-web-api
func (r *run) edit(ctx context.Context, from, to, kind string, members map[string]any) error {
	var whole map[string]json.RawMessage
	if err := r.w.get(ctx, from, &whole); err != nil {
		return err
	}
	delete(whole, "@odata.context")
	body := map[string]any{"@odata.type": crmType + kind}
	for name, v := range whole {
		if !strings.HasPrefix(name, "@") {
			body[name] = v
		}
	}
	for name, v := range members {
		body[name] = v
	}
	return r.w.put(ctx, to, body)
}
