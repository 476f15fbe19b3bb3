package dataversesim_test

import (
	"testing"

	"github.com/cosell-sync/cosell-sync/infra/local/dataversesim"
)

const detect = "MSCRM.SuppressDuplicateDetection"

func TestDuplicatesAreDetectedOnRequest(t *testing.T) {
	w := newWorld(t)
	w.create("accounts", `{"name":"Tailspin Toys GmbH"}`)
	w.do("POST", "accounts", `{"name":"tailspin toys gmbh"}`, detect, "true").is(204)
	w.do("POST", "accounts", `{"name":"tailspin toys gmbh"}`, detect, "false").refused(412, "0x80040333")
	w.do("POST", "accounts", `{"name":"Another"}`, detect, "false").is(204)
	w.do("POST", "accounts", `{"accountnumber":"1"}`, detect, "false").is(204)
	w.do("POST", "contacts", `{"firstname":"Ada","lastname":"Example"}`, detect, "false").refused(412, "0x80040333")
	w.do("POST", "contacts", `{"firstname":"Ada","lastname":"Other"}`, detect, "false").is(204)
	w.do("PATCH", "accounts("+dataversesim.LoneAccountID+")", `{"name":"Tailspin Toys GmbH"}`, detect, "false").refused(412, "0x80040333")
	w.do("PATCH", "accounts("+dataversesim.AccountID+")", `{"address1_city":"Kiel"}`, detect, "false").is(204)
	w.do("POST", "opportunities", `{"name":"Deal"}`, detect, "false").is(204)
	w.do("POST", "opportunities", `{"name":"Deal"}`, detect, "false").is(204)
}

func TestDuplicateDetectionIsASwitch(t *testing.T) {
	w := newWorld(t)
	w.flip("duplicateDetection", "always")
	w.do("POST", "accounts", `{"name":"Tailspin Toys GmbH"}`).refused(412, "0x80040333")
	w.flip("duplicateStatus", 500)
	w.do("POST", "accounts", `{"name":"Tailspin Toys GmbH"}`).refused(500, "0x80040333")
	w.person(`{"do":"create","table":"account","columns":{"name":"Tailspin Toys GmbH"}}`)
	w.ctl("POST", "/switches", `{"duplicateStatus":404}`).is(400)
}

// TestControlCharactersAreRefused: below U+0020 only tab, line feed and carriage return are text.
func TestControlCharactersAreRefused(t *testing.T) {
	w := newWorld(t)
	id := w.opportunity("")
	path := "opportunities(" + id + ")"
	for _, c := range []string{`\u0000`, `\u000b`, `\u001e`, `\u0008`} {
		w.do("PATCH", path, `{"description":"a`+c+`b"}`).refused(400, "0x80040278")
		w.do("POST", "accounts", `{"name":"a`+c+`b"}`).refused(400, "0x80040278")
	}
	w.do("PATCH", path, `{"description":"a\tb\r\nc\u007f\u0085"}`).is(204)
	w.flip("controlCharacters", "taken")
	w.do("PATCH", path, `{"description":"a\u000bb"}`).is(204)
	w.do("GET", path, "").has(map[string]any{"description": "a\vb"})
}
