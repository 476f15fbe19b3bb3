package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cosell-sync/cosell-sync/shared/office"
)

func TestVerbsOfTheFieldSheetHandItOverAndShowTheAnswer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mapping.yaml")
	if err := os.WriteFile(file, []byte("- {field: notes}"), 0o600); err != nil {
		t.Fatal(err)
	}
	handed := ` {"file":"mapping.yaml","text":"- {field: notes}"`
	version := &office.SheetVersion{Number: 7, By: "ann", At: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Text: "- {field: name, wins: crm}\n"}
	wrong := office.Mapping{Mistakes: []string{"mapping.yaml:1: x"}}
	counts := &office.Counts{Pairs: 4, Looked: 4, Change: 2, Fill: 1, Refused: 1, Held: 1, Examples: []office.Write{{To: "CRM", Field: "notes", From: "a", Value: "b"}}}
	for _, c := range []struct {
		args   string
		answer office.Mapping
		code   int
		asked  string
		shows  string
	}{
		{"check", office.Mapping{Notes: []string{"n"}}, fine, "POST /api/operator/mapping/check" + handed + "}", "has no mistake"},
		{"check", wrong, found, "POST /api/operator/mapping/check" + handed + "}", "mapping.yaml:1: x"},
		{"push", wrong, found, "POST /api/operator/mapping/push" + handed + "}", "1 mistake: nothing was pushed"},
		{"push", office.Mapping{Counts: counts, Why: "values change"}, found, "POST /api/operator/mapping/push" + handed + "}", "2 would change, 1 be filled, 1 be refused, 1 be held"},
		{"push --yes --reason why", office.Mapping{Counts: counts, Pushed: true, Version: version}, fine, "POST /api/operator/mapping/push" + handed + `,"yes":true,"reason":"why"}`, "version 7 is in force"},
		{"push", office.Mapping{Why: "it says the same"}, fine, "POST /api/operator/mapping/push" + handed + "}", "it says the same"},
		{"diff", office.Mapping{}, fine, "POST /api/operator/mapping/diff" + handed + "}", "says the same"},
		{"diff", office.Mapping{Differences: []office.SheetDifference{{Field: "notes", Key: "crm", Now: "a", Then: "b"}}}, found, "POST /api/operator/mapping/diff" + handed + "}", "notes"},
		{"pull", office.Mapping{Version: version}, fine, "GET /api/operator/mapping", "- {field: name, wins: crm}"},
		{"pull --version 3", office.Mapping{Version: version}, fine, "GET /api/operator/mapping?id=3", "- {field: name, wins: crm}"},
		{"pull --list", office.Mapping{Version: version, Versions: []office.SheetVersion{*version}}, fine, "GET /api/operator/mapping", "ann"},
		{"pull", office.Mapping{Version: &office.SheetVersion{}}, fine, "GET /api/operator/mapping", "nobody has pushed"},
	} {
		a, environ := newApp(t)
		a.answer = office.Answer{Mapping: &c.answer}
		args := append([]string{"mapping"}, strings.Fields(c.args)...)
		if args[1] != "pull" {
			args = append(args, file)
		}
		code, out, errOut := ctl(t, environ, args...)
		if code != c.code || strings.Join(a.asked, ",") != c.asked || !strings.Contains(out, c.shows) || errOut != "" {
			t.Errorf("%s: code %d, asked %q, says\n%s%s", c.args, code, a.asked, out, errOut)
		}
	}
}

func TestAPulledSheetCanBeWrittenAndAMissingOneIsWrongUse(t *testing.T) {
	a, environ := newApp(t)
	a.answer = office.Answer{Mapping: &office.Mapping{Version: &office.SheetVersion{Number: 2, Text: "- {field: notes}\n"}}}
	out := filepath.Join(t.TempDir(), "pulled.yaml")
	code, _, _ := ctl(t, environ, "mapping", "pull", "--out", out)
	text, err := os.ReadFile(out)
	if code != fine || err != nil || string(text) != "- {field: notes}\n" {
		t.Errorf("code %d, %v, %q", code, err, text)
	}
	if code, _, errOut := ctl(t, environ, "mapping", "check", "/no/such.yaml"); code != wrongUse || !strings.Contains(errOut, "field sheet") {
		t.Errorf("a file that is not there: code %d, %s", code, errOut)
	}
	a.answer = office.Answer{} // as an older app
	if code, _, _ := ctl(t, environ, "mapping", "pull"); code != unreachable {
		t.Errorf("an app that knows no sheets: code %d", code)
	}
}

// Editors ask for the schema on machines that know no app.
func TestTheSchemaOfASheetNeedsNoApp(t *testing.T) {
	code, out, errOut := ctl(t, nil, "mapping", "schema")
	if code != fine || errOut != "" || !json.Valid([]byte(out)) || !strings.Contains(out, `"crmWrite"`) {
		t.Errorf("code %d, %s\n%.300s", code, errOut, out)
	}
}
