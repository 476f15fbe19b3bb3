package setup_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

// dying is a way in that ends with the run at its first write: the CRM has done it, and nobody hears of it.
type dying struct {
	to    http.RoundTripper
	end   context.CancelFunc
	wrote string
}

func (d *dying) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet || strings.Contains(r.URL.Path, "/oauth2/") {
		return d.to.RoundTrip(r)
	}
	if d.wrote == "" {
		resp, err := d.to.RoundTrip(r)
		if err != nil || resp.StatusCode >= http.StatusMultipleChoices {
			return resp, err // it asks to wait
		}
		d.wrote = r.Method + " " + r.URL.Path
	}
	d.end()
	return nil, errors.New("the run has ended")
}

// endEachRun plans and applies again and again, and ends each run at its first write; it counts them.
func endEachRun(t *testing.T, o *organisation, plan func(ctx context.Context, web *setup.Web) (*setup.Plan, error)) (runs int) {
	t.Helper()
	for runs = 0; runs < 400; runs++ {
		ctx, end := context.WithCancel(t.Context())
		way := &dying{to: o, end: end}
		p, err := plan(ctx, o.through(administrator, way))
		if err != nil {
			t.Fatal(err)
		}
		err = p.Apply(ctx, func(*setup.Item) {})
		end()
		if way.wrote == "" {
			complete(t, p)
			return runs
		}
		if err == nil || !strings.Contains(err.Error(), "run it again") {
			t.Fatalf("ended at %s, it says %v", way.wrote, err)
		}
	}
	t.Fatal("it goes on for ever")
	return runs
}

// However often a run ends, at whichever write, the next one goes on, and what comes of it is what one whole run makes.
// A teardown is no other.
func TestRunsThatEndAtEveryWriteComeToTheSame(t *testing.T) {
	whole := newOrganisation(t, dataversesim.BareFrench, map[string]any{"setupTracking": "sales"})
	before := whole.metadata()
	complete(t, applied(t, planned(t, whole.options(administrator))))

	o := newOrganisation(t, dataversesim.BareFrench, map[string]any{"setupTracking": "sales"})
	runs := endEachRun(t, o, func(ctx context.Context, web *setup.Web) (*setup.Plan, error) {
		options := o.options(administrator)
		options.Web = web
		return setup.Make(ctx, options)
	})
	if runs < 90 {
		t.Errorf("it ended %d times", runs)
	}
	if one, many := whole.metadata(), o.metadata(); one != many {
		t.Error(cmp.Diff(lines(one), lines(many)))
	}

	runs = endEachRun(t, o, func(ctx context.Context, web *setup.Web) (*setup.Plan, error) {
		options := o.options(administrator)
		options.Web, options.Want = web, definition(t)
		return setup.Teardown(ctx, options)
	})
	if runs < 50 {
		t.Errorf("a teardown ended %d times", runs)
	}
	tracked := func(text string) string {
		return strings.ReplaceAll(text, `"ChangeTrackingEnabled": false`, `"ChangeTrackingEnabled": true`)
	}
	if after := o.metadata(); tracked(after) != tracked(before) {
		t.Error(cmp.Diff(lines(before), lines(after)))
	}
}

// A run that ends between a change and its publishing leaves a draft, whichever part it is of.
func TestADraftIsPublishedByTheNextRun(t *testing.T) {
	for _, shows := range []string{"hidden", "both", "drafts"} {
		draftsArePublished(t, shows)
	}
}

func draftsArePublished(t *testing.T, shows string) {
	t.Helper()
	d := definition(t)
	o := newOrganisation(t, dataversesim.BareFrench, map[string]any{"setupUnpublished": shows})
	complete(t, applied(t, planned(t, o.options(administrator))))
	whole := o.metadata()
	view, _ := d.View("lead", "Co-sell: Leads failed")
	french := `{"EntityMoniker":{"@odata.type":"Microsoft.Dynamics.CRM.savedquery","savedqueryid":"` + view.ID() + `"},"AttributeName":"name","Labels":[{"Label":"` + view.Name + `","LanguageCode":1033},{"Label":"","LanguageCode":1036}]}`
	for what, undo := range map[string]func(){
		"form": func() {
			o.do(http.MethodPatch, "systemforms("+dataversesim.LeadFormID+")", `{"formxml":"<form><tabs><tab name=\"general\" id=\"{11111111-1111-4111-8111-111111111111}\"><labels><label description=\"x\" languagecode=\"1033\" /></labels></tab></tabs></form>"}`)
		},
		"view": func() {
			o.do(http.MethodPatch, "savedqueries("+view.ID()+")", `{"fetchxml":"<fetch><entity name='lead'><attribute name='subject' /></entity></fetch>"}`)
		},
		"name":   func() { o.do(http.MethodPost, "SetLocLabels", french) },
		"script": func() { o.do(http.MethodPatch, "webresourceset("+d.Script.ID()+")", `{"content":"Z28oKTs="}`) },
	} {
		undo()
		o.do(http.MethodPost, "PublishAllXml", "")
		runs := endEachRun(t, o, func(ctx context.Context, web *setup.Web) (*setup.Plan, error) {
			options := o.options(administrator)
			options.Web = web
			return setup.Make(ctx, options)
		})
		if runs != 2 {
			t.Errorf("%s, %s: %d runs to change and to publish", shows, what, runs)
		}
		if what == "form" {
			continue // somebody's own form by now
		}
		if got := strings.Count(o.metadata(), `"componentstate": 1`); got != strings.Count(whole, `"componentstate": 1`) {
			t.Errorf("%s: %d drafts are left", what, got)
		}
	}
}
