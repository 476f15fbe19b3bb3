package setup

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// lookScript plans the web resource with the rule of the form. What it does cannot be a business rule: those are rows
// of workflow with XAML, which nobody but the designer writes.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/webresource
func (r *run) lookScript(ctx context.Context) error {
	s := r.d.Script
	if s.Name == "" {
		return nil
	}
	shown, have, err := layers[scriptState](ctx, r.w, "webresourceset", "webresourceid,content", "name eq "+quoted(s.Name))
	if err != nil {
		return err
	}
	item := &Item{Kind: "script", Name: s.Name, Do: Leave, needs: []string{r.solutionItem()}}
	content := base64.StdEncoding.EncodeToString(dataverse.Script)
	switch {
	case len(have) == 0 && r.managed:
		r.imported(item)
	case len(have) > 0 && have[0].Content != content && !strings.EqualFold(have[0].WebResourceID, s.ID()):
		item.Do, item.Why, item.Mend = Open, "another script has its name, and "+notOurs(r.d), "delete that web resource, or leave the forms out with --no-forms"
	case len(have) == 0:
		item.Do, item.Why = Create, "choosing help shows the deal to Microsoft before it is saved"
		item.apply = func(ctx context.Context) error {
			_, err := r.w.post(ctx, "webresourceset", map[string]any{"webresourceid": s.ID(), "name": s.Name, "displayname": s.In(r.base), "webresourcetype": 3, "content": content})
			return err
		}
		r.plan.script, r.ids["script"] = true, s.ID()
	case have[0].Content != content && r.managed:
		item.Why = "it is of another release, and comes with the zip"
	case have[0].Content != content:
		item.Do, item.Why = Change, "it is of another release"
		item.apply = func(ctx context.Context) error {
			return r.w.patch(ctx, "webresourceset("+have[0].WebResourceID+")", map[string]any{"content": content})
		}
		r.plan.script, r.ids["script"] = true, have[0].WebResourceID
	case len(shown) == 0 || shown[0].Content != content: // a run ended before it was published
		r.plan.script, r.ids["script"] = true, have[0].WebResourceID
	}
	r.plan.add(item)
	return nil
}

// scriptState is the web resource as it stands.
type scriptState struct {
	WebResourceID string `json:"webresourceid"`
	Content       string `json:"content"`
	state
}

func (s scriptState) rowID() string { return s.WebResourceID }

// viewState is a view as it stands.
type viewState struct {
	SavedQueryID string `json:"savedqueryid"`
	Name         string `json:"name"`
	FetchXML     string `json:"fetchxml"`
	state
}

func (v viewState) rowID() string { return v.SavedQueryID }

// lookViews plans the public views. Which columns people see in them is theirs to change, which rows is ours.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/savedquery
func (r *run) lookViews(ctx context.Context) error {
	for _, v := range r.d.Views {
		var shown, have []viewState
		if t := r.found[v.Table]; t == nil || !t.made {
			var err error
			shown, have, err = layers[viewState](ctx, r.w, "savedqueries", "savedqueryid,name,fetchxml", "savedqueryid eq "+v.ID()+" or name eq "+quoted(v.Text().In(r.base))+" and returnedtypecode eq "+quoted(v.Table))
			if err != nil {
				return err
			}
		}
		have = fitting(v, have)
		if seen := fitting(v, shown); len(have) > 0 && (len(seen) == 0 || rowsOf(seen[0].FetchXML) != rowsOf(have[0].FetchXML)) {
			r.plan.publish[v.Table] = true // a run ended before it was published
		}
		r.view(v, have)
		if err := r.lookNames(ctx, v, have); err != nil {
			return err
		}
	}
	return nil
}

// lookNames plans what a view is called in languages beside the base one, which take an action of their own. What people
// call it is theirs to change. The view is there without it: nothing waits for its names.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/setloclabels
func (r *run) lookNames(ctx context.Context, v dataverse.View, have []viewState) error {
	if len(r.languages) < 2 || r.managed {
		return nil
	}
	said := wireLabel{}
	if len(have) > 0 {
		if !strings.EqualFold(have[0].SavedQueryID, v.ID()) {
			return nil // somebody else's
		}
		var err error
		if said, err = r.viewNames(ctx, v.ID(), true); absent(err) {
			return nil // it cannot be asked for here
		} else if err != nil {
			return err
		}
	}
	lacks := slices.DeleteFunc(said.lacks(r.languages), func(l int) bool { return l == r.base })
	if len(lacks) == 0 {
		shown, err := r.viewNames(ctx, v.ID(), false)
		if !absent(err) && len(shown.lacks(r.languages)) > 0 { // a run ended before it was published
			r.plan.publish[v.Table] = true
		}
		return unlessAbsent(err)
	}
	labels := said.completed(v.Text(), r.languages)["LocalizedLabels"] // the action may take away what it does not name
	r.plan.publish[v.Table] = true
	r.plan.add(&Item{Kind: "view name", Name: v.Table + "/" + v.Name, Do: Change, Why: fmt.Sprintf("it says nothing in %v", lacks), needs: []string{"view " + v.Table + "/" + v.Name},
		apply: r.posts("SetLocLabels", map[string]any{"EntityMoniker": map[string]any{"@odata.type": crmType + "savedquery", "savedqueryid": v.ID()}, "AttributeName": "name", "Labels": labels})})
	return nil
}

// viewNames are what a view is called, as it was written last or as people see it.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/retrieveloclabels
func (r *run) viewNames(ctx context.Context, id string, unpublished bool) (wireLabel, error) {
	var answer struct{ Label wireLabel }
	moniker := url.QueryEscape("{'@odata.id':'savedqueries(" + id + ")'}")
	err := r.w.get(ctx, fmt.Sprintf("RetrieveLocLabels(EntityMoniker=@p1,AttributeName=@p2,IncludeUnpublished=@p3)?@p1=%s&@p2='name'&@p3=%t", moniker, unpublished), &answer)
	return answer.Label, err
}

// fitting is the view that setup has made, by its id; else one of its name that lists the same rows; else none.
func fitting(v dataverse.View, have []viewState) []viewState {
	i := slices.IndexFunc(have, func(x viewState) bool { return strings.EqualFold(x.SavedQueryID, v.ID()) })
	if i < 0 {
		i = slices.IndexFunc(have, func(x viewState) bool { return rowsOf(x.FetchXML) == rowsOf(v.FetchXML("id")) })
	}
	if i < 0 {
		return nil
	}
	return have[i : i+1]
}

// view plans one view. One that has its name and that setup has not made stays as it is: it will do where it lists the
// same rows, and ours is made beside it where it does not.
func (r *run) view(v dataverse.View, have []viewState) {
	item := &Item{Kind: "view", Name: v.Table + "/" + v.Name, Do: Leave, needs: []string{r.solutionItem(), "table " + v.Table}}
	for _, c := range append(v.FilterColumns(), v.Columns...) {
		item.needs = append(item.needs, "column "+v.Table+"/"+c)
	}
	r.ids["view "+v.Table+"/"+v.Name] = v.ID()
	switch {
	case len(have) == 0 && r.managed:
		r.imported(item)
	case len(have) == 0:
		item.Do, item.Why = Create, "lists what "+v.Filter+" says"
		item.apply = func(ctx context.Context) error {
			t, _ := r.d.Table(v.Table)
			_, err := r.w.post(ctx, "savedqueries", map[string]any{"savedqueryid": v.ID(), "name": v.Text().In(r.base), "returnedtypecode": v.Table, "querytype": 0,
				"isdefault": false, "fetchxml": v.FetchXML(r.primaryID(t)), "layoutxml": v.LayoutXML(r.primaryID(t))})
			return err
		}
		r.plan.publish[v.Table] = true
	case rowsOf(have[0].FetchXML) != rowsOf(v.FetchXML("id")):
		r.ids["view "+v.Table+"/"+v.Name] = have[0].SavedQueryID
		item.Do, item.Why = Change, "it lists other rows"
		item.apply = func(ctx context.Context) error {
			t, _ := r.d.Table(v.Table)
			return r.w.patch(ctx, "savedqueries("+have[0].SavedQueryID+")", map[string]any{"fetchxml": v.FetchXML(r.primaryID(t))})
		}
		r.plan.publish[v.Table] = true
	default:
		r.ids["view "+v.Table+"/"+v.Name] = have[0].SavedQueryID
	}
	r.plan.add(item)
}

func (r *run) primaryID(t dataverse.Table) string {
	if t.PrimaryID != "" {
		return t.PrimaryID
	}
	return t.LogicalName + "id"
}

// rowsOf says in one text which rows a query lists, however it is written: the CRM writes queries anew.
func rowsOf(fetch string) string {
	var q struct {
		Entity struct {
			Filter []struct {
				Conditions []struct {
					Attribute string `xml:"attribute,attr"`
					Operator  string `xml:"operator,attr"`
					Value     string `xml:"value,attr"`
				} `xml:"condition"`
			} `xml:"filter"`
		} `xml:"entity"`
	}
	if xml.Unmarshal([]byte(fetch), &q) != nil {
		return "unreadable"
	}
	var all []string
	for _, f := range q.Entity.Filter {
		for _, c := range f.Conditions {
			all = append(all, c.Attribute+" "+c.Operator+" "+c.Value)
		}
	}
	slices.Sort(all)
	return strings.Join(all, " or ")
}
