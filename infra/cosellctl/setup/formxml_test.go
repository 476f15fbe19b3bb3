package setup_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/cosellctl/setup"
)

// formXML are forms as organisations have them.
func formXML() map[string]string {
	return map[string]string{
		"with events":       plainForm,
		"without events":    `<form><tabs><tab name="a" id="{11111111-1111-4111-8111-111111111111}"></tab></tabs></form>`,
		"with libraries":    `<form><tabs></tabs><formLibraries><Library name="own.js" libraryUniqueId="{33333333-3333-4333-8333-333333333333}" /></formLibraries></form>`,
		"with their rule":   `<form><tabs></tabs><events><event name="onchange" application="false" active="false" attribute="cosell_help"><Handlers><Handler functionName="Own.changed" libraryName="own.js" handlerUniqueId="{33333333-3333-4333-8333-333333333333}" enabled="true" /></Handlers></event></events></form>`,
		"as shipped":        `<form><tabs></tabs><formLibraries /><events/></form>`,
		"with header after": `<form><tabs></tabs><header id="{33333333-3333-4333-8333-333333333333}"><rows><row></row></rows></header></form>`,
	}
}

func TestOurTabComesOntoAFormAndLeavesItAsItWas(t *testing.T) {
	for name, before := range formXML() {
		t.Run(name, func(t *testing.T) {
			c := newCRM(t)
			c.form("opportunity")["formxml"] = before
			complete(t, applied(t, planned(t, options(t, c))))
			with := c.form("opportunity")["formxml"].(string)
			if err := xml.Unmarshal([]byte(with), new(struct{})); err != nil {
				t.Fatalf("%v: %s", err, with)
			}
			for _, part := range []string{`<tab name="cosell_partnercenter"`, `datafieldname="cosell_sync"`, `<RelationshipName>cosell_opportunity_solution</RelationshipName>`,
				`<Library name="cosell_/partnercenter.js"`, `functionName="CosellSync.helpChosen"`, `attribute="cosell_help"`, `datafieldname="cosell_audit" disabled="true"`, `datafieldname="cosell_help" disabled="false"`} {
				if strings.Count(with, part) != 1 {
					t.Errorf("%s stands there %d times", part, strings.Count(with, part))
				}
			}
			if !strings.Contains(with, `<label description="Espace partenaires" languagecode="1036" />`) {
				t.Error("it has no French")
			}
			p, err := setup.Teardown(t.Context(), options(t, c))
			if err != nil {
				t.Fatal(err)
			}
			applied(t, p)
			if after := c.form("opportunity")["formxml"]; after != before {
				t.Errorf("it was\n%s\nand is\n%s", before, after)
			}
		})
	}
}

// A field that stands elsewhere on the form is not shown twice; a field that is new comes into our tab, and what people
// have hidden there stays hidden.
func TestAFieldIsPutOnceOnAForm(t *testing.T) {
	c := newCRM(t)
	c.form("lead")["formxml"] = `<form><tabs><tab name="a" id="{11111111-1111-4111-8111-111111111111}"><columns><column><sections><section><rows><row><cell><control id="cosell_sync" datafieldname="cosell_sync" /></cell></row></rows></section></sections></column></columns></tab></tabs></form>`
	complete(t, applied(t, planned(t, options(t, c))))
	form := c.form("lead")
	if strings.Count(form["formxml"].(string), `datafieldname="cosell_sync"`) != 1 {
		t.Error("cosell_sync is shown twice")
	}
	text := strings.Replace(form["formxml"].(string), `datafieldname="cosell_audit"`, `datafieldname="other"`, 1)
	form["formxml"] = strings.Replace(text, `datafieldname="cosell_state" disabled="true"`, `datafieldname="cosell_state" disabled="true" visible="false"`, 1)
	p := planned(t, options(t, c))
	if i := item(t, p, "form", "lead/Main of lead"); i.Why != "it lacks cosell_audit" {
		t.Errorf("%+v", i)
	}
	complete(t, applied(t, p))
	if text := form["formxml"].(string); !strings.Contains(text, `visible="false"`) || strings.Count(text, `datafieldname="cosell_audit"`) != 1 || strings.Count(text, `<tab name="cosell_partnercenter"`) != 1 {
		t.Error(text)
	}
	if planned(t, options(t, c)).Differs() {
		t.Error("it is not there after all")
	}
}

func TestAFormThatMayNotBeChangedGoesWithout(t *testing.T) {
	c := newCRM(t)
	c.form("lead")["iscustomizable"] = row{"Value": false}
	c.form("opportunity")["formxml"] = `<form></form>`
	p := applied(t, planned(t, options(t, c)))
	if i := item(t, p, "form", "lead/Main of lead"); i.Do != setup.Leave || i.Why == "" {
		t.Errorf("%+v", i)
	}
	if i := item(t, p, "form", "opportunity/Main of opportunity"); i.Result != setup.Failed || !strings.Contains(i.Mend, "--no-forms") {
		t.Errorf("%+v", i)
	}
}

func TestFormsThatAreNamedAndFormsThatAreLeftOut(t *testing.T) {
	c := newCRM(t)
	o := options(t, c)
	o.NoForms = true
	complete(t, applied(t, planned(t, o)))
	o = options(t, c)
	o.Forms = []string{"Main of opportunity"}
	p := planned(t, o)
	if item(t, p, "form", "opportunity/Main of opportunity").Do != setup.Change || item(t, p, "form", "lead").Do != setup.Open {
		t.Error(said(p))
	}
}
