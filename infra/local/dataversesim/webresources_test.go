package dataversesim_test

import (
	"strings"
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

func TestScriptsOfForms(t *testing.T) {
	w := newOrganisation(t, dataversesim.Bare, "administrator", nil)
	w.solution()
	script := func(name, content string) *reply {
		return w.define("webresourceset", `{"name":"`+name+`","displayname":"S","webresourcetype":3,"content":"`+content+`"}`)
	}
	script("abc_a.js", "YQ==").refused(400, "0x8004F115")
	script("zzz_a//b.js", "YQ==").refused(400, "0x8004F115")
	script("zzz_a.js", "not base64").refused(400, "0x8004F11A")
	id := script("zzz_a.js", "YQ==").is(204).header.Get("OData-EntityId")
	id = id[strings.LastIndexByte(id, '(')+1 : len(id)-1]
	script("zzz_a.js", "YQ==").refused(412, "0x80040237")
	load := func(library, handler string) func(string) string {
		return func(f string) string {
			f = strings.Replace(f, "</formLibraries>", `<Library name="`+library+`" libraryUniqueId="{11111111-0000-4000-8000-000000000009}" /></formLibraries>`, 1)
			return strings.Replace(f, "</Handlers>", `<Handler functionName="go" libraryName="`+handler+
				`" handlerUniqueId="{11111111-0000-4000-8000-000000000008}" enabled="true" /></Handlers>`, 1)
		}
	}
	w.changeForm(load("zzz_none.js", "zzz_none.js")).refused(400, "0x8004F118")
	w.changeForm(load("zzz_a.js", "zzz_b.js")).refused(400, "0x80040201")
	w.changeForm(load("zzz_a.js", "zzz_a.js")).is(204)
	w.do("DELETE", "webresourceset("+id+")", "").refused(400, "0x8004F01F")
	w.do("POST", "PublishXml", `{"ParameterXml":"<importexportxml><webresources><webresource>{`+id+`}</webresource></webresources></importexportxml>"}`).is(204)
	w.do("GET", "webresourceset("+id+")?$select=componentstate", "").has(map[string]any{"componentstate": 0})
	w.do("GET", "systemforms("+dataversesim.OpportunityFormID+")/Microsoft.Dynamics.CRM.RetrieveUnpublished()?$select=componentstate", "").has(map[string]any{"componentstate": 1})
}
