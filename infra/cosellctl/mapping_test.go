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

// Pairs that are too many for one call are counted in several, and what was counted goes along.
func TestAPushGoesOnUntilAllPairsWereLookedAt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mapping.yaml")
	if err := os.WriteFile(file, []byte("- {field: notes}"), 0o600); err != nil {
		t.Fatal(err)
	}
	part := func(looked int, next string, pushed bool) office.Answer {
		m := office.Mapping{Counts: &office.Counts{Pairs: 10_000, Looked: looked}, Next: next, Pushed: pushed, Why: "not all pairs could be looked at in the time of one call", Version: &office.SheetVersion{Number: 1}}
		if pushed {
			m.Version = &office.SheetVersion{Number: 2}
		}
		return office.Answer{Mapping: &m}
	}
	a, environ := newApp(t)
	a.first = []office.Answer{part(4000, "p4", false), part(8000, "p8", false), part(10_000, "", true)}
	code, out, _ := ctl(t, environ, "mapping", "push", file)
	if code != fine || len(a.asked) != 3 || !strings.Contains(a.asked[2], `"from":"p8","after":1,"counted":{"pairs":10000,"looked":8000`) ||
		!strings.Contains(out, "8000 of 10000 pairs were looked at") || !strings.Contains(out, "version 2 is in force") {
		t.Errorf("code %d, asked %q, says\n%s", code, a.asked, out)
	}
	a.asked, a.first = nil, []office.Answer{part(4000, "p4", false), part(4000, "p4", false)}
	if code, out, _ := ctl(t, environ, "mapping", "push", file); code != found || len(a.asked) != 2 || !strings.Contains(out, "6000 were not looked at in time") {
		t.Errorf("one that does not get on: code %d, asked %q, says\n%s", code, a.asked, out)
	}
}

// What cannot be handed over as it is, is named before it is.
func TestAFileThatIsNoSheetIsNamedHere(t *testing.T) {
	a, environ := newApp(t)
	for name, c := range map[string]struct {
		text, says string
		code       int
	}{
		"letters of Windows": {"- {field: notes}\n- {field: name, label: Gr\xf6\xdfe}\n", "mapping.yaml:2: a letter of this line is not in UTF-8", found},
		"empty":              {"", "mapping.yaml:1: there is no row in the file", found},
		"too large":          {"# " + strings.Repeat("x", largestSheet), "has at most 500000", wrongUse},
	} {
		file := filepath.Join(t.TempDir(), "mapping.yaml")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out, errOut := ctl(t, environ, "mapping", "check", file); code != c.code || !strings.Contains(out+errOut, c.says) || len(a.asked) > 0 {
			t.Errorf("%s: code %d, asked %q, says %s%s", name, code, a.asked, out, errOut)
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
