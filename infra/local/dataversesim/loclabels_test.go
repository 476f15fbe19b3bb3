package dataversesim_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

const (
	namesOf = "RetrieveLocLabels(EntityMoniker=@p1,AttributeName=@p2,IncludeUnpublished=@p3)?@p2='name'&@p1=%7B'@odata.id':'savedqueries("
	aView   = "22222222-0000-4000-8000-00000000000a"
)

// names are what a view is called, by language.
func (w *world) names(published string) string {
	w.Helper()
	return w.do("GET", namesOf+aView+")'%7D&@p3="+published, "").is(200).text
}

func (w *world) name(labels string) *reply {
	return w.do("POST", "SetLocLabels", `{"EntityMoniker":{"@odata.type":"Microsoft.Dynamics.CRM.savedquery","savedqueryid":"`+aView+`"},"AttributeName":"name","Labels":[`+labels+`]}`)
}

func inLanguage(text, language string) string {
	return `{"@odata.type":"Microsoft.Dynamics.CRM.LocalizedLabel","Label":"` + text + `","LanguageCode":` + language + `}`
}

func TestNamesOfViewsInOtherLanguages(t *testing.T) {
	for switched, keeps := range map[string]bool{"merged": true, "replaced": false} {
		w := newOrganisation(t, dataversesim.BareFrench, "administrator", map[string]any{"setupLocLabels": switched})
		w.create("savedqueries", `{"savedqueryid":"`+aView+`","name":"Ours","returnedtypecode":"lead","querytype":0,"fetchxml":"<fetch><entity name='lead'><attribute name='subject' /></entity></fetch>"}`)
		if got := w.names("true"); strings.Contains(got, "1036") || !strings.Contains(got, `"Label":"Ours","LanguageCode":1033`) {
			t.Errorf("%s", got)
		}
		w.name(inLanguage("Ours", "1033") + "," + inLanguage("Les nôtres", "1036")).is(204)
		if got := w.names("false"); strings.Contains(got, "1036") {
			t.Errorf("people see it before it is published: %s", got)
		}
		w.do("POST", "PublishXml", `{"ParameterXml":"<importexportxml><entities><entity>lead</entity></entities></importexportxml>"}`).is(204)
		if got := w.names("false"); !strings.Contains(got, "Les nôtres") || !strings.Contains(w.ctl("GET", "/metadata", "").text, "Les nôtres") {
			t.Errorf("%s", got)
		}
		w.name(inLanguage("Ours again", "1033")).is(204)
		if got := w.names("true"); strings.Contains(got, "Les nôtres") != keeps || !strings.Contains(got, "Ours again") {
			t.Errorf("%s: %s", switched, got)
		}
		w.name(inLanguage("Unsere", "1031")).refused(400, "0x80040203")
		w.name("").refused(400, "0x80040203")
		w.do("DELETE", "savedqueries("+aView+")", "").is(204)
		w.name(inLanguage("Ours", "1033")).is(404)
		w.do("GET", namesOf+aView+")'%7D&@p3=true", "").is(404)
	}
}

// Who may not write views may not name them, and what the documents do not say of other tables is not made up.
func TestNamesOfViewsAreRefused(t *testing.T) {
	w := newOrganisation(t, dataversesim.Plain, "product", nil)
	w.as("administrator")
	view := w.do("GET", "savedqueries?$select=savedqueryid&$top=1", "").column("savedqueryid")
	body := `{"EntityMoniker":{"@odata.type":"Microsoft.Dynamics.CRM.savedquery","savedqueryid":"` + view + `"},"AttributeName":"name","Labels":[` + inLanguage("x", "1033") + `]}`
	w.as("product")
	w.do("POST", "SetLocLabels", body).lacks("prvWriteQuery")
	w.as("administrator")
	w.do("POST", "SetLocLabels", strings.Replace(body, `"name"`, `"description"`, 1)).is(501)
	w.do("POST", "SetLocLabels", strings.Replace(body, "savedquery", "account", 1)).is(501)
	w.do("GET", "SetLocLabels", "").is(404)
	w.do("GET", "RetrieveLocLabels(EntityMoniker=@p1)?@p1=x", "").is(400)
}

// An organisation whose base language is French demands French of every label, and takes English beside it.
func TestAnOrganisationInFrench(t *testing.T) {
	w := newOrganisation(t, dataversesim.BareInFrench, "administrator", nil)
	w.do("GET", "organizations?$select=languagecode", "").is(200)
	if got := w.do("GET", "organizations?$select=languagecode", "").rows()[0]["languagecode"]; got != 1036.0 {
		t.Errorf("%v", got)
	}
	w.do("GET", "RetrieveProvisionedLanguages()", "").is(200)
	column := func(labels string) *reply {
		return w.do("POST", ofOpportunity, `{"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","AttributeType":"String","SchemaName":"new_Word","MaxLength":20,"FormatName":{"Value":"Text"},
			"RequiredLevel":{"Value":"None"},"DisplayName":{"@odata.type":"Microsoft.Dynamics.CRM.Label","LocalizedLabels":[`+labels+`]}}`)
	}
	column(inLanguage("Word", "1033")).refused(400, "0x80040203")
	column(inLanguage("Mot", "1036") + "," + inLanguage("Word", "1033")).is(204)
	got := w.do("GET", ofOpportunity+"(LogicalName='new_word')?$select=DisplayName", "").is(200).text
	if !strings.Contains(got, `"Label":"Mot","LanguageCode":1036`) || !strings.Contains(got, `"Label":"Word","LanguageCode":1033`) {
		t.Error(got)
	}
	w.do("GET", "opportunities("+unknownID+")", "").refused(404, "0x80040217")
	if got := w.do("GET", "opportunities("+unknownID+")", "").text; !strings.Contains(got, "existe pas") {
		t.Errorf("it speaks %s", got)
	}
}
