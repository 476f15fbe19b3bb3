package setup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cosell-sync/cosell-sync/infra/dataverse"
)

// formState is a main form as it stands.
type formState struct {
	FormID         string `json:"formid"`
	Name           string `json:"name"`
	FormXML        string `json:"formxml"`
	IsCustomizable *struct{ Value bool }
	state
}

func (f formState) rowID() string { return f.FormID }

func (r *run) formsOf(ctx context.Context, table string) (shown, have []formState, err error) {
	return layers[formState](ctx, r.w, "systemforms", "formid,name,formxml,iscustomizable", "objecttypecode eq "+quoted(table)+" and type eq 2 and formactivationstate eq 1")
}

// isShown says whether people see of a form what is asked for.
func isShown(shown []formState, x formState, as func(text string) bool) bool {
	i := slices.IndexFunc(shown, func(s formState) bool { return strings.EqualFold(s.FormID, x.FormID) })
	return i >= 0 && as(shown[i].FormXML)
}

// lookForms plans our tab on the main forms of opportunity and lead. What is put there is an element with our name in
// the form's own text; everything else of the form stays as it is, letter by letter.
// https://learn.microsoft.com/power-apps/developer/model-driven-apps/customize-entity-forms
func (r *run) lookForms(ctx context.Context) error {
	if r.NoForms {
		return nil
	}
	for _, f := range r.d.Forms {
		shown, have, err := r.formsOf(ctx, f.Table)
		if err != nil {
			return err
		}
		fitting := slices.DeleteFunc(have, func(x formState) bool { return len(r.Forms) > 0 && !slices.Contains(r.Forms, x.Name) })
		if len(fitting) == 0 {
			r.plan.add(&Item{Kind: "form", Name: f.Table, Do: Open, Why: "the environment has no active main form of " + f.Table + named(r.Forms),
				Mend: "name one of its forms with --form, or leave the forms out with --no-forms"})
		}
		for _, x := range fitting {
			r.form(f, x)
			if len(lacking(f, x.FormXML)) == 0 && !isShown(shown, x, func(text string) bool { return len(lacking(f, text)) == 0 }) {
				r.plan.publish[f.Table] = true
			}
		}
	}
	return nil
}

func named(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " that is called " + strings.Join(names, " or ")
}

func (r *run) form(f dataverse.Form, have formState) {
	item := &Item{Kind: "form", Name: f.Table + "/" + have.Name, Do: Leave, needs: []string{r.solutionItem()}}
	lacks := lacking(f, have.FormXML)
	switch {
	case len(lacks) == 0:
	case have.IsCustomizable != nil && !have.IsCustomizable.Value:
		item.Why = "it may not be customised, and goes without"
	default:
		item.Do, item.Why = Change, "it lacks "+strings.Join(lacks, ", ")
		for _, c := range f.Fields {
			item.needs = append(item.needs, "column "+f.Table+"/"+c)
		}
		if len(f.Rules) > 0 {
			item.needs = append(item.needs, "script "+r.d.Script.Name)
		}
		if f.Grid != nil {
			item.needs = append(item.needs, "view "+f.Grid.Table+"/"+f.Grid.View)
		}
		item.apply = func(ctx context.Context) error { return r.putForm(ctx, f, have) }
		r.plan.publish[f.Table] = true
	}
	r.plan.add(item)
}

// putForm puts our tab on a form as it is by now: others may have changed it while the run made what comes before.
func (r *run) putForm(ctx context.Context, f dataverse.Form, have formState) error {
	_, now, err := layers[formState](ctx, r.w, "systemforms", "formid,name,formxml,iscustomizable", "formid eq "+have.FormID)
	if err != nil {
		return err
	}
	if len(now) > 0 {
		have = now[0]
	}
	text, err := withTab(f, have.FormXML, tabOptions{languages: r.languages, script: r.d.Script.Name, view: r.ids["view "+gridView(f)], columns: r.columnOf(f.Table)})
	if err != nil {
		return &kept{fmt.Sprintf("form %q of %s: %v", have.Name, f.Table, err), "put the tab on the form in the maker portal, as docs/dataverse.md shows, or leave the forms out with --no-forms"}
	}
	return r.w.patch(ctx, "systemforms("+have.FormID+")", map[string]any{"formxml": text})
}

func gridView(f dataverse.Form) string {
	if f.Grid == nil {
		return ""
	}
	return f.Grid.Table + "/" + f.Grid.View
}

func (r *run) columnOf(table string) func(string) dataverse.Column {
	return func(name string) dataverse.Column {
		t, _ := r.d.Table(table)
		c, _ := t.Column(name)
		return c
	}
}

// addPublish plans the publishing of what people see: until then forms, views and labels are as they were.
// https://learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/publishxml
func (r *run) addPublish(context.Context) error {
	if len(r.plan.publish)+len(r.plan.choices) == 0 && !r.plan.script {
		return nil
	}
	r.plan.add(&Item{Kind: "publishing", Name: "of what people see", Do: Change, Why: "forms, views, labels and the script show once they are published",
		apply: func(ctx context.Context) error {
			text := r.toPublish()
			if text == "" {
				return nil
			}
			return r.w.act(ctx, "PublishXml", map[string]any{"ParameterXml": text})
		}})
	return nil
}

// toPublish names what is published; "" where nothing is there. One thing that is not would keep all the rest from being
// published.
func (r *run) toPublish() string {
	var b strings.Builder
	tables := slices.DeleteFunc(sorted(r.plan.publish), func(name string) bool { return r.plan.undone("table " + name) })
	choices := slices.DeleteFunc(sorted(r.plan.choices), func(name string) bool { return r.plan.undone("choice " + name) })
	script := r.plan.script && !r.plan.undone("script "+r.d.Script.Name)
	if len(tables)+len(choices) == 0 && !script {
		return ""
	}
	section := func(outer, inner string, names []string) {
		if len(names) == 0 {
			return
		}
		b.WriteString("<" + outer + ">")
		for _, n := range names {
			b.WriteString("<" + inner + ">" + n + "</" + inner + ">")
		}
		b.WriteString("</" + outer + ">")
	}
	b.WriteString("<importexportxml>")
	section("entities", "entity", tables)
	section("optionsets", "optionset", choices)
	if script {
		section("webresources", "webresource", []string{"{" + r.ids["script"] + "}"})
	}
	b.WriteString("</importexportxml>")
	return b.String()
}
